//! The real program dies again and again under load: by SIGKILL at random moments, and at the failpoints where a death is
//! worst (`src/failpoints.rs`). After each death it starts within two seconds, and its state and that of its store are
//! compared with every answer that clients got ([`crate::history`]).
//!
//! The operating system survives these deaths, and with it data that was written and not synced yet: these tests do not
//! show that a commit waits for the disk.

mod frozen;
mod migrating;
mod run;
mod tools;

use run::{Reached, Run};

use crate::support::postgres;
use crate::support::program::Data;

/// Deaths of one store. Then a new store is used, so that histories stay short and there are many first starts.
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

/// Seeds, and the number of deaths with each. `USHER_CRASH_SEED` selects one seed.
fn runs(variable: &str, gate: u64) -> (impl Iterator<Item = u64>, impl Iterator<Item = u64>) {
    let deaths = number(variable).unwrap_or(gate);
    let (first, deaths) = number("USHER_CRASH_SEED").map_or((0, deaths), |seed| (seed, DEATHS));
    (first.., (0..deaths).step_by(DEATHS as usize).map(move |done| (deaths - done).min(DEATHS)))
}

#[allow(clippy::disallowed_methods)] // The length of a test is not a setting of the program.
fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable}={text} is not a number")))
}
