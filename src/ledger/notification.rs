//! What people are told (R34), as it is kept: one row per tenant and topic. The row is both the memory of what was told
//! and the outbox, so that there are never more of them than pools and licenses can have topics.

use std::fmt;
use std::time::Duration;

use super::change::{Limit, Plan};
use super::time::{Tick, Wall};
use crate::ids::{EventNo, LicenseId, PoolId, TenantId, TenantNo, UserId};

/// What a notification is about. Its text is the key in the stores and in the API: never change one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Topic {
    /// A limit is exceeded.
    Exceeded(PoolId),
    /// So many percent of a limit are in use.
    Warning(u8, PoolId),
    /// A revision of a license ends soon.
    LicenseExpiring(LicenseId, u64),
    /// It has ended.
    LicenseExpired(LicenseId, u64),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Topic::Exceeded(pool) => write!(f, "exceeded/{pool}"),
            Topic::Warning(percent, pool) => write!(f, "warning-{percent}/{pool}"),
            Topic::LicenseExpiring(license, revision) => write!(f, "license-expiring/{license}@{revision}"),
            Topic::LicenseExpired(license, revision) => write!(f, "license-expired/{license}@{revision}"),
        }
    }
}

impl Topic {
    /// Reads what [`fmt::Display`] writes. `None`: it is no topic.
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
            "license-expiring" => license().map(|(id, revision)| Topic::LicenseExpiring(id, revision))?,
            "license-expired" => license().map(|(id, revision)| Topic::LicenseExpired(id, revision))?,
            other => Topic::Warning(other.strip_prefix("warning-")?.parse().ok()?, pool()?),
        };
        // One text for each: no `+5`, no `007`.
        (topic.to_string() == text).then_some(topic)
    }

    /// The pool that it is about; `None`: a license.
    #[must_use]
    pub fn pool(&self) -> Option<&PoolId> {
        match self {
            Topic::Exceeded(pool) | Topic::Warning(_, pool) => Some(pool),
            Topic::LicenseExpiring(..) | Topic::LicenseExpired(..) => None,
        }
    }
}

/// What brought a pool to its limit, or to a share of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// A check-out was refused for want of a seat.
    CheckOut,
    /// A grant was, or another act that gives seats.
    Grant,
    /// An entry of a directory sync was (R33).
    Sync,
    /// A license was deleted, replaced or revoked, or it ended: what is in use is above the limit now (R14).
    LimitShrank,
    /// A share of the limit is in use that the policy warns at.
    Level,
}

/// The numbers when it was told.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Facts {
    Pool {
        cause: Cause,
        plan: Plan,
        limit: Limit,
        in_use: u64,
        /// Who was refused.
        user: Option<UserId>,
    },
    /// `days`: the notice was due so many days before the end; 0: at the end.
    License { expires: Wall, days: u16 },
}

/// A way on which a notification goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// To the responsible person.
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

/// Which channels a service has; as it was configured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Channels {
    pub email: bool,
    pub webhook: bool,
}

/// How far a delivery is. The numbers are in the store: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum DeliveryState {
    /// To be sent at its time.
    Pending = 1,
    /// Given to the receiver, whose answer is not known. Without one it is sent again.
    UnderWay = 2,
    /// The receiver answered that it has it. It is not sent again.
    Done = 3,
    /// Given up: a dead letter.
    Dead = 4,
}

impl DeliveryState {
    pub const ALL: [DeliveryState; 4] =
        [DeliveryState::Pending, DeliveryState::UnderWay, DeliveryState::Done, DeliveryState::Dead];

    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// One notification on one channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Delivery {
    pub state: DeliveryState,
    /// When it was asked for: after some days it is given up.
    pub since: Tick,
    pub attempts: u32,
    /// When it is due: the next attempt, or the time by which an answer would have come.
    pub next: Tick,
    /// Why the last attempt failed; empty: none did.
    pub error: Box<str>,
}

impl Delivery {
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, DeliveryState::Pending | DeliveryState::UnderWay)
    }
}

/// By channel; `None`: it does not go out on this one.
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

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NotificationRow {
    pub tenant: TenantNo,
    pub topic: Topic,
    /// The audit event of the telling: it names the message in its shard.
    pub event: EventNo,
    pub raised: Tick,
    /// What was told is over since: the next time is a new one.
    pub cleared: bool,
    pub facts: Facts,
    pub deliveries: Deliveries,
}

/// A notification, as consoles show it.
#[derive(Debug, Clone, PartialEq)]
pub struct NotificationView {
    pub topic: Topic,
    pub event: EventNo,
    pub raised: Wall,
    pub cleared: bool,
    pub facts: Facts,
    /// In the order of [`Channel::ALL`].
    pub deliveries: Vec<DeliveryView>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryView {
    pub channel: Channel,
    pub state: DeliveryState,
    pub attempts: u32,
    /// When it is sent (again); `None`: never.
    pub next: Option<Wall>,
    pub error: Box<str>,
}

/// A delivery whose time has come.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    pub tenant: TenantId,
    pub topic: Topic,
    pub event: EventNo,
}

/// What is needed to send one: it is durable that it is under way.
#[derive(Debug, Clone, PartialEq)]
pub struct Dispatch {
    pub tenant: TenantId,
    pub display_name: Box<str>,
    /// An email address; where an email goes, never empty.
    pub responsible_person: Box<str>,
    /// From 1 on.
    pub attempt: u32,
    pub notification: NotificationView,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver has it.
    Answered,
    /// Worth another attempt.
    Failed(Box<str>),
    /// Worth another attempt, and not before so much time: the receiver says so.
    Later(Box<str>, Duration),
    /// The receiver does not want it, now or later.
    Refused(Box<str>),
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
