//! One integration binary: everything that is tested through the crate's public face or the real program.

mod clients;
mod conformance;
mod crash;
mod front;
mod history;
mod journal;
mod layering;
mod model;
mod program;
mod repository;
mod rules;
mod shell;
mod support;
