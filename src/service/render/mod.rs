//! Renders answers as messages.

mod audit;
mod audit_export;
mod batch;
mod directory;
mod export;
mod license;
mod notification;
mod seat;
mod server;
mod session;
mod sync;
mod tenant;
mod texts;
mod time;
mod token;

pub(super) use audit::*;
pub(super) use audit_export::*;
pub(super) use batch::*;
pub(super) use directory::*;
pub(super) use export::*;
pub(super) use license::*;
pub(super) use notification::*;
pub(super) use seat::*;
pub(super) use server::*;
pub(super) use session::*;
pub(super) use sync::*;
pub(super) use tenant::*;
pub(super) use token::*;
