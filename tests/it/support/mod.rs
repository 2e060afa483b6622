//! Helpers that several tests share.

pub mod adds_up;
pub mod callers;
pub mod clock;
pub mod disk;
pub mod in_process;
pub mod ledger;
pub mod member;
pub mod memory;
pub mod nodes;
pub mod pki;
pub mod pooler;
pub mod postgres;
pub mod program;
pub mod proxy;
pub mod raw;
pub mod rows;
pub mod server;
pub mod state;
