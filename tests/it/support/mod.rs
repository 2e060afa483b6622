//! What several tests need.

pub mod memory;
pub mod rows;
