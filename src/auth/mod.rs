//! Authentication and authorization: turns credentials into one [`Principal`]; one table says which methods it may
//! call.

mod access_file;
mod caller;
mod certificate;
mod credentials;
mod failures;
mod guard;
pub mod oidc;
mod origin;
mod peer;
pub mod policy;
mod principal;
pub mod rate;
mod refused;
mod rules;
pub mod shares;
mod spiffe;
pub mod token;
mod tokens;
mod used_token;
mod validity;

pub use access_file::{Access, AccessError};
pub use caller::Caller;
pub use certificate::{CertificateRule, Pattern};
pub use credentials::Credentials;
pub use failures::network;
pub use guard::{Guard, Head};
pub use origin::{Foreign, HostNames};
pub use peer::{Names, Peer, Withdrawn};
pub use principal::{Grant, Principal};
pub use refused::Refused;
pub use rules::Rules;
pub use tokens::{MAX_TOKEN_LIST_AGE, TokenRefused, TokenUpdate, Tokens};
pub use used_token::{TokenEdition, UsedToken};
pub use validity::span as certificate_span;
