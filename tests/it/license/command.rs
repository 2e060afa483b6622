//! `usher license issue`, `inspect`, `verify` and `revoke` with the real program: what they write, what they refuse,
//! their messages and their exit codes.

use std::fs;

use serde_json::Value;
use usher::ids::LicenseId;
use usher::ledger::time::WallTime;
use usher::license::{Installed, LICENSE, REVOCATIONS, Request, sign, to_jwks};

use super::requests::whole;
use super::workspace::{Workspace, json};
use super::{key, least, public};

#[test]
fn a_license_is_issued_shown_and_checked() {
    let workspace = Workspace::with_key();
    let issue = "issue --key vendor.pem --tenant acme --seats primary=100,extranet=unlimited --plan primary=named \
                 --seats crm=3 --overdraft crm=10% --feature CRM_ALLOWED --limit MAX_PUBLISH_LOCATIONS=50 --limit MAX_ARCHIVES=unlimited \
                 --tier gold --host *.example.com --host LICENSE-1 --expires 2099-12-31 --not-before 2026-01-01 \
                 --customer-id C-1 --registered-to ACME --instance 7b4f6d0e-6e0f-4a51-9d7c-2f6f5f1b8c11 --out acme.lic";
    let said = workspace.succeeds(issue);
    assert_eq!(workspace.read("acme.lic").lines().count(), 1);
    let shown = workspace.succeeds("inspect acme.lic");
    for line in [
        "license        acme, revision 1",
        "tenant         acme",
        "customer id    C-1",
        "registered to  ACME",
        "tier           GOLD",
        "seats          crm: 3, concurrent, overdraft 10%",
        "               extranet: unlimited, concurrent",
        "               primary: 100, named",
        "features       CRM_ALLOWED",
        "limits         MAX_ARCHIVES=unlimited, MAX_PUBLISH_LOCATIONS=50",
        "hosts          *.example.com, license-1",
        "installation   7b4f6d0e-6e0f-4a51-9d7c-2f6f5f1b8c11",
        "in force from  2026-01-01T00:00:00Z",
    ] {
        assert!(said.lines().any(|said| said == line), "no {line:?} in\n{said}");
        assert!(shown.lines().any(|shown| shown == line), "no {line:?} in\n{shown}");
    }
    // The license ends at the end of the day that was given.
    assert!(shown.contains("expires        2100-01-01T00:00:00Z (in "), "{shown}");
    assert!(shown.contains("NOT CHECKED: anybody can have written this"), "{shown}");
    let checked = workspace.succeeds("inspect acme.lic --keys vendor.jwks");
    assert!(checked.contains("valid          yes: the signature was checked"), "{checked}");
    assert_eq!(workspace.succeeds("verify acme.lic --keys vendor.jwks"), checked);

    // The armored form contains the same license.
    let armored = workspace.succeeds(&issue.replace("--out acme.lic", "--armor"));
    assert!(armored.starts_with("-----BEGIN USHER LICENSE-----\n"), "{armored}");
    workspace.write("mail.lic", &format!("\n{}", armored.replace('\n', "\r\n")));
    assert!(workspace.succeeds("verify mail.lic --keys vendor.jwks").contains("primary: 100, named"));
    let plain = workspace.succeeds(&issue.replace(" --out acme.lic", ""));
    workspace.write("plain.lic", &plain);
    workspace.succeeds("verify plain.lic --keys vendor.jwks");

    let before = workspace.read("acme.lic");
    assert_eq!(workspace.fails(issue, 2), ["--out: acme.lic: exists; --force overwrites it"]);
    assert_eq!(workspace.read("acme.lic"), before);
    workspace.succeeds(&format!("{issue} --force --revision 2"));
    assert!(workspace.succeeds("inspect acme.lic").contains("revision 2"));
}

#[test]
fn answers_in_json() {
    let workspace = Workspace::with_key();
    workspace.write("acme.lic", &sign(&key(1), LICENSE, &least().to_json()));
    let shown = json(&workspace.succeeds("inspect acme.lic --json"));
    assert_eq!(shown["valid"], Value::Null, "nobody looked");
    assert_eq!((&shown["claims"], shown["kid"].as_str()), (&least().to_json(), Some(public(1).kid())));
    let checked = json(&workspace.succeeds("verify acme.lic --keys vendor.jwks --json"));
    assert_eq!((&checked["valid"], &checked["reason"]), (&Value::Bool(true), &Value::Null));
    workspace.write("other.jwks", &to_jwks(&[public(2)]));
    let ran = workspace.run("verify acme.lic --keys other.jwks --json");
    let refused = json(&ran.printed);
    assert_eq!(ran.code, Some(10));
    assert_eq!((&refused["valid"], refused["reason"].as_str()), (&Value::Bool(false), Some("LICENSE_KEY_UNKNOWN")));
    assert_eq!(refused["claims"], least().to_json());
    assert!(refused["message"].as_str().unwrap().contains("not trusted here"));
    workspace.write("acme.lic", "x");
    let ran = workspace.run("inspect acme.lic --json");
    assert_eq!((ran.code, json(&ran.printed)["reason"].as_str()), (Some(10), Some("LICENSE_MALFORMED")));
}

#[test]
fn what_is_not_valid_has_an_exit_code_of_its_own_and_a_reason() {
    let workspace = Workspace::with_key();
    let good = sign(&key(1), LICENSE, &least().to_json());
    let mut expired = least();
    expired.issued = WallTime(0);
    expired.expires = Some(WallTime(86_400_000));
    for (document, reason) in [
        (good.replacen('.', "", 1), "LICENSE_MALFORMED"),
        (sign(&key(2), LICENSE, &least().to_json()), "LICENSE_KEY_UNKNOWN"),
        (format!("{}.{}", good.rsplit_once('.').unwrap().0, "A".repeat(86)), "LICENSE_SIGNATURE"),
        (sign(&key(1), LICENSE, &expired.to_json()), "LICENSE_EXPIRED"),
        (sign(&key(1), REVOCATIONS, &least().to_json()), "LICENSE_MALFORMED"),
        ("x".repeat(70_000), "LICENSE_MALFORMED"),
        (String::new(), "LICENSE_MALFORMED"),
    ] {
        workspace.write("bad.lic", &document);
        for words in ["verify bad.lic --keys vendor.jwks", "inspect bad.lic --keys vendor.jwks"] {
            let said = workspace.fails(words, 10);
            assert!(said.len() == 1 && said[0].starts_with("bad.lic: not valid: "), "{said:?}");
            assert!(said[0].ends_with(&format!("({reason})")), "{said:?}");
        }
        let printed = workspace.run("verify bad.lic --keys vendor.jwks").printed;
        assert!(!printed.contains("valid          yes"), "{printed}");
    }
    workspace.write("good.lic", &good);
    workspace.succeeds("verify good.lic --keys vendor.jwks");
    // A file that cannot be read is an error of the command, not an answer about a license.
    assert!(workspace.fails("verify none.lic --keys vendor.jwks", 2)[0].starts_with("FILE: none.lic: No such file"));
    assert!(workspace.fails("verify good.lic --keys none.jwks", 2)[0].starts_with("--keys: none.jwks: No such file"));
    assert!(workspace.fails("verify good.lic --keys vendor.pem", 2)[0].starts_with("--keys: vendor.pem: is not JSON"));
    assert_eq!(workspace.fails("verify none.lic --keys none.jwks", 2).len(), 2);
}

#[test]
fn every_wrong_option_is_named_at_once() {
    let workspace = Workspace::with_key();
    workspace.write("empty.pem", "");
    let wrong = "issue --key empty.pem --tenant x\u{1}y --license-id \u{7f} --revision 0 --customer-id \u{1} \
                 --registered-to \u{2} --instance x --tier tin --seats a --seats b=-1 --seats c=1,c=2 --plan a=often \
                 --feature crm --limit X --limit max=1 --host a/b --expires soon --not-before 31.12.2027 \
                 --request missing.tlr --keys missing.jwks --out vendor.pem";
    let said = workspace.fails(wrong, 2);
    let options = [
        "--key:",
        "--keys:",
        "--tenant:",
        "--license-id:",
        "--revision:",
        "--customer-id:",
        "--registered-to:",
        "--instance:",
        "--tier:",
        "--seats a:",
        "--seats b=-1:",
        "--seats c=2:",
        "--plan a=often:",
        "--feature:",
        "--limit X:",
        "--limit max=1:",
        "--host:",
        "--expires:",
        "--not-before:",
        "--request:",
        "--out:",
    ];
    for option in options {
        assert_eq!(said.iter().filter(|line| line.starts_with(option)).count(), 1, "{option}: {said:#?}");
    }
    assert_eq!(said.len(), options.len(), "{said:#?}");

    let said = workspace.fails("issue --key vendor.pem --seats a=1 --tenant x --expires 2020-12-31", 2);
    assert_eq!(said, ["--expires: 2021-01-01T00:00:00Z is in the past"]);
    for words in
        ["", "frobnicate", "issue", "issue --key x --seat a=1", "keygen", "verify x", "revoke --key x --list y"]
    {
        assert_eq!(workspace.run(words).code, Some(2), "{words}");
    }
    assert_eq!(workspace.files(), ["empty.pem", "vendor.jwks", "vendor.pem"]);
}

#[test]
fn a_request_becomes_the_next_license_in_one_command() {
    let workspace = Workspace::with_key();
    workspace
        .succeeds("issue --key vendor.pem --tenant acme --seats primary=100,crm=10 --plan crm=named --out one.lic");
    let request = Request {
        licenses: vec![Installed {
            license: LicenseId::stored("acme"),
            revision: 1,
            document: workspace.read("one.lic").trim().into(),
        }],
        ..whole()
    };
    // 20 seats more in primary, and 5 moved there from crm.
    workspace.write("acme.tlr", &format!("{:#}\n", request.to_json()));
    let said = workspace.succeeds("issue --key vendor.pem --request acme.tlr --expires 2099-12-31 --out two.lic");
    for line in
        ["license        acme, revision 2", "seats          crm: 5, named", "               primary: 125, concurrent"]
    {
        assert!(said.lines().any(|said| said == line), "no {line:?} in\n{said}");
    }
    workspace.succeeds("verify two.lic --keys vendor.jwks");

    // The vendor has rotated the key since, so the old key must be named.
    workspace.succeeds("keygen --out new.pem");
    let said = workspace.fails("issue --key new.pem --request acme.tlr", 2);
    assert!(said[0].starts_with("--request: the license acme in it: ") && said[0].contains("not trusted"), "{said:?}");
    workspace.write("three.lic", &workspace.succeeds("issue --key new.pem --keys vendor.jwks --request acme.tlr"));
    workspace.succeeds("verify three.lic --keys new.jwks");
    workspace.write("acme.tlr", "{}");
    assert_eq!(workspace.fails("issue --key new.pem --request acme.tlr", 2), ["--request: acme.tlr: type: is missing"]);
}

#[test]
fn a_license_is_revoked() {
    let workspace = Workspace::with_key();
    fs::create_dir(workspace.path("trust")).unwrap();
    fs::copy(workspace.path("vendor.jwks"), workspace.path("trust/vendor.jwks")).unwrap();
    for revision in 1..=3 {
        let issue =
            format!("issue --key vendor.pem --tenant acme --seats a=1 --revision {revision} --out {revision}.lic");
        workspace.succeeds(&issue);
    }
    let revoke = "revoke --key vendor.pem --list trust/vendor.revoked --tenant acme --license-id acme";
    let said = workspace.succeeds(&format!("{revoke} --revision 1 --why refunded"));
    assert_eq!(said, "trust/vendor.revoked: 1 revoked\n  tenant acme, license acme, up to revision 1: refunded\n");
    assert!(
        workspace.fails("verify 1.lic --keys trust", 10)[0].contains("up to revision 1: refunded (LICENSE_REVOKED)")
    );
    workspace.succeeds("verify 2.lic --keys trust");
    workspace.succeeds(&format!("{revoke}-extra --revision 5"));
    let said = workspace.succeeds(&format!("{revoke} --revision 2"));
    assert_eq!(said.lines().count(), 3, "what is in the list stays: {said}");
    assert!(workspace.fails("verify 2.lic --keys trust", 10)[0].contains("LICENSE_REVOKED"));
    workspace.succeeds("verify 3.lic --keys trust");
    assert_eq!(fs::read_dir(workspace.path("trust")).unwrap().count(), 2);

    // A list that another key signed is not extended, nor is a file that is no list.
    workspace.succeeds("keygen --out new.pem");
    let list = workspace.read("trust/vendor.revoked");
    let said = workspace.fails(&format!("{} --revision 3", revoke.replace("vendor.pem", "new.pem")), 2);
    assert!(said[0].starts_with("--list: trust/vendor.revoked: ") && said[0].contains("not trusted"), "{said:?}");
    assert!(
        workspace.fails(&format!("{} --revision 3", revoke.replace("vendor.revoked", "vendor.jwks")), 2)[0]
            .starts_with("--list: ")
    );
    let said = workspace
        .fails("revoke --key none.pem --list x --tenant \u{1} --license-id \u{1} --revision none --why \u{1}", 2);
    assert_eq!(said.len(), 5, "{said:?}");
    assert_eq!(workspace.read("trust/vendor.revoked"), list);
    // If the old key is named, the new key signs the extended list.
    let more = format!("{} --keys vendor.jwks --revision 3", revoke.replace("vendor.pem", "new.pem"));
    workspace.succeeds(&more);
    fs::copy(workspace.path("new.jwks"), workspace.path("trust/new.jwks")).unwrap();
    assert!(workspace.fails("verify 3.lic --keys trust", 10)[0].contains("LICENSE_REVOKED"));
}
