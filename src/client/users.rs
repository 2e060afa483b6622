//! `usher users`

mod create;
mod each;
mod get;
mod list;

pub use create::create;
pub use each::{block, delete, unblock};
pub use get::get;
pub use list::list;
