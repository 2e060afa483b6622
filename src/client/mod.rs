//! The command line as a client: calls a running Usher over gRPC like anybody else, and says what it answered, for
//! people and in JSON. Reads and writes no files, and knows nothing of what is behind the wire.

mod connect;
mod error;
mod json;
mod license;
mod show;
mod table;
mod wish;

pub use connect::connect;
pub use error::Error;
pub use license::{Answer, Licenses};
pub use wish::{Wishes, seats_moved, seats_wanted};
