//! Looks for new licenses in the vendor's folder (R27): once a day for each tenant that this process serves, not for all of
//! them at once, and a few at a time.

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
use crate::service::Licensing;

const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// Looks of this task that are under way at once: the folder has more turns, which are for people who ask.
const MAX_CONCURRENT_FETCHES: usize = 4;
/// After this time a run begins nothing more; what is left is for the next one.
const RUN: Duration = Duration::from_secs(20);
/// How long a shard may take to answer.
const SHARD_TIMEOUT: Duration = Duration::from_secs(3);

/// Looks for what is due.
pub struct LicenseFetcher {
    journal: Arc<Journal>,
    licensing: Arc<Licensing>,
    clock: Clock,
    /// By the monotonic clock.
    started: Duration,
    stop: CancellationToken,
    /// The last look did not reach the vendor.
    failing: AtomicBool,
}

/// Looks for the licenses of every tenant, until the tasks are stopped.
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

    /// Looks for what is due in the shards of this process. It ends early when the vendor is not reached: nobody else's
    /// license would be found either.
    pub async fn run(&self) {
        let begun = self.clock.monotonic();
        let uptime = begun.saturating_sub(self.started);
        let over = || self.stop.is_cancelled() || self.clock.monotonic() > begun + RUN;
        let away = AtomicBool::new(false);
        for shard in (0..self.journal.shards()).map(ShardId) {
            let mut after = Some(TenantNo(0));
            while let Some(behind) = after.filter(|_| !over()) {
                let part = timeout(SHARD_TIMEOUT, self.journal.query_shard(shard, DueFetches { after: behind })).await;
                // A shard of another process, or one that does not answer: the next run asks again.
                let Ok(Ok(part)) = part else { break };
                // What was due while nobody served does not begin all at once.
                let due = part.tenants.into_iter().filter(|tenant| spread(tenant) <= uptime);
                let look = async |tenant: TenantId| {
                    if !over() && !away.load(Ordering::Relaxed) && !self.look(&tenant).await {
                        away.store(true, Ordering::Relaxed);
                    }
                };
                stream::iter(due).for_each_concurrent(MAX_CONCURRENT_FETCHES, look).await;
                if away.load(Ordering::Relaxed) {
                    return;
                }
                after = part.next;
            }
        }
    }

    /// False: the vendor was not reached.
    async fn look(&self, tenant: &TenantId) -> bool {
        let looking = self.licensing.look(tenant, self.journal.instance());
        let found = tokio::select! {
            biased;
            () = self.stop.cancelled() => None,
            found = looking => found,
        };
        let Some(found) = found else { return true };
        match timeout(SHARD_TIMEOUT, self.journal.submit(&Actor::service(), tenant, found)).await {
            Ok(Ok(Ok(fetched))) => self.log(tenant, &fetched),
            // The tenant is gone.
            Ok(Ok(Err(_))) => true,
            Ok(Err(error)) => {
                tracing::debug!(%tenant, %error, "what was found at the vendor's was not noted; it is looked for again");
                true
            }
            Err(_) => true,
        }
    }

    /// A failure is told once, until the vendor is reached; what is wrong with a document, once for that document.
    fn log(&self, tenant: &TenantId, fetched: &LicenseFetched) -> bool {
        let text = &*fetched.fetch.text;
        let reached = fetched.fetch.outcome != FetchOutcome::Failed;
        let was_failing = self.failing.swap(!reached, Ordering::Relaxed);
        match fetched.fetch.outcome {
            FetchOutcome::Failed if !was_failing => {
                tracing::warn!(%tenant, why = text, "the vendor was not reached; licenses are looked for again later");
            }
            FetchOutcome::Refused if fetched.news => {
                tracing::warn!(%tenant, why = text, "the license that lies at the vendor's is not taken");
            }
            FetchOutcome::Installed => tracing::info!(%tenant, what = text, "a license was fetched"),
            _ if reached && was_failing => tracing::info!("the vendor is reached again"),
            _ => {}
        }
        reached
    }
}
