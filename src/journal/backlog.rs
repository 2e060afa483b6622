//! Messages that a turn of the writer had no time for. From then on tenants take turns, each with its messages in
//! order: the messages of one tenant delay every other tenant by at most one command per turn.

use std::collections::{HashMap, VecDeque};

use super::message::Message;
use crate::ids::TenantId;

#[derive(Default)]
pub(super) struct Backlog {
    /// Messages by tenant; `None`: messages of no tenant.
    queues: HashMap<Option<TenantId>, VecDeque<Message>>,
    /// Tenants in the order of their turns; each is listed once.
    turns: VecDeque<Option<TenantId>>,
    len: usize,
}

impl Backlog {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends the message to its tenant's queue.
    pub fn push(&mut self, message: Message) {
        let tenant = message.tenant().cloned();
        let queue = self.queues.entry(tenant.clone()).or_default();
        if queue.is_empty() {
            self.turns.push_back(tenant);
        }
        queue.push_back(message);
        self.len += 1;
    }

    /// Takes the next message of the tenant whose turn it is.
    pub fn pop(&mut self) -> Option<Message> {
        let tenant = self.turns.pop_front()?;
        let queue = self.queues.get_mut(&tenant)?;
        let message = queue.pop_front();
        if queue.is_empty() {
            self.queues.remove(&tenant);
        } else {
            self.turns.push_back(tenant);
        }
        self.len -= usize::from(message.is_some());
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[test]
    fn one_message_behind_a_thousand_of_another_tenant_is_the_second() {
        let mut backlog = Backlog::default();
        let tenant = |name: &str| TenantId::stored(name);
        for _ in 0..1_000 {
            backlog.push(Message::Number(tenant("many"), oneshot::channel().0));
        }
        backlog.push(Message::Number(tenant("one"), oneshot::channel().0));
        backlog.push(Message::Tick);
        let mut turns = Vec::new();
        while let Some(message) = backlog.pop() {
            turns.push(message.tenant().map_or("none".to_owned(), ToString::to_string));
        }
        assert_eq!(turns[..4], ["many", "one", "none", "many"]);
        assert_eq!((turns.len(), backlog.len()), (1_002, 0));
    }
}
