//! The tests' fixtures that start the program and a PostgreSQL server.

#[path = "../../tests/it/support/pki.rs"]
pub mod pki;
#[path = "../../tests/it/support/postgres.rs"]
pub mod postgres;
#[path = "../../tests/it/support/program.rs"]
pub mod program;
#[path = "../../tests/it/support/server.rs"]
pub mod server;
#[path = "../../tests/it/support/state.rs"]
pub mod state;
