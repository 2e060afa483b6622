//! Claims that make no sense are refused even if the vendor signed them, and the message names the claim.

use serde_json::{Value, json};
use usher::error_reason::ErrorReason;
use usher::license::{Claims, MAX_NUMBER, MAX_SECONDS};

use super::{assembled, everything, header, least, reason, trust};

/// Returns the problem with a license in which one claim is changed (`null`: removed); empty if it is accepted.
fn problem(member: &str, value: &Value) -> String {
    let mut payload = everything().to_json();
    match value {
        Value::Null => drop(payload.as_object_mut().unwrap().remove(member)),
        _ => payload[member] = value.clone(),
    }
    let document = assembled(1, &header(1).to_string(), payload.to_string().as_bytes());
    match trust(&[1]).verify(&document) {
        Ok(verified) => {
            assert_eq!(verified.claims.to_json(), payload, "what is read is what was written");
            String::new()
        }
        Err(rejection) => {
            assert_eq!(rejection.reason(), ErrorReason::LicenseMalformed);
            rejection.to_string().replacen("the document is not readable: ", "", 1)
        }
    }
}

fn check(member: &str, value: Value, expected: &str) {
    assert_eq!(problem(member, &value), expected, "{member} {value}");
}

#[test]
fn what_must_be_there_and_what_may_be_left_out() {
    for member in ["jti", "revision", "sub", "customer_id", "registered_to", "tier", "entitlements", "iat"] {
        check(member, json!(null), &format!("{member}: is missing"));
    }
    for member in ["hosts", "instance_id", "features", "limits", "nbf", "exp"] {
        check(member, json!(null), "");
    }
    for claims in [everything(), least()] {
        assert_eq!(Claims::parse(claims.to_json().to_string().as_bytes()), Ok(claims));
    }
}

#[test]
fn what_is_unknown_is_refused_by_name() {
    check("max_users", json!(1), "max_users: is unknown");
    check("aud", json!("acme"), "aud: is unknown");
    check("Tier", json!("GOLD"), "Tier: is unknown");
    check("", json!(1), "\"\": is unknown");
    check("\u{1b}[2J\n", json!(1), "\"\\u{1b}[2J\\n\": is unknown");
    check(&"x".repeat(70), json!(1), &format!("\"{}\": is unknown", "x".repeat(64)));
    let more = json!([{ "pool": "p", "plan": "NAMED", "seats": 1, "until": 5 }]);
    check("entitlements", more, "entitlements[0].until: is unknown");
}

#[test]
fn r41_an_overdraft_is_a_number_or_a_percentage_of_a_concurrent_limit() {
    let given = |plan: &str, seats: Value, overdraft: Value| json!([{ "pool": "p", "plan": plan, "seats": seats, "overdraft": overdraft }]);
    for overdraft in [json!(1), json!(MAX_NUMBER), json!("1%"), json!("100%")] {
        check("entitlements", given("CONCURRENT", json!(5), overdraft), "");
    }
    let wanted = format!(
        "entitlements[0].overdraft: must be a whole number from 1 to {MAX_NUMBER}, or a text from \"1%\" to \"100%\""
    );
    for overdraft in [
        json!(0),
        json!(-1),
        json!(1.5),
        json!(MAX_NUMBER + 1),
        json!("5"),
        json!("0%"),
        json!("101%"),
        json!("10 %"),
        json!("UNLIMITED"),
        json!(true),
        json!([]),
    ] {
        check("entitlements", given("CONCURRENT", json!(5), overdraft), &wanted);
    }
    let of_whom = |plan, seats| given(plan, seats, json!("10%"));
    check("entitlements", of_whom("NAMED", json!(5)), "entitlements[0].overdraft: a named pool has none");
    let unlimited = of_whom("CONCURRENT", json!("UNLIMITED"));
    check("entitlements", unlimited, "entitlements[0].overdraft: an unlimited pool has none");
}

#[test]
fn ids_and_texts() {
    for member in ["jti", "sub"] {
        check(member, json!(""), &format!("{member}: must not be empty"));
        check(member, json!("x".repeat(129)), &format!("{member}: must be at most 128 bytes long"));
        check(member, json!("a\u{0}b"), &format!("{member}: must not contain control characters"));
        check(member, json!(" acme"), &format!("{member}: must not start or end with white space"));
        check(member, json!(7), &format!("{member}: must be a text"));
        check(member, json!("x".repeat(128)), "");
    }
    for member in ["customer_id", "registered_to"] {
        check(member, json!(""), &format!("{member}: must not be empty"));
        check(member, json!("x".repeat(257)), &format!("{member}: must be at most 256 bytes long"));
        check(member, json!("a\nb"), &format!("{member}: must not contain control characters"));
        check(member, json!("acme "), &format!("{member}: must not start or end with white space"));
        check(member, json!(["acme"]), &format!("{member}: must be a text"));
        check(member, json!("Räder & Söhne <GmbH>"), "");
    }
    let instance = "instance_id: must be an instance id: a UUID in lower case, with hyphens";
    for text in ["", "acme", "7B4F6D0E-6E0F-4A51-9D7C-2F6F5F1B8C11", "7b4f6d0e6e0f4a519d7c2f6f5f1b8c11"] {
        check("instance_id", json!(text), instance);
    }
}

#[test]
fn numbers_and_dates() {
    let number = |least: u64, most: u64| format!("must be a whole number from {least} to {most}");
    for value in
        [json!(0), json!(-1), json!(1.0), json!(1e3), json!("1"), json!(MAX_NUMBER + 1), json!(u64::MAX), json!(true)]
    {
        check("revision", value, &format!("revision: {}", number(1, MAX_NUMBER)));
    }
    check("revision", json!(MAX_NUMBER), "");
    for member in ["iat", "nbf", "exp"] {
        for value in [json!(-1), json!(1.5), json!("2027-12-31"), json!(MAX_SECONDS + 1), json!(false), json!([1])] {
            check(member, value, &format!("{member}: {}", number(0, MAX_SECONDS)));
        }
    }
    let nbf = everything().to_json()["nbf"].as_u64().unwrap();
    check("exp", json!(nbf), "exp: must be later than nbf");
    check("exp", json!(nbf - 1), "exp: must be later than nbf");
    check("exp", json!(nbf + 1), "");
    let exp = everything().to_json()["exp"].as_u64().unwrap();
    check("iat", json!(exp), "exp: must be later than iat");
    check("iat", json!(exp - 1), "");
    check("exp", json!(MAX_SECONDS), "");
}

#[test]
fn entitlements() {
    let pool = |pool: Value, plan: Value, seats: Value| json!({ "pool": pool, "plan": plan, "seats": seats });
    let good = || pool(json!("p"), json!("NAMED"), json!(5));
    check("entitlements", json!([good()]), "");
    check("entitlements", json!([]), "");
    check("entitlements", json!({ "p": 5 }), "entitlements: must be a list");
    check("entitlements", json!([5]), "entitlements[0]: must be an object");
    check("entitlements", json!([good(), good()]), "entitlements[1].pool: stands twice");
    check(
        "entitlements",
        json!([pool(json!(""), json!("NAMED"), json!(5))]),
        "entitlements[0].pool: must not be empty",
    );
    let seats = format!("entitlements[0].seats: must be a whole number from 0 to {MAX_NUMBER}, or \"UNLIMITED\"");
    for value in [json!(-1), json!(0.5), json!("unlimited"), json!("5"), json!(MAX_NUMBER + 1), json!([])] {
        check("entitlements", json!([pool(json!("p"), json!("NAMED"), value)]), &seats);
    }
    for value in [json!(0), json!(MAX_NUMBER), json!("UNLIMITED")] {
        check("entitlements", json!([pool(json!("p"), json!("CONCURRENT"), value)]), "");
    }
    let plan = "entitlements[0].plan: must be NAMED or CONCURRENT";
    check("entitlements", json!([pool(json!("p"), json!("named"), json!(5))]), plan);
    check("entitlements", json!([pool(json!("p"), json!(1), json!(5))]), "entitlements[0].plan: must be a text");
    for member in ["pool", "plan", "seats"] {
        let mut part = good();
        part.as_object_mut().unwrap().remove(member);
        check("entitlements", json!([part]), &format!("entitlements[0].{member}: is missing"));
    }
}

#[test]
fn a_license_that_gives_nothing() {
    let mut nothing = least();
    nothing.features.clear();
    let document = assembled(1, &header(1).to_string(), nothing.to_json().to_string().as_bytes());
    let problem = trust(&[1]).verify(&document).unwrap_err().to_string();
    assert!(problem.contains("entitlements: must not be empty"), "{problem}");
}

#[test]
fn features_limits_hosts_and_tier() {
    const NAME: &str = "must be A-Z, then A-Z, 0-9 and _, at most 64 in all";
    let longest = "X".repeat(64);
    for name in ["", "crm", "1CRM", "_CRM", "CRM-1", "CRM ", "CRÄ", &format!("{longest}X")] {
        check("features", json!([name]), &format!("features[0]: {NAME}"));
        let path = problem("limits", &json!({ name: 1 }));
        assert!(path.starts_with("limits.") && path.ends_with(NAME), "{path}");
    }
    check("features", json!(["A", "A"]), "features[1]: stands twice");
    check("features", json!(["A1_", &longest]), "");
    check("features", json!("CRM_ALLOWED"), "features: must be a list");
    check("limits", json!({ &longest: 0 }), "");
    check("limits", json!(["MAX"]), "limits: must be an object");
    let number = format!("limits.MAX: must be a whole number from 0 to {MAX_NUMBER}, or \"UNLIMITED\"");
    for value in [json!(-1), json!(null), json!("NONE"), json!(MAX_NUMBER + 1)] {
        check("limits", json!({ "MAX": value }), &number);
    }

    check("hosts", json!([]), "hosts: must not be empty; without it, the license is for any host");
    check("hosts", json!(["*"]), "");
    check("hosts", json!(["a", "a"]), "hosts[1]: stands twice");
    check("hosts", json!(["a", "A"]), "hosts[1]: stands twice");
    check("hosts", json!([""]), "hosts[0]: must not be empty");
    check("hosts", json!(["x".repeat(254)]), "hosts[0]: must be at most 253 bytes long");
    check("hosts", json!(["a."]), "hosts[0]: must not end with a dot");
    for host in ["a b", "a/b", "münchen.example", "a\0", "[a-z]", "?.example"] {
        check("hosts", json!([host]), "hosts[0]: must be a host name, in which * stands for any characters");
    }

    for tier in ["BRONZE", "SILVER", "GOLD", "PLATINUM"] {
        check("tier", json!(tier), "");
    }
    for tier in ["", "gold", "DIAMOND", "GOLD "] {
        check("tier", json!(tier), "tier: must be BRONZE, SILVER, GOLD or PLATINUM");
    }
}

/// Shows that a payload which is no JSON object is refused.
#[test]
fn payloads_that_are_no_json() {
    let good = everything().to_json().to_string();
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let bom = format!("\u{feff}{good}");
    for payload in ["", "{", "[]", "null", "1", "\"x\"", "{}{}", &format!("{good},"), &format!("{good}x"), &deep, &bom]
    {
        let document = assembled(1, &header(1).to_string(), payload.as_bytes());
        assert_eq!(reason(&trust(&[1]), &document), "LICENSE_MALFORMED", "{payload}");
    }
    let mut no_utf8 = good.clone().into_bytes();
    no_utf8[good.find("ACME").unwrap()] = 0xff;
    assert_eq!(reason(&trust(&[1]), &assembled(1, &header(1).to_string(), good.as_bytes())), "none");
    assert_eq!(reason(&trust(&[1]), &assembled(1, &header(1).to_string(), &no_utf8)), "LICENSE_MALFORMED");
}
