//! Access tokens of an issuer, the issuer's keys, and the access file. No altered token is accepted, and a token that
//! the issuer's key signed is accepted only with valid claims.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::Ed25519KeyPair;
use serde_json::Value;
use tempfile::TempDir;
use usher::auth::Access;
use usher::auth::oidc::{KeySet, MAX_TOKEN_BYTES, Oidc};
use usher::clock::Clock;
use usher::ledger::time::WallTime;

use super::{corpus, fuzz};

/// 2027-01-15T08:00:00Z, in seconds.
const NOW: i64 = 1_800_000_000;

const ACCESS: &str = r#"
[oidc]
issuer = "https://idp.example.org/"
audience = "usher"
jwks = "keys.jwks"
name_claim = "email"
[[oidc.rule]]
claim = "groups"
value = "logins"
roles = ["application"]
tenants_claim = "tenant"
[[oidc.rule]]
claim = "scope"
roles = ["viewer"]
tenants_claim = "tenant"
[[oidc.rule]]
claim = "realm_access.roles"
roles = ["operator"]
tenants = "all"
"#;

/// Returns the key of RFC 8037, appendix A, which is public.
fn key() -> Ed25519KeyPair {
    let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
    Ed25519KeyPair::from_seed_unchecked(&seed).unwrap()
}

fn signed(header: &[u8], claims: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key().sign(signed.as_bytes())))
}

fn oidc() -> (TempDir, Oidc) {
    let folder = tempfile::tempdir().unwrap();
    let (_, keys) = corpus("oidc-jwks").into_iter().find(|(file, _)| file.ends_with("several")).unwrap();
    std::fs::write(folder.path().join("keys.jwks"), keys).unwrap();
    let config = Access::parse(ACCESS, folder.path()).unwrap().oidc.unwrap();
    (folder, Oidc::new(config, Clock::manual(WallTime(NOW * 1000)).0).unwrap())
}

#[test]
fn tokens() {
    let (_folder, oidc) = oidc();
    let genuine: Vec<_> =
        corpus("oidc-token").into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect();
    let mut accepted = 0;
    fuzz("oidc-token", 1, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if oidc.check(&text).is_ok() {
            assert!(genuine.contains(&text.into_owned()), "a forgery");
            accepted += 1;
        }
    });
    assert!(accepted >= genuine.len(), "the seeds are accepted");
}

/// Shows that a header is accepted only if it names the algorithm, no other key, and no critical extension, even if the
/// issuer's key signed it.
#[test]
fn headers() {
    let (_folder, oidc) = oidc();
    let (_, claims) = corpus("oidc-claims").into_iter().find(|(file, _)| file.ends_with("person")).unwrap();
    let mut accepted = 0;
    fuzz("oidc-header", 4, |bytes| {
        if oidc.check(&signed(bytes, &claims)).is_ok() {
            let header: Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!(header["alg"], "EdDSA");
            assert!(header.get("kid").is_none_or(|kid| kid == "k1") && header.get("crit").is_none(), "{header}");
            accepted += 1;
        }
    });
    assert!(accepted >= 3, "the seeds are accepted");
}

/// Shows that claims are accepted only if issuer and audience match, they are in force, and they name somebody, even if
/// the issuer's key signed them.
#[test]
fn claims() {
    let (_folder, oidc) = oidc();
    let mut accepted = 0;
    fuzz("oidc-claims", 4, |bytes| {
        let token = signed(br#"{"alg":"EdDSA"}"#, bytes);
        let Ok(principal) = oidc.check(&token) else { return };
        assert!(token.len() <= MAX_TOKEN_BYTES);
        let claims: Value = serde_json::from_slice(bytes).unwrap();
        assert_eq!(claims["iss"], "https://idp.example.org/");
        let audience = &claims["aud"];
        assert!(*audience == "usher" || audience.as_array().unwrap().contains(&"usher".into()), "{audience}");
        assert!(claims["exp"].as_f64().unwrap() > (NOW - 30) as f64, "{claims}");
        let name = claims.get("email").unwrap_or(&claims["sub"]).as_str().unwrap();
        assert_eq!(*principal.actor.0, format!("oidc:{name}"));
        assert!(!name.is_empty() && !name.contains(char::is_control));
        assert!(principal.grants.len() <= 3);
        accepted += 1;
    });
    assert!(accepted >= 2, "the seeds are accepted");
}

#[test]
fn key_sets() {
    fuzz("oidc-jwks", 1, |bytes| match KeySet::parse(&String::from_utf8_lossy(bytes)) {
        Ok(set) => assert!(!set.is_empty()),
        Err(wrong) => assert!(!wrong.to_string().chars().any(char::is_control), "{wrong:?}"),
    });
}

#[test]
fn access_files() {
    let mut accepted = 0;
    fuzz("access", 1, |bytes| match Access::parse(&String::from_utf8_lossy(bytes), Path::new("/etc/usher")) {
        Ok(access) => {
            let tenants = access.certificates.iter().all(|rule| !rule.roles.is_empty());
            assert!(tenants && access.oidc.is_none_or(|oidc| !oidc.rules.is_empty() && !oidc.issuer.is_empty()));
            accepted += 1;
        }
        Err(error) => {
            assert!(error.starts_with("line ") && !error.chars().any(char::is_control), "{error:?}");
        }
    });
    assert!(accepted >= 2, "the seeds are accepted");
}
