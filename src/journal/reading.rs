//! Queries that take more than one step: long lists. Between two steps the writer does what else there is to do, so
//! that a list of a million rows delays no login by more than a step.

use std::collections::VecDeque;

use super::JournalError;
use super::answer::Answer;
use crate::ledger::Reading;
use crate::ledger::command::Found;

/// Long lists that are read at once; each waits for the steps of all.
const MOST: usize = 64;

/// The queries under way, the next one first.
#[derive(Default)]
pub(super) struct Readings {
    waiting: VecDeque<(Reading, Answer<Found>)>,
}

impl Readings {
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Goes on with this one after the others. Refuses it when there are too many.
    pub fn push(&mut self, reading: Reading, reply: Answer<Found>) {
        if self.waiting.len() < MOST {
            self.waiting.push_back((reading, reply));
        } else {
            reply.send(Err(JournalError::Overloaded));
        }
    }

    /// The next one to take a step of. Whoever asked and is gone is not read for.
    pub fn pop(&mut self) -> Option<(Reading, Answer<Found>)> {
        self.waiting.retain(|(_, reply)| !reply.is_closed());
        self.waiting.pop_front()
    }

    pub fn fail(&mut self, error: JournalError) {
        for (_, reply) in self.waiting.drain(..) {
            reply.send(Err(error));
        }
    }
}
