//! Ticks and counts for scrapes. Both run in steps, between which callers get their turn.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;

use super::super::EMPTY_BATCH_INTERVAL;
use super::Writer;
use crate::ledger::Ticking;
use crate::ledger::time::Moment;

impl Writer {
    /// Begins a tick; [`Self::tick_on`] takes its steps.
    pub(super) fn tick(&mut self, now: Moment) {
        if self.is_away() || self.broken {
            return; // Overdue sessions stay until their end can be made durable.
        }
        self.ticking = Some(self.pass().unwrap_or(Ticking::new(false)));
        let behind = u64::try_from(self.ledger.clock_behind(now).as_millis()).unwrap_or(u64::MAX);
        self.status.slot.stats.clock_behind_ms.store(behind, Relaxed);
        let since = |sent: std::time::Duration| self.clock.monotonic().saturating_sub(sent);
        self.open_batch.wanted |= self.committed.is_none_or(|sent| since(sent) >= EMPTY_BATCH_INTERVAL);
    }

    /// Takes a step of the tick in progress.
    pub(super) fn tick_on(&mut self) {
        let Some(mut ticking) = self.ticking.take() else { return };
        let now = self.now();
        let (rows, events) = (self.open_batch.changes.rows.len(), self.open_batch.changes.events.len());
        let changes = &mut self.open_batch.changes;
        match catch_unwind(AssertUnwindSafe(|| self.ledger.tick_on(&mut ticking, now, changes))) {
            Ok(true) => {}
            Ok(false) => self.ticking = Some(ticking),
            Err(_) => self.abort_step(rows, events, "a tick"),
        }
    }

    /// Last tick before a stop: writes everything that is in memory only, batch by batch.
    pub(super) async fn tick_to_the_end(&mut self) {
        let now = self.now();
        self.tick(now);
        if self.ticking.is_some() {
            self.ticking = Some(Ticking::new(true));
        }
        // Remaining rows of deleted tenants stay, however many: the next start goes on deleting them.
        while !self.is_away() && (self.ticking.is_some() || self.ledger.has_unfinished_checks()) && !self.broken {
            self.tick_on();
            if self.ledger.has_unfinished_checks() {
                self.run_unfinished(self.now());
            }
            if !self.has_room_to_write() {
                self.send_open_batch().await;
            }
        }
    }

    /// Takes a step of counting what changed since the last scrape, and answers the pending scrapes when all is
    /// counted.
    pub(super) fn count_on(&mut self) {
        let now = self.now();
        match catch_unwind(AssertUnwindSafe(|| self.ledger.tally(now))) {
            Ok(false) => {}
            Ok(true) => {
                for (busiest, reply) in self.scrapes.drain(..) {
                    let _ = reply.send((self.ledger.tallied(now), self.ledger.busiest(busiest, now)));
                }
            }
            // `abort_step` drops the reply channels: a scrape gets no totals.
            Err(_) => {
                self.abort_step(self.open_batch.changes.rows.len(), self.open_batch.changes.events.len(), "a count")
            }
        }
    }
}
