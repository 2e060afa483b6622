//! Output of commands, for people or as JSON: a [`List`](list::List) of rows, or a [`Rendered`] with a text; the JSON
//! output is made from the message.

pub mod json;
pub mod list;
pub mod particulars;
mod printer;
pub mod progress;
pub mod rows;
mod stdout;
pub mod table;
pub mod words;

pub use printer::{Printer, Rendered};
pub use stdout::{printer, say, written};
