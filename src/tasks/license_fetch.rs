//! Fetches new licenses from the vendor's folder (R27): once a day for each tenant that this process serves, spread
//! over the day, and a few at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::Tasks;
use crate::clock::Clock;
use crate::ids::{ShardId, TenantId, TenantNo};
use crate::journal::Journal;
use crate::ledger::change::Actor;
use crate::ledger::command::{DueFetches, LicenseFetched};
use crate::ledger::license_fetch::{FetchOutcome, spread};
use crate::licensing::Licensing;

const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// Requests of this task that run at the same time. The folder accepts more, which are for people who ask for a fetch.
const MAX_CONCURRENT_FETCHES: usize = 4;
/// Time after which a run begins no more requests; the rest waits for the next run.
const MAX_RUN_TIME: Duration = Duration::from_secs(20);
/// Time limit for an answer of a shard.
const SHARD_TIMEOUT: Duration = Duration::from_secs(3);

/// Fetches the licenses that are due.
pub struct LicenseFetcher {
    journal: Arc<Journal>,
    licensing: Arc<Licensing>,
    clock: Clock,
    /// Time of the start, on the monotonic clock.
    started: Duration,
    stop: CancellationToken,
    /// The last request did not reach the vendor.
    failing: AtomicBool,
}

/// Starts the task that fetches licenses for every tenant.
pub fn fetch_licenses(tasks: &Tasks, journal: &Arc<Journal>, licensing: &Arc<Licensing>) {
    let (journal, licensing) = (Arc::clone(journal), Arc::clone(licensing));
    let fetcher = Arc::new(LicenseFetcher::new(journal, licensing, tasks.clock.clone(), tasks.stop.clone()));
    tasks.every("license fetch", LOOK_INTERVAL, move || {
        let fetcher = Arc::clone(&fetcher);
        async move { fetcher.run().await }
    });
}

impl LicenseFetcher {
    #[must_use]
    pub fn new(journal: Arc<Journal>, licensing: Arc<Licensing>, clock: Clock, stop: CancellationToken) -> Self {
        let started = clock.monotonic();
        Self { journal, licensing, clock, started, stop, failing: AtomicBool::new(false) }
    }

    /// Fetches the licenses that are due in the shards of this process. Ends early if the vendor cannot be reached,
    /// because requests for other tenants would fail, too.
    pub async fn run(&self) {
        let begun = self.clock.monotonic();
        let uptime = begun.saturating_sub(self.started);
        let over = || self.stop.is_cancelled() || self.clock.monotonic() > begun + MAX_RUN_TIME;
        let away = AtomicBool::new(false);
        for shard in (0..self.journal.shards()).map(ShardId) {
            let mut after = Some(TenantNo(0));
            while let Some(behind) = after.filter(|_| !over()) {
                let part = timeout(SHARD_TIMEOUT, self.journal.query_shard(shard, DueFetches { after: behind })).await;
                // The shard belongs to another process or does not answer: the next run tries again.
                let Ok(Ok(part)) = part else { break };
                // Fetches that became due while no process served must not all begin at once.
                let due = part.tenants.into_iter().filter(|tenant| spread(tenant) <= uptime);
                let fetch = async |tenant: TenantId| {
                    if !over() && !away.load(Ordering::Relaxed) && !self.fetch(&tenant).await {
                        away.store(true, Ordering::Relaxed);
                    }
                };
                stream::iter(due).for_each_concurrent(MAX_CONCURRENT_FETCHES, fetch).await;
                if away.load(Ordering::Relaxed) {
                    return;
                }
                after = part.next;
            }
        }
    }

    /// Returns false if the vendor was not reached.
    async fn fetch(&self, tenant: &TenantId) -> bool {
        let fetching = self.licensing.fetch(tenant, self.journal.instance());
        let found = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            found = fetching => found,
        };
        let Some(found) = found else { return true };
        match timeout(SHARD_TIMEOUT, self.journal.submit(&Actor::service(), tenant, found)).await {
            Ok(Ok(Ok(fetched))) => self.log(tenant, &fetched),
            // The tenant was deleted.
            Ok(Ok(Err(_))) => true,
            Ok(Err(error)) => {
                tracing::debug!(%tenant, %error, "the result of a license fetch was not stored; will retry");
                true
            }
            Err(_) => true,
        }
    }

    /// Logs the result. A failure is logged once, until the folder can be reached again; an invalid
    /// document is logged once.
    /// Returns whether the vendor was reached.
    fn log(&self, tenant: &TenantId, fetched: &LicenseFetched) -> bool {
        let text = &*fetched.fetch.text;
        let reached = fetched.fetch.outcome != FetchOutcome::Failed;
        let was_failing = self.failing.swap(!reached, Ordering::Relaxed);
        match fetched.fetch.outcome {
            FetchOutcome::Failed if !was_failing => {
                tracing::warn!(%tenant, why = text, "could not reach the vendor's license folder; will retry");
            }
            FetchOutcome::Refused if fetched.news => {
                tracing::warn!(%tenant, why = text, "the license in the vendor's folder was refused");
            }
            FetchOutcome::Installed => tracing::info!(%tenant, what = text, "a license was fetched"),
            _ if reached && was_failing => tracing::info!("the vendor's license folder can be reached again"),
            _ => {}
        }
        reached
    }
}
