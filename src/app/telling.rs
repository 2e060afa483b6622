//! Sets up how people are told (R34): a sender for each channel that was asked for, and the task that it works for.

use std::sync::Arc;

use crate::config::{Email, Telling};
use crate::journal::Journal;
use crate::ledger::notification::Channel;
use crate::notify::{Sender, Smtp, Webhook};
use crate::tasks::{self, Deliveries, Tasks};

/// What each channel counts.
pub type Told = Vec<(Channel, Arc<Deliveries>)>;

/// `greeting`: the name of this host, for the mail server.
pub fn start(telling: &Telling, greeting: Option<&str>, tasks: &Tasks, journal: &Arc<Journal>) -> anyhow::Result<Told> {
    let mut senders = Vec::new();
    if let Some(Email { server, from, login }) = &telling.email {
        let login = login.as_ref().map(|(user, password)| (user.as_str(), password));
        senders.push(Sender::Email(Smtp::new(server.clone(), from, login, greeting).map_err(anyhow::Error::msg)?));
    }
    if let Some((url, keys)) = &telling.webhook {
        senders.push(Sender::Webhook(Webhook::new(url.clone(), keys.clone())));
    }
    Ok(senders.into_iter().map(|sender| (sender.channel(), tasks::notify(tasks, journal, sender))).collect())
}

/// For the metrics: channel, result, count; of a channel that nobody asked for, nothing was sent.
pub fn counts(told: &Told) -> Vec<(&'static str, &'static str, u64)> {
    let none = Deliveries::default();
    let of = |channel: Channel| {
        let counts = told.iter().find(|(known, _)| *known == channel).map_or(&none, |(_, counts)| counts);
        counts.counts().map(|(result, count)| (channel.word(), result, count))
    };
    Channel::ALL.into_iter().flat_map(of).collect()
}
