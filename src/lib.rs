//! Usher decides whether a login may proceed, and counts the seats of licenses. docs/DOMAIN.md defines the vocabulary
//! and the rules (R…) that comments cite. docs/ARCHITECTURE.md explains the design, and docs/decisions/ has the
//! reasons.
//!
//! The modules, in the order in which a request passes through them:
//!
//! - `server`: accepts connections and calls, and bounds both.
//! - `auth`: identifies the caller, and checks that it may call the method.
//! - `proto`: the messages of the contract, generated from `proto/usher/v1/`.
//! - `service`: parses a message into a command or a query, submits it, and renders the outcome.
//! - `opaque_id`: encodes and signs ids that would otherwise show numbers that tenants share.
//! - `journal`: queues commands, has the ledger decide them, and commits the changes in batches, one writer per shard.
//! - `ledger`: decides, without time, randomness, input or output.
//! - `shards`: asks the owners of all shards for what concerns no single tenant.
//! - `cluster`: the nodes that share a store, which shards each should own, and the lease without which a node answers
//!   nothing from memory.
//! - `peers`: the other nodes: sends them calls for shards that they own, and takes theirs.
//! - `ownership`: claims, loads and releases shards as `cluster` plans, and finds the owner of a call's shard.
//! - `store`: writes batches to SQLite or PostgreSQL, and reads them back.
//!
//! Used by several of these:
//!
//! - `status`: every gRPC status, made by `server` and `service`.
//! - `ids`: ids and numbers, parsed once at the edge; the only module that draws random numbers.
//! - `error_reason`: the reasons of errors, which are an enum of the contract.
//! - `clock`: the only module that reads the time.
//! - `unicode`: equality, order and scripts of texts.
//! - `license`: license documents, their signatures, and license requests.
//! - `licensing`: the license documents that this server accepts: its keys, host names and date.
//! - `json`, `jws`: signed JSON documents, for licenses and access tokens.
//! - `https`, `files`, `partial`: requests to other servers, bounded reads of files, and files that are written whole.
//! - `cells`: cells of CSV files, which `service` writes and `commands` reads.
//! - `histogram`: counts values, such as durations, for the metrics.
//!
//! Beside the requests:
//!
//! - `tasks`: background tasks, such as the sweeper and the notifiers.
//! - `notify`: texts of notifications, and their delivery by email and webhook.
//! - `exchange`: fetches licenses from the vendor's folder, and mails license requests.
//! - `demo`: the demo tenant.
//! - `health`: the reasons for not being ready.
//! - `ops`: the operations port, with probes and metrics.
//! - `telemetry`, `spans`: metrics and logs, and traces.
//!
//! Around everything:
//!
//! - `commands`: the command line: the options of each command, and what it runs.
//! - `config`: the configuration of the service, and its options.
//! - `app`: the composition root of `usher serve`: mounts the services in the server, and has the order of start and stop.
//! - `failure`: the reasons for which the program ends, with their exit codes.
//! - `core_dumps`: keeps secrets in memory out of core dumps.
//! - `failpoints`: named places at which a test can kill the process; never in a release.

/// Comes first, because its macro is used in other modules.
#[macro_use]
pub mod failpoints;

pub mod app;
pub mod auth;
mod cells;
pub mod clock;
pub mod cluster;
pub mod commands;
pub mod config;
pub mod core_dumps;
pub mod demo;
pub mod error_reason;
pub mod exchange;
pub mod failure;
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
pub mod licensing;
pub mod notify;
pub mod opaque_id;
pub mod ops;
pub mod ownership;
mod partial;
pub mod peers;
pub mod proto;
pub mod server;
pub mod service;
pub mod shards;
pub mod spans;
mod status;
pub mod store;
pub mod tasks;
pub mod telemetry;
pub mod unicode;

/// Version of this program, and the commit that it was built from.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("USHER_COMMIT"), ")");
