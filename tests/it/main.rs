//! One integration binary: everything that is tested through the crate's public face or the real program.

mod clients;
mod conformance;
mod crash;
mod directory;
mod front;
mod fuzz;
mod history;
mod hostile;
mod journal;
mod layering;
mod license;
mod licensing;
mod model;
mod no_trace;
mod notify;
mod program;
mod repository;
mod rules;
mod scenarios;
mod shell;
mod simulation;
mod store_faults;
mod support;
mod tokens;
