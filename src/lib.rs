//! Usher answers one question for login services: may this login proceed?
//!
//! The modules, in the order in which data flows: the contract, the services that parse it, the journal that
//! orders and makes durable, the ledger that decides, the store that keeps.

pub mod clock;
pub mod ids;
pub mod journal;
pub mod ledger;
pub mod proto;
pub mod service;
pub mod store;
