//! A scenario's actions on notifications (R34).

use usher::ids::TenantId;
use usher::ledger::command::{
    BeginDelivery, Command, DueNotifications, EndDelivery, ListNotifications, Outcome, QueryResult,
};
use usher::ledger::notification::{Attempt, Channel, NotificationView, Topic};

use super::World;
use crate::scenarios::answers::{self, Answer, notifications};
use crate::scenarios::runner::Interpreter;

impl World {
    /// Applies a command and returns its outcome, after checking that repeating it changes nothing.
    fn outcome_of(&mut self, tenant: &TenantId, command: Command) -> Result<Outcome, String> {
        let (outcome, changes) = self.apply(tenant, command.clone())?;
        self.commit(changes);
        let (again, changes) = self.apply(tenant, command)?;
        if changes.is_empty() { Ok(outcome) } else { Err(format!("  asked again, it changed something: {again:?}")) }
    }

    pub fn notification(&mut self, tenant: &TenantId, topic: &Topic) -> Answer {
        match self.find(tenant, topic) {
            Some(view) => notifications::shown(&view, self.now),
            None => Answer::no("none".into()),
        }
    }

    fn find(&mut self, tenant: &TenantId, topic: &Topic) -> Option<NotificationView> {
        let everything = ListNotifications { limit: 1_000, ..ListNotifications::default() };
        let Ok(QueryResult::ListNotifications(Ok(page))) = self.query(tenant, everything.into()) else { return None };
        page.rows.into_iter().find(|view| view.topic == *topic)
    }

    pub fn due(&mut self, tenant: &TenantId, query: &DueNotifications) -> Result<Answer, String> {
        match self.query(tenant, query.clone().into())? {
            QueryResult::DueNotifications(due) => Ok(Answer::yes(&answers::topics(due.iter().map(|due| &due.topic)))),
            other => Err(format!("  the answer to DueNotifications, not {other:?}")),
        }
    }

    /// Begins a delivery as the notifier does, and ends it.
    pub fn send(
        &mut self,
        tenant: &TenantId,
        topic: &Topic,
        channel: Channel,
        result: Option<&Attempt>,
    ) -> Result<Answer, String> {
        let event = self.find(tenant, topic).map_or_else(Default::default, |view| view.event);
        let begin = BeginDelivery { topic: topic.clone(), event, channel };
        let begun = match self.outcome_of(tenant, begin.into())? {
            Outcome::BeginDelivery(Ok(begun)) => begun,
            Outcome::BeginDelivery(Err(why)) => return Ok(answers::refused(&why)),
            other => return Err(format!("  the answer to BeginDelivery, not {other:?}")),
        };
        let attempt = begun.as_ref().map(|dispatch| dispatch.attempt);
        if let (Some(attempt), Some(result)) = (attempt, result) {
            let end = EndDelivery { topic: topic.clone(), event, channel, attempt, result: result.clone() };
            self.outcome_of(tenant, end.into())?;
        }
        Ok(notifications::sent(attempt, result))
    }
}
