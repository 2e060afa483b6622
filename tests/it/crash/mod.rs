//! The real program dies again and again under load: by SIGKILL at a moment that nobody chose, and at the places in
//! its life where a death is worst (`src/faults.rs`). After each death it starts within two seconds, and what it and
//! its store say is held against everything that clients were ever told ([`crate::history`]).
//!
//! The operating system outlives these deaths, and with it what was written and not yet on the disk: that a commit
//! waits for the disk is not shown here.

mod frozen;
mod migrating;
mod run;
mod tools;

use run::{Reached, Run};

use crate::support::postgres;
use crate::support::program::Data;

/// Deaths of one store. Then the next store dies, so that histories stay short and first starts are many.
const DEATHS: u64 = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let mut reached = Reached::default();
    let (seeds, deaths) = runs("USHER_CRASHES_SQLITE", 100);
    for (seed, deaths) in seeds.zip(deaths) {
        let folder = tempfile::tempdir().unwrap();
        Run::new(Data::Folder(folder.path()), seed, "sqlite").die(deaths, &mut reached).await;
    }
    reached.enough();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let mut reached = Reached::default();
    let (seeds, deaths) = runs("USHER_CRASHES_POSTGRES", 50);
    for (seed, deaths) in seeds.zip(deaths) {
        let url = postgres::cluster().database().await;
        let url = secrecy::ExposeSecret::expose_secret(&url);
        Run::new(Data::Postgres(url), seed, "postgres").die(deaths, &mut reached).await;
    }
    reached.enough();
}

/// Seeds, and how many deaths with each. `USHER_CRASH_SEED`: only this one.
fn runs(variable: &str, gate: u64) -> (impl Iterator<Item = u64>, impl Iterator<Item = u64>) {
    let deaths = number(variable).unwrap_or(gate);
    let (first, deaths) = number("USHER_CRASH_SEED").map_or((0, deaths), |seed| (seed, DEATHS));
    (first.., (0..deaths).step_by(DEATHS as usize).map(move |done| (deaths - done).min(DEATHS)))
}

#[allow(clippy::disallowed_methods)] // How long a test goes on is no setting of the program.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}
