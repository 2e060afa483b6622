//! What a writer is sent, and what of it can be answered without the store.

use tokio::sync::oneshot;

use super::JournalError;
use super::reply::ReplyChannel;
use crate::ids::{TenantId, TenantNo};
use crate::ledger::command::{Command, Outcome, Query, QueryResult, Request};
use crate::ledger::outcome::HeartbeatResult;
use crate::ledger::{PoolUsageEntry, Totals};

/// What a writer is sent.
pub(super) enum Message {
    Command(Request, ReplyChannel<Outcome>),
    Query(Option<TenantId>, Query, ReplyChannel<QueryResult>),
    Number(TenantId, oneshot::Sender<Result<Option<TenantNo>, JournalError>>),
    /// And so many of the busiest pools.
    Totals(usize, oneshot::Sender<(Totals, Vec<PoolUsageEntry>)>),
    Tick,
    /// Answered with whether everything is written.
    Stop(oneshot::Sender<bool>),
}

/// Whether a command can be decided and answered without the store.
pub(super) fn needs_store(command: &Command) -> bool {
    !matches!(command, Command::Heartbeat(_))
        && !matches!(command, Command::CheckOut(check_out) if check_out.check_only)
}

/// Whether an answer promises a lease, beside whatever else it says.
pub(super) fn keeps_sessions(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Heartbeat(beats) if beats.iter().any(|beat| matches!(beat, HeartbeatResult::Kept(_))))
}

/// Whether an answer that changed no row may go at once: a kept lease, which is memory only; a denial, whose
/// event goes out with the next batch (R21).
pub(super) fn from_memory(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Heartbeat(beats) => beats.iter().all(|beat| matches!(beat, HeartbeatResult::Kept(_))),
        Outcome::CheckOut(_) => true,
        _ => false,
    }
}

impl Message {
    /// Whose it is; `None`: nobody's.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Message::Command(request, _) => Some(&request.tenant),
            Message::Query(tenant, ..) => tenant.as_ref(),
            Message::Number(tenant, _) => Some(tenant),
            Message::Totals(..) | Message::Tick | Message::Stop(_) => None,
        }
    }

    /// The writer has taken it from the queue.
    pub fn taken(&mut self) {
        match self {
            Message::Command(_, reply) => reply.taken(),
            Message::Query(_, _, reply) => reply.taken(),
            _ => {}
        }
    }
}

pub(super) fn refuse(message: Message, error: JournalError) {
    match message {
        Message::Command(_, reply) => reply.send(Err(error)),
        Message::Query(_, _, reply) => reply.send(Err(error)),
        Message::Number(_, reply) => drop(reply.send(Err(error))),
        Message::Totals(..) | Message::Tick => {}
        Message::Stop(reply) => {
            let _ = reply.send(true);
        }
    }
}
