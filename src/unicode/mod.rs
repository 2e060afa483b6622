//! What Unicode knows about texts: when two are one, which comes first, and which writings they are of. Nobody else asks it.

pub mod fold;
pub mod order;
pub mod scripts;
