//! Stored notifications (R34): one row for each tenant and topic. The row both remembers the notification and is its
//! outbox entry, so that their number is bounded by the topics that pools and licenses can have.

use std::fmt;
use std::time::Duration;

use super::limit::Limit;
use super::plan::Plan;
use super::time::{Moment, Tick, WallTime};
use crate::ids::{EventNo, LicenseId, PoolId, TenantId, TenantNo, UserId};

/// Subject of a notification. Its text is the key in the store and in the API: never change one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// The limit of a pool is exceeded.
    Exceeded(PoolId),
    /// More of a pool is in use than its limit, as the license allows (R41).
    Overdraft(PoolId),
    /// So many percent of a pool's limit are in use.
    Warning(u8, PoolId),
    /// A revision of a license ends soon.
    LicenseExpiring(LicenseId, u64),
    /// The revision has ended.
    LicenseExpired(LicenseId, u64),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Exceeded(pool) => write!(f, "exceeded/{pool}"),
            Topic::Overdraft(pool) => write!(f, "overdraft/{pool}"),
            Topic::Warning(percent, pool) => write!(f, "warning-{percent}/{pool}"),
            Topic::LicenseExpiring(license, revision) => write!(f, "license-expiring/{license}@{revision}"),
            Topic::LicenseExpired(license, revision) => write!(f, "license-expired/{license}@{revision}"),
        }
    }
}

impl Topic {
    /// Parses the text that [`fmt::Display`] writes. Returns `None` if it is no topic.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (kind, subject) = text.split_once('/')?;
        let pool = || PoolId::parse(subject).ok();
        let license = || {
            let (id, revision) = subject.rsplit_once('@')?;
            Some((LicenseId::parse(id).ok()?, revision.parse().ok()?))
        };
        let topic = match kind {
            "exceeded" => Topic::Exceeded(pool()?),
            "overdraft" => Topic::Overdraft(pool()?),
            "license-expiring" => license().map(|(id, revision)| Topic::LicenseExpiring(id, revision))?,
            "license-expired" => license().map(|(id, revision)| Topic::LicenseExpired(id, revision))?,
            other => Topic::Warning(other.strip_prefix("warning-")?.parse().ok()?, pool()?),
        };
        // Each topic has exactly one text: no `+5`, no `007`.
        (topic.to_string() == text).then_some(topic)
    }

    /// The pool of the topic; `None`: the topic is about a license.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolId> {
        match self {
            Topic::Exceeded(pool) | Topic::Overdraft(pool) | Topic::Warning(_, pool) => Some(pool),
            Topic::LicenseExpiring(..) | Topic::LicenseExpired(..) => None,
        }
    }
}

/// Cause for which a pool is at its limit, or at a warning level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A check-out was denied because no seat was free.
    CheckOut,
    /// A grant, or another command that gives seats, was denied.
    Grant,
    /// An entry of a directory sync was denied (R33).
    Sync,
    /// A license was deleted, replaced or revoked, or it ended: more is in use than the limit (R14).
    LimitShrank,
    /// The use has reached a warning level of the policy.
    Level,
    /// More is in use than the limit, as the license allows (R41).
    Overdraft,
}

/// Numbers at the time of the notification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Facts {
    Pool {
        cause: Cause,
        plan: Plan,
        limit: Limit,
        in_use: u64,
        /// User of the denial.
        user: Option<UserId>,
    },
    /// `days`: the notification was due so many days before the end; 0: at the end.
    License { expires: WallTime, days: u16 },
}

/// Channel by which a notification is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Email to the responsible person.
    Email,
    Webhook,
}

impl Channel {
    pub const ALL: [Channel; 2] = [Channel::Email, Channel::Webhook];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Webhook => "webhook",
        }
    }
}

/// Channels that the server is configured for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Channels {
    pub email: bool,
    pub webhook: bool,
}

/// State of a delivery. The store contains the numbers: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DeliveryState {
    /// To be sent when it is due.
    Pending = 1,
    /// Sent, and the answer is not known yet. Without an answer it is sent again.
    UnderWay = 2,
    /// The receiver confirmed it. It is not sent again.
    Done = 3,
    /// Given up: a dead letter.
    Dead = 4,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 4] =
        [DeliveryState::Pending, DeliveryState::UnderWay, DeliveryState::Done, DeliveryState::Dead];

    /// Number in the store.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// Delivery of one notification by one channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delivery {
    pub state: DeliveryState,
    /// Time of the request for it: after three days it is given up.
    pub since: Tick,
    pub attempts: u32,
    /// Time at which it is due: the next attempt, or the time until which an answer is awaited.
    pub next: Tick,
    /// Error of the last attempt; empty: none failed.
    pub error: Box<str>,
}

impl Delivery {
    /// True if the delivery is pending or in progress.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, DeliveryState::Pending | DeliveryState::UnderWay)
    }
}

/// Deliveries by channel; `None`: it is not sent by this channel.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Deliveries {
    pub email: Option<Delivery>,
    pub webhook: Option<Delivery>,
}

impl Deliveries {
    #[must_use]
    pub fn get(&self, channel: Channel) -> Option<&Delivery> {
        match channel {
            Channel::Email => self.email.as_ref(),
            Channel::Webhook => self.webhook.as_ref(),
        }
    }

    pub fn at(&mut self, channel: Channel) -> &mut Option<Delivery> {
        match channel {
            Channel::Email => &mut self.email,
            Channel::Webhook => &mut self.webhook,
        }
    }

    pub fn iter(&self) -> impl Iterator<Item = &Delivery> {
        self.email.iter().chain(&self.webhook)
    }
}

/// Row of a notification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NotificationRow {
    pub tenant: TenantNo,
    pub topic: Topic,
    /// Number of the audit event of the notification, which identifies it in its shard.
    pub event: EventNo,
    pub raised: Tick,
    /// True if the condition has ended: the next occurrence is a new one.
    pub cleared: bool,
    pub facts: Facts,
    pub deliveries: Deliveries,
}

/// A notification, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationView {
    pub topic: Topic,
    pub event: EventNo,
    pub raised: WallTime,
    pub cleared: bool,
    pub facts: Facts,
    /// In the order of [`Channel::ALL`].
    pub deliveries: Vec<DeliveryView>,
}

/// Delivery of a notification, as a console shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryView {
    pub channel: Channel,
    pub state: DeliveryState,
    pub attempts: u32,
    /// Time at which it is sent, or sent again; `None`: never.
    pub next: Option<WallTime>,
    pub error: Box<str>,
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub tenant: TenantId,
    pub topic: Topic,
    pub event: EventNo,
}

/// What is needed to send a delivery, whose begin is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    pub tenant: TenantId,
    pub display_name: Box<str>,
    /// Email address; never empty for an email.
    pub responsible_person: Box<str>,
    /// Number of the attempt, from 1 on.
    pub attempt: u32,
    pub notification: NotificationView,
}

/// Result of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver confirmed it.
    Answered,
    /// Failed; another attempt makes sense.
    Failed(Box<str>),
    /// Failed; another attempt makes sense, but not before this time, as the receiver demands.
    Later(Box<str>, Duration),
    /// The receiver refuses it permanently.
    Refused(Box<str>),
}

impl NotificationRow {
    /// The notification, as a console shows it.
    pub(in crate::ledger) fn view(&self, now: Moment) -> NotificationView {
        let shown = |channel: Channel| {
            let delivery = self.deliveries.get(channel)?;
            Some(DeliveryView {
                channel,
                state: delivery.state,
                attempts: delivery.attempts,
                next: delivery.is_open().then(|| now.wall_of(delivery.next)),
                error: delivery.error.clone(),
            })
        };
        NotificationView {
            topic: self.topic.clone(),
            event: self.event,
            raised: now.wall_of(self.raised),
            cleared: self.cleared,
            facts: self.facts.clone(),
            deliveries: Channel::ALL.into_iter().filter_map(shown).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_is_read_as_it_was_written() {
        let pool = PoolId::stored("a/b@7 c");
        let license = LicenseId::stored("gold@x/y");
        for topic in [
            Topic::Exceeded(pool.clone()),
            Topic::Overdraft(pool.clone()),
            Topic::Warning(90, pool),
            Topic::LicenseExpiring(license.clone(), 7),
            Topic::LicenseExpired(license, u64::MAX),
        ] {
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
        assert_eq!(Topic::Exceeded(PoolId::stored("primary")).to_string(), "exceeded/primary");
    }

    #[test]
    fn what_is_no_topic_is_none() {
        for text in ["", "exceeded", "exceeded/", "warning-/a", "warning-256/a", "warning-07/a", "license-expired/a"] {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
        for text in ["license-expired/a@-1", "license-expiring/@1", "license-expired/a@+1", "what/a"] {
            assert_eq!(Topic::parse(text), None, "{text}");
        }
    }
}
