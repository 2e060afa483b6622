//! A start within the test process, and its outcome.

use std::sync::Arc;
use std::time::Duration;

use usher::clock::Clock;
use usher::ids::TenantId;
use usher::journal::{Journal, JournalConfig, StartError};
use usher::ledger::change::Actor;
use usher::ledger::command::CreateTenant;
use usher::ledger::{Config, Seed};
use usher::store::{Installation, ReadError, Store};

/// The outcome of a start.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It serves: a change was committed.
    Serves,
    /// It reports damage.
    Damaged(String),
    /// It fails in another way.
    Other(String),
    Panicked,
}

/// Starts on the store, and makes a change if it serves.
pub async fn start(store: Arc<dyn Store>) -> Outcome {
    let started = tokio::spawn(started(Arc::clone(&store)));
    let outcome = match tokio::time::timeout(Duration::from_secs(30), started).await {
        Ok(outcome) => outcome.unwrap_or(Outcome::Panicked),
        Err(_) => Outcome::Other("it hangs".into()),
    };
    store.close().await;
    outcome
}

async fn started(store: Arc<dyn Store>) -> Outcome {
    let installation = match store.installation(Installation::new(1)).await {
        Ok(installation) => installation,
        Err(ReadError::Damaged(error)) => return Outcome::Damaged(error.0),
        Err(ReadError::Unavailable(error)) => return Outcome::Other(error.0),
    };
    let config = JournalConfig {
        ledger: Config { demo_seats: 5, channels: Default::default(), seed: Seed(1), rates: Default::default() },
        queue: 16,
        batch: 5,
    };
    let journal = match Journal::start(store, Clock::system(), installation, config).await {
        Ok(journal) => journal,
        Err(StartError::Damaged(_, error)) => return Outcome::Damaged(error.0),
        Err(error) => return Outcome::Other(error.to_string()),
    };
    let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Default::default() };
    let changed = journal.submit(&Actor::service(), &TenantId::parse("fresh").unwrap(), create).await;
    let stopped = tokio::time::timeout(Duration::from_secs(10), journal.stop()).await;
    match (changed, stopped) {
        (Ok(Ok(_)), Ok(true)) => Outcome::Serves,
        (changed, stopped) => Outcome::Other(format!("it serves, and changes nothing: {changed:?}, {stopped:?}")),
    }
}
