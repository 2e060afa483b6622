//! The gRPC services. A handler parses a request, submits it and renders the answer; it changes no state itself.
//!
//! `parse` turns messages into commands and reports every invalid field; `render` turns answers into messages. Message
//! types of the contract are not used outside of this module.

mod audit;
mod audit_column;
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
mod limits;
mod names;
mod nodes;
mod notification;
mod page;
mod parse;
mod rates;
mod render;
mod seat;
mod server;
mod server_info;
mod session;
mod sync;
mod tenant;
mod tenant_access;
mod token;
mod watch;

pub use audit::AuditService;
pub use context::ServiceContext;
pub use decisions::Decisions;
pub use directory::DirectoryService;
pub use license::LicenseService;
pub use limits::Limits;
pub use nodes::{NodeDirectory, NodeFile, NodeState, NodeView, Nodes};
pub use notification::NotificationService;
pub use seat::SeatService;
pub use server::ServerService;
pub use server_info::ServerInfo;
pub use session::SessionService;
pub use tenant::TenantService;
pub use token::TokenService;

use tenant_access::caller;
