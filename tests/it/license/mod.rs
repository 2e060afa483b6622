//! Licenses: refusals and their reasons, issuing, and what third-party programs say about both.

mod admission;
mod command;
mod confusion;
mod documents;
mod example;
mod issuing;
mod keygen;
mod nonsense;
mod requests;
mod revoking;
mod tampering;
mod trusting;
pub mod workspace;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretBox;
use serde_json::{Value, json};
use usher::ids::{LicenseId, PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::time::WallTime;
use usher::license::{Claims, Entitlement, HostPattern, LICENSE, Overdraft, PublicKey, SigningKey, Tier, Trust, sign};

/// 2025-11-01T12:00:00Z.
const ISSUED: WallTime = WallTime(1_761_998_400_000);
const DAY: i64 = 24 * 60 * 60 * 1_000;

fn seed(number: u8) -> SecretBox<[u8; 32]> {
    SecretBox::new(Box::new([number; 32]))
}

/// Returns a vendor's key; each number is another key.
fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&seed(number))
}

fn public(number: u8) -> PublicKey {
    key(number).public().clone()
}

/// Returns a trust set of these keys.
fn trust(numbers: &[u8]) -> Trust {
    Trust::new(numbers.iter().map(|number| public(*number)))
}

/// Returns claims with every member.
fn everything() -> Claims {
    let entitlement = |pool: &str, plan, limit, overdraft| {
        let pool = PoolId::parse(pool).unwrap();
        Entitlement { pool, plan, limit, overdraft }
    };
    Claims {
        license: LicenseId::parse("acme-main").unwrap(),
        revision: 3,
        tenant: TenantId::parse("acme").unwrap(),
        customer_id: "C-1001".into(),
        registered_to: "ACME Räder GmbH".into(),
        hosts: vec![HostPattern::parse("*.acme.example").unwrap(), HostPattern::parse("license-1").unwrap()],
        instance: Some("7b4f6d0e-6e0f-4a51-9d7c-2f6f5f1b8c11".parse().unwrap()),
        tier: Tier::Gold,
        entitlements: vec![
            entitlement("extranet", Plan::Concurrent, Limit::Unlimited, Overdraft::NONE),
            entitlement("primary", Plan::Named, Limit::Seats(100), Overdraft::NONE),
        ],
        features: BTreeSet::from(["API_ALLOWED".into(), "CRM_ALLOWED".into()]),
        limits: BTreeMap::from([
            ("MAX_ARCHIVES".into(), Limit::Unlimited),
            ("MAX_PUBLISH_LOCATIONS".into(), Limit::Seats(50)),
        ]),
        issued: ISSUED,
        not_before: Some(WallTime(ISSUED.0 + DAY)),
        expires: Some(WallTime(ISSUED.0 + 365 * DAY)),
    }
}

/// Returns the claims of a minimal license.
fn least() -> Claims {
    Claims {
        hosts: Vec::new(),
        instance: None,
        entitlements: Vec::new(),
        limits: BTreeMap::new(),
        not_before: None,
        expires: None,
        ..everything()
    }
}

fn signed(claims: &Claims) -> String {
    sign(&key(1), LICENSE, &claims.to_json())
}

/// Signs any header and payload as they are: documents that only a holder of the key could make, and that Usher never
/// writes.
fn assembled(number: u8, header: &str, payload: &[u8]) -> String {
    let parts = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = URL_SAFE_NO_PAD.encode(key(number).sign(parts.as_bytes()));
    format!("{parts}.{signature}")
}

/// Returns the header of a license that this key signs.
fn header(number: u8) -> Value {
    json!({ "alg": "EdDSA", "kid": public(number).kid(), "typ": "license+jwt" })
}

/// Returns the reason why a document is refused.
fn reason(trust: &Trust, document: &str) -> &'static str {
    trust.verify(document).err().as_ref().map_or("none", |rejection| rejection.reason().name())
}
