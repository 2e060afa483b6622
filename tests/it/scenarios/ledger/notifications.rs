//! A scenario's actions on notifications (R34).

use usher::ledger::command::{
    BeginDelivery, Command, DueNotifications, EndDelivery, ListNotifications, Outcome, QueryResult,
};
use usher::ledger::notification::{Attempt, Channel, NotificationView, Topic};

use super::World;
use crate::scenarios::answers::{self, Answer, notifications};

impl World {
    /// Applies a command and returns its outcome, after checking that repeating it changes nothing.
    pub fn outcome_of(&mut self, command: Command) -> Result<Outcome, String> {
        let tenant = self.tenant.clone();
        let (outcome, changes) = self.apply(&tenant, command.clone())?;
        self.commit(changes);
        let (again, changes) = self.apply(&tenant, command)?;
        if changes.is_empty() { Ok(outcome) } else { Err(format!("  asked again, it changed something: {again:?}")) }
    }

    pub fn notification(&mut self, topic: &Topic) -> Answer {
        match self.told(topic) {
            Some(view) => notifications::shown(&view, self.now),
            None => Answer::no("nothing told".into()),
        }
    }

    fn told(&mut self, topic: &Topic) -> Option<NotificationView> {
        let everything = ListNotifications { limit: 1_000, ..ListNotifications::default() };
        let QueryResult::ListNotifications(Ok(page)) = self.query(everything.into()) else { return None };
        page.rows.into_iter().find(|view| view.topic == *topic)
    }

    pub fn due(&mut self, query: &DueNotifications) -> Answer {
        let QueryResult::DueNotifications(due) = self.query(query.clone().into()) else {
            unreachable!("the answer to it")
        };
        Answer::yes(&answers::topics(due.iter().map(|due| &due.topic)))
    }

    /// Begins a delivery as the notifier does, and ends it.
    pub fn send(&mut self, topic: &Topic, channel: Channel, result: Option<&Attempt>) -> Result<Vec<Answer>, String> {
        let event = self.told(topic).map_or_else(Default::default, |view| view.event);
        let begin = BeginDelivery { topic: topic.clone(), event, channel };
        let begun = match self.outcome_of(begin.into())? {
            Outcome::BeginDelivery(Ok(begun)) => begun,
            Outcome::BeginDelivery(Err(why)) => return Ok(vec![answers::refused(&why)]),
            other => unreachable!("the answer to BeginDelivery, not {other:?}"),
        };
        let attempt = begun.as_ref().map(|dispatch| dispatch.attempt);
        if let (Some(attempt), Some(result)) = (attempt, result) {
            let end = EndDelivery { topic: topic.clone(), event, channel, attempt, result: result.clone() };
            self.outcome_of(end.into())?;
        }
        Ok(vec![notifications::sent(attempt, result)])
    }
}
