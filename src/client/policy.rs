//! `usher policy`

mod set;
mod show;

pub use set::set;
pub use show::show;
