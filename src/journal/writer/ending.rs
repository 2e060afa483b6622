//! How a writer ends: its shard is another process's, or is flushed and released. And how it begins anew, after a panic.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::sync::mpsc;

use super::super::in_flight::progress;
use super::super::message::{Message, refuse};
use super::super::recovery::load;
use super::super::{JournalError, ShardState};
use super::Writer;
use crate::store::ReadError;

impl Writer {
    /// Another process owns the shard. For good.
    pub(super) fn lose(&self) {
        if !self.is_lost() {
            tracing::error!(shard = %self.shard, "another process owns this shard; nothing more is answered");
        }
        self.lease.end();
        self.out.set_state(self.shard, ShardState::Lost);
    }

    /// After a panic: once everything sound is durable, memory is made anew.
    pub(super) async fn mend(&mut self) {
        if self.broken && self.in_flight.is_none() && self.building.is_empty() {
            self.reload().await;
        }
    }

    /// Makes memory anew from what is durable. Nothing is in flight, and nothing is being built.
    pub(super) async fn reload(&mut self) {
        self.pauses();
        self.out.stats.reloads.fetch_add(1, Relaxed);
        self.works.fail(JournalError::Failed);
        let mut pause = Duration::from_millis(20);
        loop {
            let now = self.now();
            match load(&*self.store, self.shard, &self.position, now, &self.config).await {
                Ok(ledger) => {
                    (self.ledger, self.broken, self.committed) = (ledger, false, None);
                    return self.out.set_state(self.shard, ShardState::Serving);
                }
                Err(ReadError::Damaged(error)) => return self.damaged(&error),
                Err(ReadError::Unavailable(error)) => {
                    tracing::warn!(shard = %self.shard, %error, "could not load the shard; trying again");
                }
            }
            self.out.set_state(self.shard, ShardState::StoreAway);
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(1));
        }
    }

    /// Flushes, releases, and answers whoever still waits.
    pub(super) async fn end(&mut self, messages: &mut mpsc::Receiver<Message>) {
        while let Some(message) = self.backlog.pop() {
            match self.is_lost() {
                true => refuse(message, JournalError::NotOwner),
                false => self.take(message, self.now()),
            }
        }
        if !self.is_lost() {
            self.flush().await;
        }
        // From here on nothing is answered: the shard is about to be another one's.
        self.lease.end();
        let error = self.out.end_error();
        self.works.fail(error);
        while let Some(message) = messages.recv().await {
            refuse(message, error);
        }
        for waiter in std::mem::take(&mut self.building).waiters {
            waiter.fail(error);
        }
        self.out.ring.close();
        if self.is_lost() {
            return;
        }
        if let Err(error) = self.store.release(self.shard, self.owner).await {
            tracing::warn!(shard = %self.shard, %error, "the shard was not released; the next start waits until this process is known to be gone");
        }
        self.out.set_state(self.shard, ShardState::Stopped);
    }

    /// Finishes what was begun, and commits everything that is in memory only.
    async fn flush(&mut self) {
        self.finish_works().await;
        self.tick_to_the_end().await;
        self.send_building().await;
    }

    /// Sends everything, and waits until it is durable.
    pub(super) async fn send_building(&mut self) {
        // What is built when the shard is lost is not sent any more: `end` tells who waits for it.
        while !self.is_lost() {
            self.send_if_ready();
            if self.in_flight.is_none() {
                return;
            }
            if let Some(settled) = progress(&mut self.in_flight).await {
                self.settled(settled).await;
            }
        }
    }
}
