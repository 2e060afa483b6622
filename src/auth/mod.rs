//! Who asks, and what they may do: credentials become one [`Principal`], and one table says what it may call.

pub mod oidc;
mod principal;
pub mod token;

pub use principal::{Grant, Principal};
