//! Why a document is refused: a word for machines, and a sentence for people. Neither says anything about another
//! tenant or about this installation.

use super::date::iso;
use super::revocation::Revoked;
use crate::json::Wrong;
use crate::ledger::time::Wall;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// It is no document of the kind, or what it says is nonsense.
    #[error("the document is not readable: {0}")]
    Malformed(#[from] Wrong),
    #[error("the document is not signed with EdDSA, the only algorithm that counts")]
    Algorithm,
    /// With the thumbprint of the key that it names.
    #[error("the document is signed with a key that is not trusted here: {0}")]
    KeyUnknown(String),
    #[error("the signature does not fit: the document was altered, or signed with another key than it says")]
    Signature,
    #[error("the license is for another tenant")]
    Tenant,
    #[error("the license is for other hosts")]
    Host,
    #[error("the license is for another installation")]
    Instance,
    #[error("the license expired at {}", iso(*.0))]
    Expired(Wall),
    #[error("the license was revoked, up to revision {}{}", .0.through, because(.0.why.as_deref()))]
    Revoked(Revoked),
}

fn because(why: Option<&str>) -> String {
    why.map(|why| format!(": {why}")).unwrap_or_default()
}

impl Rejection {
    /// The reason on the wire (`ErrorInfo.reason`).
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Rejection::Malformed(_) => "LICENSE_MALFORMED",
            Rejection::Algorithm => "LICENSE_ALGORITHM",
            Rejection::KeyUnknown(_) => "LICENSE_KEY_UNKNOWN",
            Rejection::Signature => "LICENSE_SIGNATURE",
            Rejection::Tenant => "LICENSE_TENANT",
            Rejection::Host => "LICENSE_HOST",
            Rejection::Instance => "LICENSE_INSTANCE",
            Rejection::Expired(_) => "LICENSE_EXPIRED",
            Rejection::Revoked(_) => "LICENSE_REVOKED",
        }
    }
}
