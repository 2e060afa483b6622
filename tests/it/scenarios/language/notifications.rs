//! Verbs about notifications and their deliveries (R34): `send …`, `redeliver …`, `notification …`, `due …`.

use usher::ledger::command::{DueNotifications, ListNotifications, RedeliverNotification};
use usher::ledger::notification::{Attempt, Channel, DeliveryState, Topic};

use super::Words;
use super::steps::{LedgerVerb, Verb};
use super::verbs::ledger_command;

/// Limit above the number of rows of any scenario.
const EVERYTHING: usize = 1_000;

pub fn topic(words: &mut Words) -> Result<Topic, String> {
    let word = words.next("a topic")?;
    Topic::parse(&word).ok_or_else(|| format!("`{word}` is no topic"))
}

fn channel(words: &mut Words) -> Result<Channel, String> {
    words.expect("by")?;
    let word = words.next("a channel")?;
    Channel::ALL.into_iter().find(|one| one.word() == word).ok_or_else(|| format!("`{word}` is no channel"))
}

/// Parses `send exceeded/primary by email answered`.
pub fn send(words: &mut Words) -> Result<Verb, String> {
    let (topic, channel) = (topic(words)?, channel(words)?);
    let result = match words.next("what became of it")?.as_str() {
        "answered" => Some(Attempt::Answered),
        "failed" => Some(Attempt::Failed(words.next("why")?.into())),
        "refused" => Some(Attempt::Refused(words.next("why")?.into())),
        "lost" => None,
        other => return Err(format!("`{other}` is no end of it")),
    };
    Ok(Verb::Ledger(LedgerVerb::Send { topic, channel, result }))
}

pub fn redeliver(words: &mut Words) -> Result<Verb, String> {
    Ok(ledger_command(RedeliverNotification { topic: topic(words)? }))
}

/// Parses `due by email`.
pub fn due(words: &mut Words) -> Result<Verb, String> {
    Ok(Verb::Ledger(LedgerVerb::Due(DueNotifications { channel: channel(words)?, limit: EVERYTHING })))
}

/// Parses `list notifications dead`.
pub fn list(words: &mut Words) -> ListNotifications {
    let named = [
        ("pending", DeliveryState::Pending),
        ("sending", DeliveryState::UnderWay),
        ("done", DeliveryState::Done),
        ("dead", DeliveryState::Dead),
    ];
    let state = named.into_iter().find(|(word, _)| words.eat(word)).map(|(_, state)| state);
    ListNotifications { state, after: None, limit: EVERYTHING }
}
