//! Access tokens of an identity provider: which ones are accepted, whom they identify, and where the keys come from.

mod keys;
mod rules;
mod server;
pub mod signer;
mod source;
mod tokens;

use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use usher::auth::Principal;
use usher::auth::oidc::{KeysFrom, Oidc, OidcConfig, Refused, Rule, RuleTenants};
use usher::clock::{Clock, ManualClock};
use usher::ledger::access::{Role, Roles};
use usher::ledger::time::WallTime;

use signer::Signer;

/// 2027-01-15T08:00:00Z, in seconds.
const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://idp.example.org/";

fn config(keys: KeysFrom) -> OidcConfig {
    let rule = Rule {
        claim: "groups".into(),
        value: Some("logins".into()),
        roles: Roles::NONE.with(Role::Application),
        tenants: RuleTenants::All,
    };
    OidcConfig { issuer: ISSUER.into(), audience: "usher".into(), keys, rules: vec![rule], name_claim: "sub".into() }
}

/// Returns the claims of a valid token.
fn claims() -> Value {
    json!({ "iss": ISSUER, "aud": "usher", "sub": "alice", "exp": NOW + 600, "groups": ["logins"] })
}

/// Returns [`claims`] with some of them replaced; `null` removes a claim.
fn claims_with(others: Value) -> Value {
    let mut claims = claims();
    for (name, value) in others.as_object().expect("an object") {
        let members = claims.as_object_mut().expect("an object");
        if value.is_null() {
            members.remove(name)
        } else {
            members.insert(name.clone(), value.clone())
        };
    }
    claims
}

fn jwks(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// A verifier with an issuer's keys in a file.
struct Fixture {
    folder: TempDir,
    oidc: Oidc,
    clock: Arc<ManualClock>,
}

impl Fixture {
    fn with_keys(keys: &[Value]) -> Self {
        Self::with(keys, |_| {})
    }

    fn with(keys: &[Value], change: impl FnOnce(&mut OidcConfig)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("keys.jwks");
        std::fs::write(&file, jwks(keys)).expect("a file");
        let (clock, manual) = Clock::manual(WallTime(NOW * 1000));
        let mut config = config(KeysFrom::File(file));
        change(&mut config);
        Self { folder, oidc: Oidc::new(config, clock).expect("keys"), clock: manual }
    }

    fn publish(&self, keys: &str) {
        std::fs::write(self.folder.path().join("keys.jwks"), keys).expect("a file");
    }

    fn check(&self, token: &str) -> Result<Arc<Principal>, Refused> {
        self.oidc.check(token)
    }

    fn refusal(&self, token: &str) -> Refused {
        self.check(token).expect_err("a refusal")
    }
}

/// Returns a signer, and a fixture that knows its key as `k1`.
fn ed25519() -> (Signer, Fixture) {
    let signer = Signer::ed25519();
    let fixture = Fixture::with_keys(&[signer.jwk("k1")]);
    (signer, fixture)
}
