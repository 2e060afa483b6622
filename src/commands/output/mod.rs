//! Client commands: each calls a running server over gRPC, as any client does, and prints the answer, for people or as
//! JSON. This module reads and writes no files, and uses nothing of the service but the contract.
//!
//! A new command is a new file: it builds a request from its options, and prints either a [`List`](list::List) of rows
//! or a [`Rendered`] with a text; the JSON output is made from the message.

pub mod audit;
mod connect;
mod error;
mod json;
pub mod license;
mod list;
pub mod notifications;
pub mod organizations;
mod particulars;
pub mod policy;
mod printer;
mod progress;
mod rows;
pub mod seats;
pub mod server;
pub mod sessions;
pub mod table;
pub mod tenants;
pub mod token;
mod usage;
pub mod users;
mod usher;
mod words;

pub use connect::{AuthenticatedChannel, Bearer, Target, Trust, connect};
pub use error::Error;
pub use printer::{Printer, Rendered};
pub use usage::usage;
pub use usher::Usher;
