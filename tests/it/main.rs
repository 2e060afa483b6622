//! One integration binary: everything that is tested through the crate's public face or the real program.

mod conformance;
mod front;
mod journal;
mod program;
mod support;
