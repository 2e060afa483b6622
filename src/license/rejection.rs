//! Reasons for refusing a document: a reason for machines, and a sentence for people. Neither reveals anything about
//! another tenant, or more about this installation than its license page shows.

use uuid::Uuid;

use super::date::iso;
use super::host::HostPattern;
use super::revocation::Revoked;
use crate::error_reason::ErrorReason;
use crate::json::Wrong;
use crate::ledger::time::WallTime;

/// The reason for which a document is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is not a document of this kind, or its content is invalid.
    #[error("the document is not readable: {0}")]
    Malformed(#[from] Wrong),
    #[error("the document is not signed with EdDSA, the only algorithm that counts")]
    Algorithm,
    /// The thumbprint of the key that the document names.
    #[error("the document is signed with a key that is not trusted here: {0}")]
    KeyUnknown(String),
    #[error("the signature is invalid: the document was altered, or signed with another key than it names")]
    Signature,
    #[error("the license is for another tenant")]
    Tenant,
    /// The license's patterns and the names of this host: everybody who may install licenses sees both on the license
    /// page.
    #[error("the license is for other hosts: for {}, and this one is {}", listed(patterns), listed(names))]
    Host { patterns: Vec<HostPattern>, names: Vec<String> },
    #[error("the license is for another installation: for {wanted}, and this one is {target}")]
    Instance { wanted: Uuid, target: Uuid },
    #[error("the license expired at {}", iso(*.0))]
    Expired(WallTime),
    #[error("the license was revoked, up to revision {}{}", .0.through, because(.0.why.as_deref()))]
    Revoked(Revoked),
}

fn because(why: Option<&str>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

/// The first few names, for people; an error must fit into a header.
fn listed(names: &[impl ToString]) -> String {
    const MAX_NAMED: usize = 5;
    const MAX_SHOWN_CHARS: usize = 64;
    let short = |name: &String| name.chars().take(MAX_SHOWN_CHARS).collect::<String>();
    let named: Vec<String> = names.iter().take(MAX_NAMED).map(|name| short(&name.to_string())).collect();
    match names.len() {
        0 => "without a name".to_owned(),
        1..=MAX_NAMED => named.join(", "),
        many => format!("{} and {} more", named.join(", "), many - MAX_NAMED),
    }
}

impl Rejection {
    #[must_use]
    pub fn reason(&self) -> ErrorReason {
        match self {
            Rejection::Malformed(_) => ErrorReason::LicenseMalformed,
            Rejection::Algorithm => ErrorReason::LicenseAlgorithm,
            Rejection::KeyUnknown(_) => ErrorReason::LicenseKeyUnknown,
            Rejection::Signature => ErrorReason::LicenseSignature,
            Rejection::Tenant => ErrorReason::LicenseTenant,
            Rejection::Host { .. } => ErrorReason::LicenseHost,
            Rejection::Instance { .. } => ErrorReason::LicenseInstance,
            Rejection::Expired(_) => ErrorReason::LicenseExpired,
            Rejection::Revoked(_) => ErrorReason::LicenseRevoked,
        }
    }
}
