//! The gRPC services: a handler parses, submits and renders, and changes nothing itself.
//!
//! `parse` turns messages into commands and names every field that is wrong; `render` turns answers into
//! messages; `status` is the one place that makes an error; proto types go no further than this room.

mod audit;
mod audit_export;
mod ceiling;
mod context;
mod csv;
mod decisions;
mod directory;
mod export;
pub mod health;
mod license;
mod license_request;
mod licensing;
pub mod mount;
mod notification;
mod page;
mod parse;
mod rates;
mod render;
mod seat;
mod server;
mod session;
pub mod status;
mod sync;
mod tenant;
mod tenant_access;
mod token;
mod watch;

pub use audit::AuditService;
pub use context::{Limits, ServiceContext};
pub use decisions::Decisions;
pub use directory::DirectoryService;
pub use license::LicenseService;
pub use licensing::Licensing;
pub use notification::NotificationService;
pub use seat::SeatService;
pub use server::{ServerInfo, ServerService};
pub use session::SessionService;
pub use tenant::TenantService;
pub use token::TokenService;

use tenant_access::caller;
