/// First: its macros are for every room.
#[macro_use]
pub mod faults;

pub mod app;
pub mod auth;
mod cells;
pub mod cli;
pub mod client;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod demo;
pub mod exchange;
mod files;
pub mod health;
pub mod histogram;
mod https;
pub mod ids;
pub mod journal;
mod json;
mod jws;
pub mod ledger;
pub mod license;
pub mod notify;
pub mod opaque_id;
pub mod ops;
mod partial;
pub mod proto;
pub mod server;
pub mod service;
pub mod spans;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod unicode;

/// What this program is: its version, and the commit that it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("USHER_COMMIT"), ")");
