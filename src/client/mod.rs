//! The command line as a client: calls a running Usher over gRPC like anybody else, and says what it answered, for
//! people and in JSON. Reads and writes no files, and knows nothing of what is behind the wire.
//!
//! A command more is a file more: the request it makes of its options, and either a [`List`](list::List) of rows or an
//! [`Rendered`] with a text; its JSON is made of the message.

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
