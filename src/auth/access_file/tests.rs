use super::*;
use crate::ledger::change::Actor;

const EXAMPLE: &str = r#"
[[certificate]]
uri = "spiffe://example.org/login/*"
name = "login"
roles = ["application"]
tenants = ["acme", "globex"]

[[certificate]]
dns = "*.ops.example.org"
roles = ["operator", "viewer"]
tenants = "all"

[oidc]
issuer = "https://idp.example.org/"
audience = "usher"
jwks = "keys.jwks"

[[oidc.rule]]
claim = "groups"
value = "usher-admins"
roles = ["manager", "viewer"]
tenants_claim = "tenant"

[[oidc.rule]]
claim = "ops"
roles = ["operator"]
tenants = "all"
"#;

fn tenants(ids: &[&str]) -> BTreeSet<TenantId> {
    ids.iter().map(|id| TenantId::parse(id).unwrap()).collect()
}

#[test]
fn an_example_is_read() {
    let access = Access::parse(EXAMPLE, Path::new("/etc/usher")).unwrap();
    let ops = access.certificate(&["spiffe://example.org/x"], &["a.ops.example.org"]).unwrap();
    assert_eq!(ops.actor, Actor("cert:a.ops.example.org".into()));
    assert!(ops.all_tenants_for(Roles::NONE.with(Role::Operator)));
    let login = access.certificate(&["spiffe://example.org/login/1"], &["a.ops.example.org"]).unwrap();
    let roles = Roles::NONE.with(Role::Application);
    let expected = Principal::new(Actor("cert:login".into()), roles, Tenants::Only(tenants(&["acme", "globex"])));
    assert_eq!(login, expected, "the first rule counts");
    let oidc = access.oidc.unwrap();
    assert_eq!(oidc.keys, KeysFrom::File("/etc/usher/keys.jwks".into()));
    assert_eq!((&*oidc.issuer, &*oidc.audience, &*oidc.name_claim), ("https://idp.example.org/", "usher", "sub"));
    let rule = Rule {
        claim: "groups".into(),
        value: Some("usher-admins".into()),
        roles: Roles::NONE.with(Role::Manager).with(Role::Viewer),
        tenants: RuleTenants::FromClaim("tenant".into()),
    };
    assert_eq!(oidc.rules[0], rule);
    assert_eq!((&oidc.rules[1].value, &oidc.rules[1].tenants), (&None, &RuleTenants::All));
    assert_eq!(Access::parse("", Path::new("")), Ok(Access::default()));
}

#[test]
fn keys_are_in_a_file_beside_it_or_at_a_url() {
    let keys = |jwks: &str| {
        let text = EXAMPLE.replace("keys.jwks", jwks);
        Access::parse(&text, Path::new("/etc/usher")).map(|access| access.oidc.unwrap().keys)
    };
    assert_eq!(keys("/srv/keys"), Ok(KeysFrom::File("/srv/keys".into())));
    for url in ["https://idp.example.org/keys", "http://127.0.0.1:8080/keys"] {
        assert_eq!(keys(url), Ok(KeysFrom::Url(url.parse().unwrap())));
    }
    for (wrong, why) in [("http://idp.example.org/", "this machine"), ("https://a:b@c/", "password"), ("x://y", "URL")]
    {
        let message = keys(wrong).unwrap_err();
        assert!(
            message.starts_with("line 16: ") && message.contains(why) && message.ends_with("in `oidc.jwks`"),
            "{message}"
        );
    }
}

/// Mistakes: text of the example, its replacement, and the error.
const MISTAKES: [(&str, &str, &str); 15] = [
    (
        "audience =",
        "audiences =",
        "line 15: unknown field `audiences`, expected one of `issuer`, `audience`, `jwks`, `name_claim`, `rule`, \
         in `oidc`",
    ),
    ("audience = \"usher\"\n", "", "line 13: missing field `audience`, in `oidc`"),
    ("\"usher\"", "1", "line 15: invalid type: integer `1`, expected a string, in `oidc.audience`"),
    ("\"usher\"", "\"\"", "line 15: must not be empty, and must not contain control characters, in `oidc.audience`"),
    (
        "[\"application\"]",
        "[\"applicant\"]",
        "line 5: \"applicant\" is no role: application, viewer, manager or operator, in `certificate.roles`",
    ),
    ("[\"application\"]", "[]", "line 5: must not be empty, in `certificate.roles`"),
    ("[\"acme\", \"globex\"]", "[\"\"]", "line 6: a tenant must not be empty, in `certificate.tenants`"),
    ("[\"acme\", \"globex\"]", "[]", "line 6: must not be empty, in `certificate.tenants`"),
    ("\"all\"", "\"any\"", "line 11: must be a list of tenants, or \"all\", in `certificate.tenants`"),
    ("dns =", "uri =", "line 9: may have a * only at its end, in `certificate.uri`"),
    ("dns =", "uri = \"a://b\"\ndns =", "line 8: needs either uri or dns, in `certificate`"),
    ("tenants_claim =", "tenants = []\ntenants_claim =", "line 22: must not be empty, in `oidc.rule.tenants`"),
    (
        "tenants_claim =",
        "tenants = \"all\"\ntenants_claim =",
        "line 18: needs either tenants or tenants_claim, in `oidc.rule`",
    ),
    ("claim = \"ops\"\n", "", "line 24: missing field `claim`, in `oidc.rule`"),
    ("[oidc]", "[oidc", "line 13: unclosed table, expected `]`"),
];

#[test]
fn a_mistake_is_reported_with_its_line_and_its_field() {
    for (from, to, message) in MISTAKES {
        assert!(EXAMPLE.contains(from), "{from}");
        assert_eq!(Access::parse(&EXAMPLE.replacen(from, to, 1), Path::new("")).unwrap_err(), message);
    }
    let unruled = &EXAMPLE[..EXAMPLE.find("[[oidc.rule]]").unwrap()];
    assert_eq!(Access::parse(unruled, Path::new("")).unwrap_err(), "line 13: missing field `rule`, in `oidc`");
}

#[test]
fn c10_the_hash_is_that_of_the_text_wherever_the_file_is() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let hash = |folder: usize, text: &str| {
        let file = folders[folder].path().join("access.toml");
        std::fs::write(&file, text).unwrap();
        Access::load(&file).unwrap().hash
    };
    let known = hash(0, EXAMPLE);
    assert_eq!((known.len(), hash(1, EXAMPLE)), (64, known.clone()));
    assert_ne!(hash(1, &EXAMPLE.replace("globex", "bolt")), known);
    assert!(!hash(0, "").is_empty(), "an empty file is not the same as none");
    assert!(Access::default().hash.is_empty());
}
