//! The ledger: a pure, synchronous state machine. No clock, no randomness, no I/O.

pub mod change;
pub mod command;
pub mod outcome;
pub mod policy;
pub mod time;
