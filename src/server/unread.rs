//! Detects connections on which answers stay unread for too long.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts of the unread answers of a connection, by the round (modulo 3) in which they were given.
#[derive(Debug, Default)]
pub(super) struct Unread {
    round: AtomicUsize,
    answers: [AtomicUsize; 3],
}

impl Unread {
    /// Counts an answer, and returns the round in which it was given.
    pub fn add(&self) -> usize {
        let round = self.round.load(Ordering::Relaxed) % 3;
        self.answers[round].fetch_add(1, Ordering::Relaxed);
        round
    }

    /// An answer of this round was read, or will never be sent.
    pub fn remove(&self, round: usize) {
        self.answers[round].fetch_sub(1, Ordering::Relaxed);
    }

    /// Ends a round. Returns true if an answer from the round before it is still unread: it has waited for at least a
    /// whole round.
    pub fn end_round(&self) -> bool {
        let ended = self.round.fetch_add(1, Ordering::Relaxed);
        self.answers[(ended + 2) % 3].load(Ordering::Relaxed) > 0
    }
}
