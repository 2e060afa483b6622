//! The store fails in every way a store can, below the real program and under load. While the store is away, the
//! service answers what it can, and reports itself not ready. It loses nothing, and serves again on its own within ten
//! seconds of the fault's end (I7).
//!
//! `USHER_FAULT_ROUNDS` sets how often each fault occurs.

mod disks;
mod network;
mod refusals;
mod servers;
mod trial;
mod watch;

use tokio::task::JoinSet;

/// Number of times that each fault occurs.
#[allow(clippy::disallowed_methods)] // The length of a test is not a setting of the program.
fn rounds() -> u32 {
    std::env::var("USHER_FAULT_ROUNDS").map_or(3, |rounds| rounds.parse().expect("a number in USHER_FAULT_ROUNDS"))
}

/// Waits for all trials, which run side by side because they mostly wait. The first failure ends all.
pub async fn finish(mut trials: JoinSet<()>) {
    while let Some(ended) = trials.join_next().await {
        if let Err(error) = ended {
            trials.shutdown().await;
            std::panic::resume_unwind(error.into_panic());
        }
    }
}
