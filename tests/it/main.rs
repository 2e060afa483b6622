//! One integration binary: everything that is tested through the crate's public face or the real program.

mod journal;
mod support;
