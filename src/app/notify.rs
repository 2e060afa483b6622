//! Sets up notifications (R34): a sender for each configured channel, and the task that delivers with it. Also the
//! mailing of license requests to the vendor (R32).

use std::sync::Arc;

use super::host_names::host_names;
use crate::config::{Config, Email};
use crate::exchange::Mailer;
use crate::journal::Journal;
use crate::ledger::notification::Channel;
use crate::notify::{Sender, Smtp, Webhook};
use crate::tasks::{self, Deliveries, Tasks};

/// Counters of the deliveries on each channel.
pub type DeliveryCounters = Vec<(Channel, Arc<Deliveries>)>;

/// Starts a task of deliveries for each configured channel; returns their counters.
///
/// # Errors
/// A sender cannot be built from the configuration.
pub fn start(config: &Config, tasks: &Tasks, journal: &Arc<Journal>) -> anyhow::Result<DeliveryCounters> {
    let mut senders = Vec::new();
    if let Some(email) = &config.notify.email {
        senders.push(Sender::Email(smtp(config, email)?));
    }
    if let Some((url, keys)) = &config.notify.webhook {
        senders.push(Sender::Webhook(Webhook::new(url.clone(), keys.clone())));
    }
    Ok(senders.into_iter().map(|sender| (sender.channel(), tasks::notify(tasks, journal, sender))).collect())
}

/// The sender by SMTP; it greets the mail server with this host's name.
fn smtp(config: &Config, Email { server, from, login }: &Email) -> anyhow::Result<Smtp> {
    let names = host_names(config);
    let login = login.as_ref().map(|(user, password)| (user.as_str(), password));
    Smtp::new(server.clone(), from, login, names.first().map(String::as_str)).map_err(anyhow::Error::msg)
}

/// `None`: no address of the vendor is configured.
pub fn mailer(config: &Config) -> anyhow::Result<Option<Mailer>> {
    let Some((to, email)) = config.license_request_to.clone().zip(config.notify.email.as_ref()) else {
        return Ok(None);
    };
    Ok(Some(Mailer { smtp: smtp(config, email)?, to }))
}

/// For the metrics: channel, result, count. A channel that is not configured has zeros.
pub fn counts(deliveries: &DeliveryCounters) -> Vec<(&'static str, &'static str, u64)> {
    let none = Deliveries::default();
    let of = |channel: Channel| {
        let counts = deliveries.iter().find(|(known, _)| *known == channel).map_or(&none, |(_, counts)| counts);
        counts.counts().map(|(result, count)| (channel.word(), result, count))
    };
    Channel::ALL.into_iter().flat_map(of).collect()
}
