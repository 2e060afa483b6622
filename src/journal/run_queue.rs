//! What takes more than one step: long lists, and commands whose length their callers choose. Between two steps the writer
//! does what else there is to do, so that none of them delays a login by more than a step. Tenants take turns, so that what
//! one of them asks for delays none of the others by more than its own step.

use std::collections::VecDeque;

use super::JournalError;
use super::reply::ReplyChannel;
use crate::ids::TenantId;
use crate::ledger::command::{Outcome, QueryResult};
use crate::ledger::{Execution, Reading};

/// Queries under way at once, and commands that are under way or wait for one of the same tenant; each waits for the steps
/// of all.
const MAX_UNDER_WAY: usize = 512;
/// Of one tenant. Most commands wait for one that is long, and take one step themselves.
const MAX_QUERIES: usize = 16;
const MAX_COMMANDS: usize = 64;

/// Something to take a step of.
pub(super) enum Job {
    Query(Reading, ReplyChannel<QueryResult>),
    Command(RunningCommand, ReplyChannel<Outcome>),
}

/// A command and what became of it so far.
pub(super) struct RunningCommand {
    pub execution: Execution,
    /// It has had a step: from now on it is finished, whoever asked.
    pub begun: bool,
    /// It wrote rows.
    pub wrote: bool,
}

impl RunningCommand {
    pub fn new(execution: Execution) -> Self {
        Self { execution, begun: false, wrote: false }
    }
}

/// One tenant's: commands one after the other, so that none sees another one half done; queries in turns.
struct Queue {
    /// `None`: of no tenant.
    tenant: Option<TenantId>,
    commands: VecDeque<(RunningCommand, ReplyChannel<Outcome>)>,
    queries: VecDeque<(Reading, ReplyChannel<QueryResult>)>,
    /// The last step was a command's.
    was_command: bool,
}

/// What is under way, the next tenant first.
#[derive(Default)]
pub(super) struct RunQueue {
    queues: VecDeque<Queue>,
}

impl RunQueue {
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Whether there is something that writes nothing.
    pub fn has_queries(&self) -> bool {
        self.queues.iter().any(|queue| !queue.queries.is_empty())
    }

    /// Whether the tenant has a command under way: another one waits for its end.
    pub fn has_commands(&self, tenant: &TenantId) -> bool {
        self.queues.iter().any(|queue| queue.tenant.as_ref() == Some(tenant) && !queue.commands.is_empty())
    }

    /// Whether nothing new may begin.
    pub fn is_full(&self) -> bool {
        self.queues.iter().map(|queue| queue.commands.len() + queue.queries.len()).sum::<usize>() >= MAX_UNDER_WAY
    }

    /// Goes on with this one after the others. Refuses a new one when there are too many; what has begun always has room.
    pub fn push(&mut self, work: Job) {
        let begun = matches!(&work, Job::Command(running, _) if running.begun);
        let all_full = self.is_full();
        let queue = self.queue(match &work {
            Job::Query(reading, _) => reading.tenant().cloned(),
            Job::Command(running, _) => Some(running.execution.tenant().clone()),
        });
        let full = |len: usize, most: usize| !begun && (all_full || len >= most);
        match work {
            Job::Query(_, reply) if full(queue.queries.len(), MAX_QUERIES) => reply.send(Err(JournalError::Overloaded)),
            Job::Command(_, reply) if full(queue.commands.len(), MAX_COMMANDS) => {
                reply.send(Err(JournalError::Overloaded))
            }
            Job::Query(reading, reply) => queue.queries.push_back((reading, reply)),
            // Its turn is not over before its end.
            Job::Command(running, reply) if begun => queue.commands.push_front((running, reply)),
            Job::Command(running, reply) => queue.commands.push_back((running, reply)),
        }
        self.queues.retain(|queue| !queue.is_empty());
    }

    /// The tenant's queue, made at the end if it is not there.
    fn queue(&mut self, tenant: Option<TenantId>) -> &mut Queue {
        let at = self.queues.iter().position(|queue| queue.tenant == tenant).unwrap_or_else(|| {
            let (commands, queries) = (VecDeque::new(), VecDeque::new());
            self.queues.push_back(Queue { tenant, commands, queries, was_command: false });
            self.queues.len() - 1
        });
        &mut self.queues[at]
    }

    /// The next one to take a step of; without `writes`, the next query. Nobody reads, or begins anything, for whoever is
    /// gone.
    pub fn pop(&mut self, writes: bool) -> Option<Job> {
        for queue in &mut self.queues {
            queue.queries.retain(|(_, reply)| !reply.is_closed());
            queue.commands.retain(|(running, reply)| running.begun || !reply.is_closed());
        }
        for _ in 0..self.queues.len() {
            let mut queue = self.queues.pop_front()?;
            let work = queue.pop(writes);
            // Also an empty one: it keeps its turn until the step is over.
            self.queues.push_back(queue);
            if work.is_some() {
                return work;
            }
        }
        self.queues.retain(|queue| !queue.is_empty());
        None
    }

    pub fn fail(&mut self, error: JournalError) {
        for queue in self.queues.drain(..) {
            queue.queries.into_iter().for_each(|(_, reply)| reply.send(Err(error)));
            queue.commands.into_iter().for_each(|(_, reply)| reply.send(Err(error)));
        }
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.commands.is_empty() && self.queries.is_empty()
    }

    fn pop(&mut self, writes: bool) -> Option<Job> {
        let its_turn = !self.was_command || self.queries.is_empty();
        let command = writes && its_turn && !self.commands.is_empty();
        self.was_command = command;
        if command {
            self.commands.pop_front().map(|(running, reply)| Job::Command(running, reply))
        } else {
            self.queries.pop_front().map(|(reading, reply)| Job::Query(reading, reply))
        }
    }
}
