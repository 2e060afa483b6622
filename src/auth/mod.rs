//! Who asks, and what they may do: credentials become one [`Principal`], and one table says what it may call.

mod access_file;
mod certificate;
pub mod oidc;
mod principal;
pub mod token;

pub use access_file::{Access, AccessError};
pub use certificate::{CertificateRule, Pattern};
pub use principal::{Grant, Principal};
