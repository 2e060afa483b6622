//! Delivers notifications to their receivers (R34): one task per channel, once a second. The begin of a delivery is
//! made durable before anything is sent; its end records the receiver's answer.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Tasks;
use crate::clock::Clock;
use crate::ids::{ShardId, TenantId};
use crate::journal::{Journal, JournalError};
use crate::ledger::change::Actor;
use crate::ledger::command::{BeginDelivery, DueNotifications, EndDelivery};
use crate::ledger::notification::{Attempt, Channel, Due};
use crate::notify::{Message, Sender};

const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Deliveries of one run; all of them run at the same time, so a receiver that does not answer delays only the next
/// run.
const MAX_CONCURRENT_DELIVERIES: usize = 16;
/// Time limit for an answer of a shard. Together with [`crate::notify::DELIVERY_TIMEOUT`] a run stays below the half
/// minute after which a task counts as stuck.
const SHARD_TIMEOUT: Duration = Duration::from_secs(3);
/// Time that a delivery in progress gets at a stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// Counters of one channel's delivery attempts since the start.
#[derive(Debug, Default)]
pub struct Deliveries {
    answered: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
}

impl Deliveries {
    /// Number of attempts by result.
    #[must_use]
    pub fn counts(&self) -> [(&'static str, u64); 3] {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        [("answered", read(&self.answered)), ("failed", read(&self.failed)), ("refused", read(&self.refused))]
    }
}

/// Delivers the notifications of one channel.
pub struct Notifier {
    journal: Arc<Journal>,
    sender: Sender,
    clock: Clock,
    stop: CancellationToken,
    counts: Arc<Deliveries>,
    /// Results that the journal has not accepted yet. While this process holds a shard, a notification of it that was
    /// answered is not sent again, whatever the state of the store. The next owner sends it once more, under the same id
    /// (C12).
    ends: Mutex<Vec<(TenantId, EndDelivery)>>,
}

/// Starts the task that delivers what is due on the sender's channel.
pub fn notify(tasks: &Tasks, journal: &Arc<Journal>, sender: Sender) -> Arc<Deliveries> {
    let name = match sender.channel() {
        Channel::Email => "notifier-email",
        Channel::Webhook => "notifier-webhook",
    };
    let notifier = Arc::new(Notifier::new(Arc::clone(journal), sender, tasks.clock.clone(), tasks.stop.clone()));
    let counts = Arc::clone(&notifier.counts);
    tasks.every(name, LOOK_INTERVAL, move || {
        let notifier = Arc::clone(&notifier);
        async move { notifier.run().await }
    });
    counts
}

impl Notifier {
    #[must_use]
    pub fn new(journal: Arc<Journal>, sender: Sender, clock: Clock, stop: CancellationToken) -> Self {
        Self { journal, sender, clock, stop, counts: Arc::default(), ends: Mutex::default() }
    }

    /// Delivers at most [`MAX_CONCURRENT_DELIVERIES`] of the notifications that are due.
    pub async fn run(&self) {
        self.finish_running().await;
        let due = self.due().await;
        stream::iter(due).for_each_concurrent(MAX_CONCURRENT_DELIVERIES, |due| self.deliver(due)).await;
        self.finish_running().await;
    }

    /// Takes notifications that are due from all shards in turns, so that no shard waits for another.
    async fn due(&self) -> Vec<Due> {
        let query = DueNotifications { channel: self.sender.channel(), limit: MAX_CONCURRENT_DELIVERIES };
        let shards = (0..self.journal.shards()).map(ShardId);
        let answers = shards.map(|shard| timeout(SHARD_TIMEOUT, self.journal.query_shard(shard, query.clone())));
        let found = join_all(answers).await.into_iter().filter_map(|answer| answer.ok()?.ok());
        let (mut rows, mut due) = (found.map(Vec::into_iter).collect::<Vec<_>>(), Vec::new());
        while due.len() < MAX_CONCURRENT_DELIVERIES {
            let before = due.len();
            due.extend(rows.iter_mut().filter_map(Iterator::next));
            if due.len() == before {
                break;
            }
        }
        let waiting = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let answered = |due: &Due| waiting.iter().any(|(tenant, end)| *tenant == due.tenant && end.event == due.event);
        due.retain(|due| !answered(due));
        due.truncate(MAX_CONCURRENT_DELIVERIES);
        due
    }

    async fn deliver(&self, due: Due) {
        let Due { tenant, topic, event } = due;
        if self.stop.is_cancelled() {
            return;
        }
        let channel = self.sender.channel();
        let begin = BeginDelivery { topic: topic.clone(), event, channel };
        let begun = timeout(SHARD_TIMEOUT, self.journal.submit(&Actor::service(), &tenant, begin)).await;
        // If it is unknown whether the delivery was begun, nothing is sent; the ledger offers the notification again
        // later.
        let Ok(Ok(Ok(Some(dispatch)))) = begun else { return };
        let attempt = dispatch.attempt;
        let message = Message::new(self.journal.message_id(&tenant, event), self.journal.instance(), dispatch);
        let Some(result) = self.send(&message).await else { return };
        self.count(&message, &result);
        let end = EndDelivery { topic, event, channel, attempt, result };
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push((tenant, end));
    }

    /// `None`: the process stops, and the result stays unknown.
    async fn send(&self, message: &Message) -> Option<Attempt> {
        let now = self.clock.wall().0 / 1_000;
        tokio::select! {
            biased;
            result = self.sender.send(message, now) => Some(result),
            () = async { self.stop.cancelled().await; sleep(DRAIN_TIMEOUT).await } => None,
        }
    }

    fn count(&self, message: &Message, result: &Attempt) {
        let channel = self.sender.channel().word();
        let (tenant, topic) = (&message.dispatch.tenant, &message.dispatch.notification.topic);
        let counter = match result {
            Attempt::Answered => {
                tracing::info!(%tenant, %topic, channel, "notification delivered");
                &self.counts.answered
            }
            Attempt::Failed(why) | Attempt::Later(why, _) => {
                tracing::warn!(%tenant, %topic, channel, why, "delivery failed, will retry");
                &self.counts.failed
            }
            Attempt::Refused(why) => {
                tracing::warn!(%tenant, %topic, channel, why, "the receiver refused the notification");
                &self.counts.refused
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Submits the results of deliveries; those that the journal does not accept are kept for the next run, unless their
    /// shard has left this process.
    async fn finish_running(&self) {
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        let kept: Vec<_> = stream::iter(ends)
            .map(async |(tenant, end)| {
                let written =
                    timeout(SHARD_TIMEOUT, self.journal.submit(&Actor::service(), &tenant, end.clone())).await;
                // An answer that the tenant does not exist also counts as accepted.
                let done = matches!(written, Ok(Ok(_) | Err(JournalError::NotApplied(_))));
                (!done).then_some((tenant, end))
            })
            .buffer_unordered(MAX_CONCURRENT_DELIVERIES)
            .filter_map(std::future::ready)
            .collect()
            .await;
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).extend(kept);
    }
}
