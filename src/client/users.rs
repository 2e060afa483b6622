//! `usher users`

mod access;
mod columns;
mod create;
mod each;
mod export;
mod file;
mod get;
mod import;
mod list;
mod records;
mod rename;
mod update;

pub use create::create;
pub use each::{block, delete, unblock};
pub use export::export;
pub use file::{UsersFile, read as read_users};
pub use get::get;
pub use import::{Terms, import};
pub use list::list;
pub use rename::rename;
pub use update::update;
