//! Parses a tenant's policy. An invalid value is refused, and the error names the field.

use std::time::Duration;

use super::mask::{Field, Mask};
use super::values::{choice, duration};
use crate::ids::MAX_USER_ID_BYTES;
use crate::ledger::command::PolicyPatch;
use crate::ledger::outcome::Refusal;
use crate::ledger::policy::{CloseActive, Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use crate::notify::is_address;
use crate::proto::v1;
use crate::status::FieldViolations;

/// Paths that a field mask may name.
pub const PATHS: [&str; 15] = [
    "policy.lease_ttl",
    "policy.max_session",
    "policy.away_after",
    "policy.idle_after",
    "policy.idle_timeout",
    "policy.max_devices_per_user",
    "policy.when_already_signed_in",
    "policy.when_full",
    "policy.close_active",
    "policy.unknown_users",
    "policy.administrators_count_in_named",
    "policy.administrators_count_in_concurrent",
    "policy.responsible_person",
    "policy.seat_request_step",
    "policy.warn_at_percent",
];

/// Shorter durations are mistakes of a unit, and would make clients do nothing but send heartbeats.
const MIN_DURATION: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(366 * 24 * 60 * 60);
/// A user has a session slot for each device, and slots are searched one by one.
const MAX_DEVICES: u32 = 1_000;
const MAX_STEP: u32 = 1_000_000;
const MAX_WARNINGS: usize = 10;

/// Valid values of a duration, and the text of the error.
struct Bounds {
    /// True: 0 is valid, with a meaning of its own.
    zero: bool,
    max: Duration,
    text: &'static str,
}

const LEASE: Bounds =
    Bounds { zero: true, max: DAY, text: "must be 0 (no heartbeat is needed) or from 1 second to 24 hours" };
const AGE: Bounds = Bounds { zero: false, max: YEAR, text: "must be from 1 second to 366 days" };
const TIMEOUT: Bounds = Bounds { zero: true, max: YEAR, text: "must be 0 (off) or from 1 second to 366 days" };

/// Parses the changes that `tenant.policy` makes.
pub fn patch(problems: &mut FieldViolations, policy: Option<v1::Policy>, mask: &Mask) -> PolicyPatch {
    let policy = policy.unwrap_or_default();
    let default = Policy::default();
    let mut fields = Fields { problems, mask };
    PolicyPatch {
        lease_ttl: fields.duration("policy.lease_ttl", policy.lease_ttl, default.lease_ttl, &LEASE),
        max_session: fields.duration("policy.max_session", policy.max_session, default.max_session, &AGE),
        away_after: fields.duration("policy.away_after", policy.away_after, default.away_after, &AGE),
        idle_after: fields.duration("policy.idle_after", policy.idle_after, default.idle_after, &AGE),
        idle_timeout: fields
            .duration("policy.idle_timeout", policy.idle_timeout, default.idle_timeout.unwrap_or_default(), &TIMEOUT)
            .map(|timeout| (!timeout.is_zero()).then_some(timeout)),
        max_devices_per_user: fields.number(
            "policy.max_devices_per_user",
            policy.max_devices_per_user,
            default.max_devices_per_user,
            MAX_DEVICES,
        ),
        when_already_signed_in: fields.choice(
            "policy.when_already_signed_in",
            policy.when_already_signed_in,
            |value| match value {
                v1::WhenAlreadySignedIn::Unspecified => None,
                v1::WhenAlreadySignedIn::Deny => Some(WhenAlreadySignedIn::Deny),
                v1::WhenAlreadySignedIn::TakeOver => Some(WhenAlreadySignedIn::TakeOver),
            },
        ),
        when_full: fields.choice("policy.when_full", policy.when_full, |value| match value {
            v1::WhenFull::Unspecified => None,
            v1::WhenFull::Deny => Some(WhenFull::Deny),
            v1::WhenFull::ReclaimIdle => Some(WhenFull::ReclaimIdle),
        }),
        close_active: fields.choice("policy.close_active", policy.close_active, |value| match value {
            v1::CloseActive::Unspecified => None,
            v1::CloseActive::Refuse => Some(CloseActive::Refuse),
            v1::CloseActive::Allow => Some(CloseActive::Allow),
        }),
        unknown_users: fields.choice("policy.unknown_users", policy.unknown_users, |value| match value {
            v1::UnknownUsers::Unspecified => None,
            v1::UnknownUsers::Deny => Some(UnknownUsers::Deny),
            v1::UnknownUsers::Admit => Some(UnknownUsers::Admit),
        }),
        administrators_count_in_named: fields.flag(
            "policy.administrators_count_in_named",
            policy.administrators_count_in_named,
            default.administrators_count_in_named,
        ),
        administrators_count_in_concurrent: fields.flag(
            "policy.administrators_count_in_concurrent",
            policy.administrators_count_in_concurrent,
            default.administrators_count_in_concurrent,
        ),
        responsible_person: fields.email("policy.responsible_person", policy.responsible_person),
        seat_request_step: fields.number(
            "policy.seat_request_step",
            policy.seat_request_step,
            default.seat_request_step,
            MAX_STEP,
        ),
        warn_at_percent: fields.percents("policy.warn_at_percent", policy.warn_at_percent),
    }
}

/// Checks that the fields of a new tenant's policy fit together. For an update only the ledger knows the whole policy,
/// and checks it.
pub fn check_whole(problems: &mut FieldViolations, policy: &Policy) {
    if let Err(Refusal::Invalid { field, text }) = policy.check() {
        problems.add(field, text);
    }
}

/// The policy of a new tenant.
pub fn merged(patch: PolicyPatch) -> Policy {
    let default = Policy::default();
    Policy {
        lease_ttl: patch.lease_ttl.unwrap_or(default.lease_ttl),
        max_session: patch.max_session.unwrap_or(default.max_session),
        away_after: patch.away_after.unwrap_or(default.away_after),
        idle_after: patch.idle_after.unwrap_or(default.idle_after),
        idle_timeout: patch.idle_timeout.unwrap_or(default.idle_timeout),
        max_devices_per_user: patch.max_devices_per_user.unwrap_or(default.max_devices_per_user),
        when_already_signed_in: patch.when_already_signed_in.unwrap_or(default.when_already_signed_in),
        when_full: patch.when_full.unwrap_or(default.when_full),
        close_active: patch.close_active.unwrap_or(default.close_active),
        unknown_users: patch.unknown_users.unwrap_or(default.unknown_users),
        administrators_count_in_named: patch
            .administrators_count_in_named
            .unwrap_or(default.administrators_count_in_named),
        administrators_count_in_concurrent: patch
            .administrators_count_in_concurrent
            .unwrap_or(default.administrators_count_in_concurrent),
        responsible_person: patch.responsible_person.unwrap_or(default.responsible_person),
        seat_request_step: patch.seat_request_step.unwrap_or(default.seat_request_step),
        warn_at_percent: patch.warn_at_percent.unwrap_or(default.warn_at_percent),
    }
}

/// Reads the fields that the mask selects; other fields are not checked.
struct Fields<'a> {
    problems: &'a mut FieldViolations,
    mask: &'a Mask,
}

impl Fields<'_> {
    fn duration(
        &mut self,
        field: &str,
        set: Option<prost_types::Duration>,
        default: Duration,
        bounds: &Bounds,
    ) -> Option<Duration> {
        match self.mask.pick(field, set) {
            Field::Stays => None,
            Field::Reset => Some(default),
            Field::Becomes(given) => {
                let path = path(field);
                let value = duration(self.problems, &path, given)?;
                let makes_sense = (MIN_DURATION..=bounds.max).contains(&value) || (bounds.zero && value.is_zero());
                if !makes_sense {
                    self.problems.add(path, bounds.text);
                }
                makes_sense.then_some(value)
            }
        }
    }

    fn number(&mut self, field: &str, set: Option<u32>, default: u32, max: u32) -> Option<u32> {
        match self.mask.pick(field, set) {
            Field::Stays => None,
            Field::Reset => Some(default),
            Field::Becomes(value) if (1..=max).contains(&value) => Some(value),
            Field::Becomes(_) => {
                self.problems.add(path(field), format!("must be from 1 to {max}"));
                None
            }
        }
    }

    fn flag(&mut self, field: &str, set: Option<bool>, default: bool) -> Option<bool> {
        match self.mask.pick(field, set) {
            Field::Stays => None,
            Field::Reset => Some(default),
            Field::Becomes(value) => Some(value),
        }
    }

    /// Reads an enum. `known` returns `None` for the value that means "not set".
    fn choice<E, V>(&mut self, field: &str, number: i32, known: impl Fn(E) -> Option<V>) -> Option<V>
    where
        E: TryFrom<i32>,
        V: Default,
    {
        match self.mask.pick(field, (number != 0).then_some(number)) {
            Field::Stays => None,
            Field::Reset => Some(V::default()),
            Field::Becomes(number) => choice(self.problems, &path(field), number).and_then(known),
        }
    }

    /// Reads percentages: sorted, each once.
    fn percents(&mut self, field: &str, given: Vec<u32>) -> Option<Box<[u8]>> {
        let given = self.mask.pick_or_empty(field, given)?;
        let percents: Option<std::collections::BTreeSet<u8>> =
            given.iter().map(|percent| u8::try_from(*percent).ok().filter(|one| (1..=100).contains(one))).collect();
        match percents {
            Some(percents) if given.len() <= MAX_WARNINGS => Some(percents.into_iter().collect()),
            _ => {
                self.problems.add(path(field), format!("must hold at most {MAX_WARNINGS} numbers, each from 1 to 100"));
                None
            }
        }
    }

    /// Reads an email address; empty: none.
    fn email(&mut self, field: &str, text: String) -> Option<Box<str>> {
        let text = self.mask.pick_or_empty(field, text)?;
        let path = path(field);
        let is_one = is_address(&text) && !text.contains(|c: char| c.is_whitespace() || c.is_control());
        if text.len() > MAX_USER_ID_BYTES {
            self.problems.add(path, format!("must be at most {MAX_USER_ID_BYTES} bytes long"));
        } else if !text.is_empty() && !is_one {
            self.problems.add(path, "must be one email address, such as boss@example.com");
        }
        Some(text.into())
    }
}

fn path(field: &str) -> String {
    format!("tenant.{field}")
}

#[cfg(test)]
mod tests {
    use prost_types::FieldMask;

    use super::super::testing::{fields, list};
    use super::*;

    const MINUTE: i64 = 60;

    fn seconds(seconds: i64) -> Option<prost_types::Duration> {
        Some(prost_types::Duration { seconds, nanos: 0 })
    }

    fn parsed(policy: v1::Policy, paths: &[&str]) -> (PolicyPatch, Vec<String>) {
        let mut problems = FieldViolations::default();
        let mask = Mask::parse(&mut problems, Some(FieldMask { paths: list(paths) }), &PATHS, &[]);
        let patch = patch(&mut problems, Some(policy), &mask);
        (patch, fields(problems))
    }

    #[test]
    fn a_policy_that_is_not_given_is_the_default() {
        let (patch, problems) = parsed(v1::Policy::default(), &[]);
        assert_eq!((merged(patch), problems), (Policy::default(), vec![]));
    }

    #[test]
    fn each_field_of_a_policy() {
        let given = v1::Policy {
            lease_ttl: seconds(0),
            max_session: seconds(MINUTE),
            away_after: seconds(1),
            idle_after: seconds(2),
            idle_timeout: seconds(3),
            max_devices_per_user: Some(2),
            when_already_signed_in: v1::WhenAlreadySignedIn::TakeOver.into(),
            when_full: v1::WhenFull::ReclaimIdle.into(),
            close_active: v1::CloseActive::Allow.into(),
            unknown_users: v1::UnknownUsers::Admit.into(),
            administrators_count_in_named: Some(false),
            administrators_count_in_concurrent: Some(true),
            responsible_person: "boss@acme.example".into(),
            seat_request_step: Some(10),
            warn_at_percent: vec![95, 75, 95],
        };
        let (patch, problems) = parsed(given, &[]);
        assert_eq!(problems, Vec::<String>::new());
        let expected = Policy {
            lease_ttl: Duration::ZERO,
            max_session: Duration::from_secs(60),
            away_after: Duration::from_secs(1),
            idle_after: Duration::from_secs(2),
            idle_timeout: Some(Duration::from_secs(3)),
            max_devices_per_user: 2,
            when_already_signed_in: WhenAlreadySignedIn::TakeOver,
            when_full: WhenFull::ReclaimIdle,
            close_active: CloseActive::Allow,
            unknown_users: UnknownUsers::Admit,
            administrators_count_in_named: false,
            administrators_count_in_concurrent: true,
            responsible_person: "boss@acme.example".into(),
            seat_request_step: 10,
            warn_at_percent: [75, 95].into(),
        };
        assert_eq!(merged(patch), expected);
    }

    #[test]
    fn nonsense_is_refused_with_the_field_named() {
        let check = |policy: v1::Policy, field: &str| {
            assert_eq!(parsed(policy, &[]).1, [format!("tenant.policy.{field}")], "{field}");
        };
        let policy = v1::Policy::default;
        check(v1::Policy { lease_ttl: seconds(-1), ..policy() }, "lease_ttl");
        check(v1::Policy { lease_ttl: seconds(24 * 60 * MINUTE + 1), ..policy() }, "lease_ttl");
        let half = Some(prost_types::Duration { seconds: 0, nanos: 500_000_000 });
        check(v1::Policy { lease_ttl: half, ..policy() }, "lease_ttl");
        check(v1::Policy { max_session: seconds(0), ..policy() }, "max_session");
        check(v1::Policy { max_session: seconds(i64::MAX), ..policy() }, "max_session");
        check(v1::Policy { away_after: seconds(0), ..policy() }, "away_after");
        check(v1::Policy { idle_after: seconds(0), ..policy() }, "idle_after");
        check(v1::Policy { idle_timeout: seconds(-5), ..policy() }, "idle_timeout");
        check(v1::Policy { max_devices_per_user: Some(0), ..policy() }, "max_devices_per_user");
        check(v1::Policy { max_devices_per_user: Some(1_001), ..policy() }, "max_devices_per_user");
        check(v1::Policy { when_already_signed_in: 3, ..policy() }, "when_already_signed_in");
        check(v1::Policy { when_full: -1, ..policy() }, "when_full");
        check(v1::Policy { close_active: 99, ..policy() }, "close_active");
        check(v1::Policy { unknown_users: 3, ..policy() }, "unknown_users");
        check(v1::Policy { seat_request_step: Some(0), ..policy() }, "seat_request_step");
        for percents in [vec![0], vec![50, 101], vec![u32::MAX], vec![50; 11]] {
            check(v1::Policy { warn_at_percent: percents, ..policy() }, "warn_at_percent");
        }
        let long = format!("{}@acme", "x".repeat(254));
        for person in ["boss", "@acme", "boss@", "a b@acme", "\"a b\"@acme", &long] {
            check(v1::Policy { responsible_person: person.into(), ..policy() }, "responsible_person");
        }
        for person in ["a@x;b@x", "a@x,b@x", "a..b@x", "mailto:boss@acme.example", "boss@acme.example."] {
            check(v1::Policy { responsible_person: person.into(), ..policy() }, "responsible_person");
        }
    }

    #[test]
    fn a_second_is_a_lease_too() {
        let (patch, problems) = parsed(v1::Policy { lease_ttl: seconds(1), ..Default::default() }, &[]);
        assert_eq!((patch.lease_ttl, problems), (Some(Duration::from_secs(1)), vec![]));
    }

    #[test]
    fn fields_must_fit_together() {
        let check = |away_after, idle_after, bad: &[&str]| {
            let (patch, _) = parsed(v1::Policy { away_after, idle_after, ..Default::default() }, &[]);
            let mut problems = FieldViolations::default();
            check_whole(&mut problems, &merged(patch));
            assert_eq!(fields(problems), bad, "{away_after:?} {idle_after:?}");
        };
        check(seconds(59), seconds(60), &[]);
        check(seconds(61), seconds(60), &["tenant.policy.away_after"]);
        // The default of `away_after` is 5 minutes.
        check(None, seconds(60), &["tenant.policy.away_after"]);
    }

    #[test]
    fn a_mask_takes_some_fields_and_resets_those_that_are_not_set() {
        let given = v1::Policy { lease_ttl: seconds(30), when_full: 99, ..Default::default() };
        let (patch, problems) = parsed(given, &["policy.lease_ttl", "policy.max_session", "policy.idle_timeout"]);
        assert_eq!(problems, Vec::<String>::new(), "what is not named is not looked at");
        assert_eq!(patch.lease_ttl, Some(Duration::from_secs(30)));
        assert_eq!(patch.max_session, Some(Policy::default().max_session));
        assert_eq!(patch.idle_timeout, Some(None));
        assert_eq!((patch.away_after, patch.when_full, patch.responsible_person), (None, None, None));
    }

    #[test]
    fn the_mask_policy_takes_every_field() {
        let given = v1::Policy { max_devices_per_user: Some(3), ..Default::default() };
        let (patch, problems) = parsed(given, &["policy"]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(patch.responsible_person, Some("".into()));
        assert_eq!(patch.administrators_count_in_named, Some(true));
        assert_eq!(merged(patch), Policy { max_devices_per_user: 3, ..Policy::default() });
    }
}
