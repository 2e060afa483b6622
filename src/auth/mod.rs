//! Who asks, and what they may do: credentials become one [`Principal`], and one table says what it may call.

mod principal;
pub mod token;
mod tokens;

pub use principal::Principal;
pub use tokens::{TokenRefused, Tokens};
