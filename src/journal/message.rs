//! Messages to a writer, and which of them can be answered without the store.

use tokio::sync::oneshot;

use super::reply::ReplyChannel;
use super::{JournalError, ShardState};
use crate::ids::{TenantId, TenantNo};
use crate::ledger::command::{Command, Outcome, Query, QueryResult, Request};
use crate::ledger::outcome::HeartbeatResult;
use crate::ledger::{PoolUsageEntry, Totals};
use crate::store::Owner;
use crate::store::nodes::NodeRef;

/// A message in the queue of a writer.
pub(super) enum Message {
    Command(Request, ReplyChannel<Outcome>),
    Query(Option<TenantId>, Query, ReplyChannel<QueryResult>),
    Number(TenantId, oneshot::Sender<Result<Option<TenantNo>, JournalError>>),
    /// Totals of the shard, and its busiest pools, at most this many.
    Totals(usize, oneshot::Sender<(Totals, Vec<PoolUsageEntry>)>),
    Tick,
    /// The shard is to be released soon: see [`super::Journal::prepare_release`].
    Prepare(oneshot::Sender<()>),
    /// The last message that is taken: the shard is released.
    Leave(Leave),
}

/// Instruction to finish what was taken, and to release the shard.
pub(super) struct Leave {
    /// Node that is to own the shard. `None`: nobody in particular.
    pub to: Option<NodeRef>,
    /// State of the shard afterward.
    pub then: ShardState,
    pub reply: oneshot::Sender<Left>,
}

/// How a writer ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    /// The owner as which the shard was released. `None`: it was lost before.
    pub released: Option<Owner>,
    /// The store has every change.
    pub written: bool,
}

impl Default for Left {
    /// There was nothing to release and nothing to write.
    fn default() -> Self {
        Self { released: None, written: true }
    }
}

/// Returns whether the command can be decided and answered only with the store.
pub(super) fn needs_store(command: &Command) -> bool {
    !matches!(command, Command::Heartbeat(_))
        && !matches!(command, Command::CheckOut(check_out) if check_out.check_only)
}

/// Returns whether an answer that changed no row may be sent at once. That holds for a kept lease, which exists in
/// memory only, and for a denial, whose event is written with the next batch (R21).
pub(super) fn from_memory(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Heartbeat(results) => results.iter().all(|result| matches!(result, HeartbeatResult::Kept(_))),
        Outcome::CheckOut(_) => true,
        _ => false,
    }
}

impl Message {
    /// Tenant that the message belongs to; `None` for messages about the whole shard.
    pub fn tenant(&self) -> Option<&TenantId> {
        match self {
            Message::Command(request, _) => Some(&request.tenant),
            Message::Query(tenant, ..) => tenant.as_ref(),
            Message::Number(tenant, _) => Some(tenant),
            Message::Totals(..) | Message::Tick | Message::Prepare(_) | Message::Leave(_) => None,
        }
    }

    /// Notes that the writer has taken the message from the queue.
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
        Message::Totals(..) | Message::Tick | Message::Prepare(_) => {}
        Message::Leave(leave) => drop(leave.reply.send(Left::default())),
    }
}
