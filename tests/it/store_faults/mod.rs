//! The store fails in every way a store can, below the real program and under load. While it is away the service
//! answers what it can and says that it is not ready; it loses nothing, and serves again by itself within ten seconds
//! of the fault's end (I7).
//!
//! `USHER_FAULT_ROUNDS` says how often each fault strikes.

mod disks;
mod network;
mod refusals;
mod servers;
mod trial;
mod watch;

use tokio::task::JoinSet;

/// How often each fault strikes.
#[allow(clippy::disallowed_methods)] // Not a setting of the program: how long a test runs.
fn rounds() -> u32 {
    std::env::var("USHER_FAULT_ROUNDS").map_or(3, |rounds| rounds.parse().expect("a number in USHER_FAULT_ROUNDS"))
}

/// Waits for all trials, which ran side by side: most of their time is spent waiting. The first that fails ends all.
async fn finish(mut trials: JoinSet<()>) {
    while let Some(ended) = trials.join_next().await {
        if let Err(error) = ended {
            trials.shutdown().await;
            std::panic::resume_unwind(error.into_panic());
        }
    }
}
