//! Text of a notification for people: what happened, the numbers, and what can be done.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ids::InstanceId;
use crate::ledger::change::Limit;
use crate::ledger::notification::{Cause, Dispatch, Facts, Topic};
use crate::ledger::time::WallTime;

/// One notification, ready to be sent: the same each time it is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// Id by which a receiver detects a repetition. It contains no dot, because dots separate the parts that a
    /// webhook's signature covers.
    pub id: String,
    pub instance: InstanceId,
    pub dispatch: Dispatch,
}

impl Message {
    /// Builds a message; `id` must be the same each time it is sent.
    #[must_use]
    pub fn new(id: String, instance: InstanceId, dispatch: Dispatch) -> Self {
        Self { id, instance, dispatch }
    }

    /// Subject on one line. It begins with the tenant, for people who are responsible for several.
    #[must_use]
    pub fn subject(&self) -> String {
        let what = match (&self.dispatch.notification.topic, &self.dispatch.notification.facts) {
            (Topic::Exceeded(pool), Facts::Pool { cause: Cause::LimitShrank, limit, in_use, .. }) => {
                format!("{pool} is over its limit by {} ({in_use} in use, limit {limit})", limit.over(*in_use))
            }
            (Topic::Exceeded(pool), Facts::Pool { limit, in_use, .. }) => {
                format!("no seat was free in {pool} ({in_use} of {limit} in use)")
            }
            (Topic::Overdraft(pool), Facts::Pool { limit, in_use, .. }) => {
                format!("{pool} uses its overdraft ({in_use} in use, limit {limit})")
            }
            (Topic::Warning(percent, pool), Facts::Pool { limit, in_use, .. }) => {
                format!("{percent} % of the seats of {pool} are in use ({in_use} of {limit})")
            }
            (Topic::LicenseExpiring(license, _), Facts::License { expires, days }) => {
                format!("license {license} ends in {}, on {}", days_left(*days), date(*expires))
            }
            (topic, Facts::License { expires, .. }) => {
                format!("{} has ended, on {}", subject_of(topic), date(*expires))
            }
            (topic, Facts::Pool { .. }) => topic.to_string(),
        };
        line(&format!("[{}] {what}", self.dispatch.tenant))
    }

    /// What happened, the numbers, and what can be done. Lines have at most 78 characters, unless a name is longer.
    #[must_use]
    pub fn text(&self) -> String {
        let (happened, can_be_done) = match (&self.dispatch.notification.topic, &self.dispatch.notification.facts) {
            (Topic::Exceeded(pool), Facts::Pool { cause, limit, in_use, user, .. }) => {
                let user = user.as_ref().map(|user| line(user.as_str()));
                (exceeded(&line(pool.as_str()), *cause, *limit, *in_use, user.as_deref()), MORE_SEATS)
            }
            (Topic::Overdraft(pool), Facts::Pool { limit, in_use, .. }) => (
                format!(
                    "{in_use} seats of the pool {} are in use, and its limit is {limit}. The license\n\
                     allows some above it; they are recorded, so that they can be settled.",
                    line(pool.as_str())
                ),
                MORE_SEATS,
            ),
            (Topic::Warning(percent, pool), Facts::Pool { limit, in_use, .. }) => (
                format!(
                    "{in_use} of the {limit} seats of the pool {} are in use: {percent} % or more.\n\
                     When all of them are, the next login or grant is refused.",
                    line(pool.as_str())
                ),
                MORE_SEATS,
            ),
            (topic, Facts::License { expires, days: 0 }) => (
                format!(
                    "The {} has ended, on {}.\nOf what it gave, nothing new is granted. Sessions that are \
                     live go on,\nand administrators can still sign in.",
                    subject_of(topic),
                    moment(*expires)
                ),
                NEW_LICENSE,
            ),
            (topic, Facts::License { expires, days }) => (
                format!(
                    "The {} ends in {}, on {}.\nFrom then on nothing new is granted of what it gives. Sessions that \
                     are live\ngo on.",
                    subject_of(topic),
                    days_left(*days),
                    moment(*expires)
                ),
                NEW_LICENSE,
            ),
            (topic, Facts::Pool { .. }) => (line(&topic.to_string()), MORE_SEATS),
        };
        let Dispatch { tenant, display_name, notification, .. } = &self.dispatch;
        let name = if display_name.is_empty() { String::new() } else { format!(" ({})", line(display_name)) };
        let tenant = line(tenant.as_str());
        let once = match &notification.topic {
            Topic::Exceeded(_) => "You get this once until a seat is free again, and at most once a day.\n",
            Topic::Overdraft(_) => "You get this once until the use is back at the limit, and at most once a day.\n",
            Topic::Warning(..) => "You get this once until the use falls below this level, and at most once a day.\n",
            Topic::LicenseExpiring(..) | Topic::LicenseExpired(..) => "",
        };
        let raised = moment(notification.raised);
        format!(
            "{happened}\n\n{can_be_done}\n\nTenant:  {tenant}{name}\nTime:    {raised}\nTopic:   {}\nMessage: {}\n\n{once}You \
             get this because you are named as the responsible person of this\ntenant. It was sent by a program; \
             nobody reads answers.\n",
            line(&notification.topic.to_string()),
            self.id
        )
    }

    /// Time when the notification was raised.
    pub(super) fn time(&self) -> SystemTime {
        system_time(self.dispatch.notification.raised)
    }
}

const MORE_SEATS: &str = "What can be done:\n\
    - Take seats back from users who no longer need them, or close idle sessions.\n\
    - Ask your vendor for more seats: an administrator can produce a license\n  \
    request (usher license request).";

const NEW_LICENSE: &str = "What can be done:\n\
    - Ask your vendor for a new license: an administrator can produce a license\n  \
    request (usher license request).\n\
    - If you have it already, install it (usher license install).";

fn exceeded(pool: &str, cause: Cause, limit: Limit, in_use: u64, user: Option<&str>) -> String {
    let whom = user.map_or(String::new(), |user| format!(" for {user}"));
    let numbers = match limit.over(in_use) {
        0 => format!("{in_use} of {limit} seats are in use."),
        over => format!("{in_use} seats are in use, and the limit is {limit}: {over} too many."),
    };
    match cause {
        Cause::LimitShrank | Cause::Level | Cause::Overdraft => format!(
            "The limit of the pool {pool} is below what is in use.\n{numbers}\n\nNobody is logged out. Nothing new is \
             granted until seats are free again; in a\nnamed pool the users whose seats were granted last cannot sign \
             in until then."
        ),
        Cause::CheckOut => format!("A login{whom} was refused: no seat of the pool {pool} was free.\n{numbers}"),
        Cause::Grant => format!("A seat{whom} was refused: none of the pool {pool} was free.\n{numbers}"),
        Cause::Sync => format!(
            "A directory sync wanted a seat{whom},\nand none of the pool {pool} was free.\n{numbers}\n\nSuch users are \
             created blocked; a later sync activates them once a seat is free."
        ),
    }
}

fn subject_of(topic: &Topic) -> String {
    match topic {
        Topic::LicenseExpiring(license, revision) | Topic::LicenseExpired(license, revision) => {
            format!("license {} (revision {revision})", line(license.as_str()))
        }
        Topic::Exceeded(pool) | Topic::Overdraft(pool) | Topic::Warning(_, pool) => {
            format!("pool {}", line(pool.as_str()))
        }
    }
}

/// A name as it is shown to people: on one line, in the order in which it is written, and without anything that a mail
/// program would decode (RFC 2047).
pub(super) fn line(text: &str) -> String {
    let hides = |c: char| {
        // Unicode's property Bidi_Control.
        let turns_around = matches!(
            c,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        );
        c.is_control() || turns_around || matches!(c, '\u{2028}' | '\u{2029}')
    };
    let shown: String = text.chars().map(|c| if hides(c) { '\u{fffd}' } else { c }).collect();
    shown.replace("=?", "= ?")
}

fn days_left(days: u16) -> String {
    if days == 1 { "1 day".into() } else { format!("{days} days") }
}

/// The time in the type of the time libraries; times before 1970 become 1970.
pub(super) fn system_time(at: WallTime) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(at.0).unwrap_or(0).min(LAST_MILLISECOND))
}

/// The last millisecond of the year 9999.
const LAST_MILLISECOND: u64 = 253_402_300_799_999;

pub(super) fn moment(at: WallTime) -> String {
    let text = humantime::format_rfc3339_seconds(system_time(at)).to_string();
    text.replace('T', " ").replace('Z', " UTC")
}

fn date(at: WallTime) -> String {
    moment(at).chars().take(10).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ids::{EventNo, LicenseId, PoolId, TenantId, UserId};
    use crate::ledger::change::Plan;
    use crate::ledger::notification::NotificationView;

    /// 2026-11-22 02:00 UTC.
    const NOW: WallTime = WallTime(1_795_312_800_000);

    pub fn message(topic: Topic, facts: Facts) -> Message {
        let notification =
            NotificationView { topic, event: EventNo(7), raised: NOW, cleared: false, facts, deliveries: Vec::new() };
        let dispatch = Dispatch {
            tenant: TenantId::stored("acme"),
            display_name: "Acme Søn".into(),
            responsible_person: "boss@acme.example".into(),
            attempt: 1,
            notification,
        };
        Message::new("3f-0-7".into(), InstanceId(uuid::Uuid::nil()), dispatch)
    }

    pub fn refused(cause: Cause, limit: u64, in_use: u64) -> Message {
        let user = (cause != Cause::LimitShrank).then(|| UserId::stored("cid@acme.example"));
        let facts = Facts::Pool { cause, plan: Plan::Concurrent, limit: Limit::Seats(limit), in_use, user };
        message(Topic::Exceeded(PoolId::stored("primary")), facts)
    }

    #[test]
    fn a_refused_login_reads_well() {
        let message = refused(Cause::CheckOut, 5, 5);
        assert_eq!(message.subject(), "[acme] no seat was free in primary (5 of 5 in use)");
        let expected = "\
A login for cid@acme.example was refused: no seat of the pool primary was free.
5 of 5 seats are in use.

What can be done:
- Take seats back from users who no longer need them, or close idle sessions.
- Ask your vendor for more seats: an administrator can produce a license
  request (usher license request).

Tenant:  acme (Acme Søn)
Time:    2026-11-22 02:00:00 UTC
Topic:   exceeded/primary
Message: 3f-0-7

You get this once until a seat is free again, and at most once a day.
You get this because you are named as the responsible person of this
tenant. It was sent by a program; nobody reads answers.
";
        assert_eq!(message.text(), expected);
    }

    #[test]
    fn names_are_shown_as_they_are_written() {
        let name = "=?utf-8?Q?[other]_all_is_well?= a\u{202e}b\nTo: all\u{2028}x\u{61c}y\u{7f}";
        let mut message = refused(Cause::CheckOut, 5, 5);
        message.dispatch.tenant = TenantId::stored(name);
        message.dispatch.display_name = name.into();
        message.dispatch.notification.topic = Topic::Exceeded(PoolId::stored(name));
        let license = Topic::LicenseExpired(LicenseId::stored(name), 1);
        let ended = Facts::License { expires: NOW, days: 0 };
        for message in [message, self::message(license, ended)] {
            for text in [message.subject(), message.text()] {
                assert!(!text.contains("=?") && text.contains("= ?utf-8?Q?[other]"), "{text}");
                let plain =
                    |c: char| c == '\n' || !(c.is_control() || ['\u{202e}', '\u{2028}', '\u{61c}'].contains(&c));
                assert!(text.chars().all(plain) && !text.contains("\nTo:"), "{text}");
            }
            assert!(!message.subject().contains('\n'));
        }
    }

    #[test]
    fn every_kind_has_its_numbers() {
        let license = || LicenseId::stored("gold");
        let ends = |days| Facts::License { expires: WallTime(NOW.0 + 86_400_000), days };
        let level =
            Facts::Pool { cause: Cause::Level, plan: Plan::Named, limit: Limit::Seats(100), in_use: 91, user: None };
        for (message, subject, text) in [
            (
                refused(Cause::LimitShrank, 5, 7),
                "[acme] primary is over its limit by 2 (7 in use, limit 5)",
                "7 seats are in use, and the limit is 5: 2 too many.",
            ),
            (
                refused(Cause::Grant, 5, 5),
                "[acme] no seat was free in primary (5 of 5 in use)",
                "A seat for cid@acme.example was refused: none of the pool primary was free.",
            ),
            (
                refused(Cause::Sync, 5, 5),
                "[acme] no seat was free in primary (5 of 5 in use)",
                "a later sync activates them once a seat is free.",
            ),
            (
                message(Topic::Warning(90, PoolId::stored("crm")), level),
                "[acme] 90 % of the seats of crm are in use (91 of 100)",
                "91 of the 100 seats of the pool crm are in use: 90 % or more.",
            ),
            (
                message(Topic::LicenseExpiring(license(), 2), ends(1)),
                "[acme] license gold ends in 1 day, on 2026-11-23",
                "The license gold (revision 2) ends in 1 day, on 2026-11-23 02:00:00 UTC.",
            ),
            (
                message(Topic::LicenseExpired(license(), 2), ends(0)),
                "[acme] license gold (revision 2) has ended, on 2026-11-23",
                "The license gold (revision 2) has ended, on 2026-11-23 02:00:00 UTC.",
            ),
        ] {
            assert_eq!(message.subject(), subject);
            let whole = message.text();
            assert!(whole.contains(text) && whole.contains("What can be done:"), "{whole}");
            assert!(whole.lines().all(|line| line.chars().count() <= 80), "{whole}");
        }
    }
}
