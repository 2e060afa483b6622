//! Parses messages into commands and queries. Each function returns the command, or every invalid field.

mod audit;
mod directory;
mod export;
mod license;
mod list;
mod mask;
mod notification;
mod organization;
mod policy;
mod seat;
mod server;
mod session;
mod sync;
mod tenant;
#[cfg(test)]
pub(super) mod testing;
mod token;
mod values;

pub(super) use audit::*;
pub(super) use directory::*;
pub(super) use export::*;
pub(super) use license::*;
pub(super) use notification::*;
pub(super) use organization::*;
pub(super) use seat::*;
pub(super) use server::*;
pub(super) use session::*;
pub(super) use sync::*;
pub(super) use tenant::*;
pub(super) use token::*;
