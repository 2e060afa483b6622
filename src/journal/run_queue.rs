//! Run queue for work of several steps: long lists, and commands whose length their callers choose. Between two steps
//! the writer does other work, so none of them delays a login by more than one step. Tenants take turns, so one tenant
//! delays every other tenant by at most one of its own steps.

use std::collections::VecDeque;

use super::JournalError;
use super::reply::ReplyChannel;
use crate::ids::{Seq, ShardId, TenantId};
use crate::ledger::command::{Outcome, QueryResult};
use crate::ledger::{Execution, Reading};

/// Maximum number of queries in progress, and of commands in progress or waiting for another one of their tenant,
/// together. Each waits for the steps of all others.
const MAX_IN_PROGRESS: usize = 512;
/// Maximum numbers per tenant. Most commands wait for one long command, and then take a single step.
const MAX_QUERIES: usize = 16;
const MAX_COMMANDS: usize = 64;

/// A query or command that has steps left.
#[expect(clippy::large_enum_variant, reason = "there are few, and each is moved a few times")]
pub(super) enum Job {
    Query(Reading, ReplyChannel<QueryResult>),
    Command(RunningCommand, ReplyChannel<Outcome>),
}

/// A command in progress.
pub(super) struct RunningCommand {
    pub execution: Box<Execution>,
    /// It has taken a step: from now on it is finished, even if its caller is gone.
    pub begun: bool,
    /// The first batch that has rows of it.
    pub wrote: Option<Seq>,
}

impl RunningCommand {
    pub fn new(execution: Box<Execution>) -> Self {
        Self { execution, begun: false, wrote: None }
    }
}

/// Queue of one tenant: commands run one after the other, so that none sees another half done; queries take turns.
struct Queue {
    /// `None`: queries of no tenant.
    tenant: Option<TenantId>,
    commands: VecDeque<(RunningCommand, ReplyChannel<Outcome>)>,
    queries: VecDeque<(Reading, ReplyChannel<QueryResult>)>,
    /// The last step was taken by a command.
    was_command: bool,
}

/// Queues of all tenants with work in progress, in the order of their turns.
#[derive(Default)]
pub(super) struct RunQueue {
    queues: VecDeque<Queue>,
}

impl RunQueue {
    pub fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Returns whether there is a query, which writes nothing.
    pub fn has_queries(&self) -> bool {
        self.queues.iter().any(|queue| !queue.queries.is_empty())
    }

    /// Returns whether any command is in progress, or waits for another one of its tenant.
    pub fn is_busy(&self) -> bool {
        self.queues.iter().any(|queue| !queue.commands.is_empty())
    }

    /// Returns whether the tenant has a command in progress: another command waits for its end.
    pub fn has_commands(&self, tenant: &TenantId) -> bool {
        self.queues.iter().any(|queue| queue.tenant.as_ref() == Some(tenant) && !queue.commands.is_empty())
    }

    /// Returns whether nothing new may begin.
    pub fn is_full(&self) -> bool {
        self.queues.iter().map(|queue| queue.commands.len() + queue.queries.len()).sum::<usize>() >= MAX_IN_PROGRESS
    }

    /// Puts a job behind those of other tenants. Refuses a new job when there are too many; a command that has begun
    /// always has space.
    pub fn push(&mut self, work: Job) {
        let begun = matches!(&work, Job::Command(running, _) if running.begun);
        let all_full = self.is_full();
        let queue = self.queue(match &work {
            Job::Query(reading, _) => reading.tenant().cloned(),
            Job::Command(running, _) => Some(running.execution.tenant().clone()),
        });
        let full = |len: usize, max: usize| !begun && (all_full || len >= max);
        match work {
            Job::Query(_, reply) if full(queue.queries.len(), MAX_QUERIES) => reply.send(Err(JournalError::Overloaded)),
            Job::Command(_, reply) if full(queue.commands.len(), MAX_COMMANDS) => {
                reply.send(Err(JournalError::Overloaded))
            }
            Job::Query(reading, reply) => queue.queries.push_back((reading, reply)),
            // A command that has begun runs to its end before the next one begins.
            Job::Command(running, reply) if begun => queue.commands.push_front((running, reply)),
            Job::Command(running, reply) => queue.commands.push_back((running, reply)),
        }
        self.queues.retain(|queue| !queue.is_empty());
    }

    /// The tenant's queue; added at the end if there is none.
    fn queue(&mut self, tenant: Option<TenantId>) -> &mut Queue {
        let at = self.queues.iter().position(|queue| queue.tenant == tenant).unwrap_or_else(|| {
            let (commands, queries) = (VecDeque::new(), VecDeque::new());
            self.queues.push_back(Queue { tenant, commands, queries, was_command: false });
            self.queues.len() - 1
        });
        &mut self.queues[at]
    }

    /// Takes the job that has the next step; without `writes`, the next query. Queries, and commands that have not
    /// begun, are dropped if their caller is gone.
    pub fn pop(&mut self, writes: bool) -> Option<Job> {
        for queue in &mut self.queues {
            queue.queries.retain(|(_, reply)| !reply.is_closed());
            queue.commands.retain(|(running, reply)| running.begun || !reply.is_closed());
        }
        for _ in 0..self.queues.len() {
            let mut queue = self.queues.pop_front()?;
            let work = queue.pop(writes);
            // An empty queue goes back, too: it keeps its turn until the step is over.
            self.queues.push_back(queue);
            if work.is_some() {
                return work;
            }
        }
        self.queues.retain(|queue| !queue.is_empty());
        None
    }

    /// Removes all jobs, and sends their callers an error.
    pub fn fail(&mut self, error: JournalError) {
        for queue in self.queues.drain(..) {
            queue.queries.into_iter().for_each(|(_, reply)| reply.send(Err(error)));
            queue.commands.into_iter().for_each(|(_, reply)| reply.send(Err(error)));
        }
    }

    /// Removes all jobs of a shard that has left. A command may be sent to the next owner as if it had never begun,
    /// unless it is half done: `last` is the last batch that is, or may be, in the store.
    pub fn leave(&mut self, shard: ShardId, last: Seq) {
        for queue in self.queues.drain(..) {
            queue.queries.into_iter().for_each(|(_, reply)| reply.send(Err(JournalError::NotApplied(shard))));
            for (running, reply) in queue.commands {
                let half_done = running.wrote.is_some_and(|first| first <= last);
                reply.send(Err(match half_done {
                    true => JournalError::OutcomeUnknown(shard),
                    false => JournalError::NotApplied(shard),
                }));
            }
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
