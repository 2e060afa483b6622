//! How a shard leaves this process, on purpose: its newcomers are refused at once, everything that was taken before is
//! decided, durable and answered, and then the store hands it to the next owner.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::message::{Leave, Left, Message};
use super::slot::{Held, Slot};
use super::{Journal, ShardState};
use crate::ids::ShardId;
use crate::store::Owner;
use crate::store::nodes::NodeRef;

/// Longest time for which a shard goes on serving because commands of several steps are in progress. It is better to
/// wait for them now than to have its newcomers wait later.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

impl Journal {
    /// Releases a shard to its next owner (`None`: nobody in particular), and returns the owner as which this process
    /// released it. From the moment at which it is cut off, new calls get [`super::JournalError::NotApplied`]; that is
    /// at once, unless commands of several steps are in progress, for which it waits for at most 5 seconds
    /// (`BUSY_TIMEOUT`) first. Everything that was taken before is decided, committed and answered. Commands of several
    /// steps that are not finished a second later end with `NotApplied`, or, half done, with
    /// [`super::JournalError::OutcomeUnknown`]. What is in memory only is written.
    ///
    /// `None`: this process did not hold the shard, or lost it meanwhile. If the answer of the store is lost, the shard
    /// counts as released. Once the shard is cut off, a release goes on when the caller goes away.
    pub async fn release(&self, shard: ShardId, to: Option<NodeRef>) -> Option<Owner> {
        self.slot(shard)?.leave(to, ShardState::Elsewhere).await.released
    }

    /// Writes what is in memory only, such as the last activity of sessions, while the shard goes on being served: a
    /// release soon after has little to write while its newcomers wait. Returns when most of it is durable, or cannot be
    /// written now. Can be given up; then it is finished nevertheless.
    pub async fn prepare_release(&self, shard: ShardId) {
        let Some(slot) = self.slot(shard) else { return };
        let (reply, prepared) = oneshot::channel();
        if slot.send(Message::Prepare(reply)).is_ok() {
            // An error means that the writer has ended.
            let _ = prepared.await;
        }
    }

    /// Releases every shard, all at once; the journal opens nothing more. Everything submitted before is decided,
    /// committed and answered. On a store that belongs to this process alone, later requests are refused with
    /// [`super::JournalError::Stopping`]; otherwise with [`super::JournalError::NotApplied`], because another process
    /// may take them. Returns whether the store has everything: `stop` does not wait for a store that refuses changes.
    pub async fn stop(&self) -> bool {
        self.stopping.cancel();
        let left = self.slots.iter().map(|slot| slot.leave(None, ShardState::Stopped));
        join_all(left).await.iter().all(|left| left.written)
    }
}

impl Slot {
    async fn leave(&self, to: Option<NodeRef>, then: ShardState) -> Left {
        let mut writer = self.writer.lock().await;
        let left = match self.held() {
            Some(held) => self.instruct_writer(&held, to, then).await,
            None => Left::default(),
        };
        // The writer of a shard that was lost may still have callers who wait for the outcome of its last batch.
        let ends = left.released.is_some() || then == ShardState::Stopped;
        if let Some(task) = writer.as_mut().filter(|_| ends) {
            // A panic of the writer shows in the state of the shard.
            let _ = task.await;
            *writer = None;
        }
        if then == ShardState::Stopped {
            self.begins(then, &[ShardState::Elsewhere]);
        }
        left
    }

    /// Has the writer finish what it has taken. If this future is dropped once the shard is cut off, the writer ends
    /// nevertheless: nothing else holds its queue then.
    async fn instruct_writer(&self, held: &Held, to: Option<NodeRef>, then: ShardState) -> Left {
        if !self.alone {
            let quiet = async { held.busy.clone().wait_for(|busy| !*busy).await.map(drop) };
            let _ = timeout(BUSY_TIMEOUT, quiet).await;
            self.close();
        }
        let (reply, left) = oneshot::channel();
        // Waits for space: a full queue contains work that must be finished.
        let _ = held.queue.send(Message::Leave(Leave { to, then, reply })).await;
        // An error means that the writer has ended already, because the shard was lost.
        left.await.unwrap_or_default()
    }
}
