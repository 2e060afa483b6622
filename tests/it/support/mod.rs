//! What several tests need.

pub mod memory;
pub mod postgres;
pub mod program;
pub mod rows;
