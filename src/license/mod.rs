//! Licenses (R27, R28): signed documents that say what a tenant bought, made by the vendor and verified offline.
//!
//! Pure: bytes in, values out. Time, identities and randomness are arguments, and only [`load`] reads files.
//! docs/LICENSE-FORMAT.md describes the documents; docs/decisions/0021-verify-licenses-with-ring-only.md has the
//! reasons for checking signatures with `ring` alone.

mod admission;
mod claims;
mod date;
mod document;
mod host;
mod issue;
mod key;
mod limit;
mod load;
mod overdraft;
mod parse;
mod pasted;
mod rejection;
mod request;
mod revocation;
mod seats;
mod terms;
mod trust;
mod verify;

pub use admission::InstallTarget;
pub use claims::{Claims, Entitlement, Tier, is_name};
pub use date::{Date, MAX_SECONDS, iso, whole_seconds};
pub use document::{Kind, LICENSE, REVOCATIONS, Unchecked, armored, sign, unchecked};
pub use host::HostPattern;
pub use issue::{IssueError, issue};
pub use key::{KeyError, PublicKey, SigningKey, parse_jwks, to_jwks};
pub use load::{LoadError, load_trust};
pub use overdraft::Overdraft;
pub use parse::text as parse_text;
pub use rejection::Rejection;
pub use request::{Installed, MAX_REQUEST_BYTES, Move, PoolUse, Request, SeatsWanted};
pub use revocation::{Revocations, Revoked};
pub use terms::Terms;
pub use trust::Trust;
pub use verify::Verified;

pub use crate::json::{MAX_NUMBER, Wrong};
