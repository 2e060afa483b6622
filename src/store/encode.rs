//! Values that both stores keep as text or as small numbers. These values are on disk. A release must be able to read
//! what any earlier release wrote, so keys and words never change, and a missing key means its default.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::StoreError;
use crate::ids::{EventNo, OrganizationNo, UserId};
use crate::ledger::change::{Access, Action, BlockCause, Limit, Plan, Profile, Reason, TenantState};
use crate::ledger::former_id::FormerId;
use crate::ledger::license::Standing;
use crate::ledger::license_fetch::{FetchOutcome, LicenseFetch};
use crate::ledger::outcome::SessionEndReason;
use crate::ledger::policy::{CloseActive, Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use crate::ledger::time::{Tick, WallTime};

const UNLIMITED: &str = "UNLIMITED";

const SIGNED_IN: [(WhenAlreadySignedIn, &str); 2] =
    [(WhenAlreadySignedIn::Deny, "DENY"), (WhenAlreadySignedIn::TakeOver, "TAKE_OVER")];
const FULL: [(WhenFull, &str); 2] = [(WhenFull::Deny, "DENY"), (WhenFull::ReclaimIdle, "RECLAIM_IDLE")];
const CLOSE: [(CloseActive, &str); 2] = [(CloseActive::Refuse, "REFUSE"), (CloseActive::Allow, "ALLOW")];
const UNKNOWN: [(UnknownUsers, &str); 2] = [(UnknownUsers::Deny, "DENY"), (UnknownUsers::Admit, "ADMIT")];
pub(super) const PLANS: [(Plan, &str); 2] = [(Plan::Named, "NAMED"), (Plan::Concurrent, "CONCURRENT")];

#[must_use]
pub fn policy_to_text(policy: &Policy) -> String {
    json!({
        "lease_ttl_ms": millis(policy.lease_ttl),
        "max_session_ms": millis(policy.max_session),
        "away_after_ms": millis(policy.away_after),
        "idle_after_ms": millis(policy.idle_after),
        "idle_timeout_ms": policy.idle_timeout.map(millis),
        "max_devices_per_user": policy.max_devices_per_user,
        "when_already_signed_in": word(&SIGNED_IN, policy.when_already_signed_in),
        "when_full": word(&FULL, policy.when_full),
        "close_active": word(&CLOSE, policy.close_active),
        "unknown_users": word(&UNKNOWN, policy.unknown_users),
        "administrators_count_in_named": policy.administrators_count_in_named,
        "administrators_count_in_concurrent": policy.administrators_count_in_concurrent,
        "responsible_person": policy.responsible_person,
        "seat_request_step": policy.seat_request_step,
        "warn_at_percent": &*policy.warn_at_percent,
    })
    .to_string()
}

/// # Errors
/// The text is not what [`policy_to_text`] writes.
pub fn policy_from_text(text: &str) -> Result<Policy, StoreError> {
    let fields = Fields::parse("tenants.policy", text)?;
    let default = Policy::default();
    let duration = |key, default| fields.read(key, default, |value| value.as_u64().map(Duration::from_millis));
    Ok(Policy {
        lease_ttl: duration("lease_ttl_ms", default.lease_ttl)?,
        max_session: duration("max_session_ms", default.max_session)?,
        away_after: duration("away_after_ms", default.away_after)?,
        idle_after: duration("idle_after_ms", default.idle_after)?,
        idle_timeout: fields.read("idle_timeout_ms", default.idle_timeout, |value| {
            if value.is_null() { Some(None) } else { value.as_u64().map(|ms| Some(Duration::from_millis(ms))) }
        })?,
        max_devices_per_user: fields.read("max_devices_per_user", default.max_devices_per_user, number)?,
        when_already_signed_in: fields
            .read("when_already_signed_in", default.when_already_signed_in, |value| meaning(&SIGNED_IN, value))?,
        when_full: fields.read("when_full", default.when_full, |value| meaning(&FULL, value))?,
        close_active: fields.read("close_active", default.close_active, |value| meaning(&CLOSE, value))?,
        unknown_users: fields.read("unknown_users", default.unknown_users, |value| meaning(&UNKNOWN, value))?,
        administrators_count_in_named: fields.read(
            "administrators_count_in_named",
            default.administrators_count_in_named,
            Value::as_bool,
        )?,
        administrators_count_in_concurrent: fields.read(
            "administrators_count_in_concurrent",
            default.administrators_count_in_concurrent,
            Value::as_bool,
        )?,
        responsible_person: fields.read("responsible_person", default.responsible_person, boxed)?,
        seat_request_step: fields.read("seat_request_step", default.seat_request_step, number)?,
        warn_at_percent: fields
            .read("warn_at_percent", default.warn_at_percent, |value| value.as_array()?.iter().map(number).collect())?,
    })
}

#[must_use]
pub fn license_fetch_to_text(fetch: &LicenseFetch) -> String {
    let LicenseFetch { at, outcome, reason, text } = fetch;
    json!({ "at_ms": at.0, "outcome": outcome.word(), "reason": reason, "text": text }).to_string()
}

/// # Errors
/// The text is not what [`license_fetch_to_text`] writes.
pub fn license_fetch_from_text(text: &str) -> Result<LicenseFetch, StoreError> {
    let fields = Fields::parse("tenants.license_fetch", text)?;
    let outcome = |value: &Value| FetchOutcome::ALL.into_iter().find(|outcome| value == outcome.word());
    Ok(LicenseFetch {
        at: fields.read("at_ms", WallTime::default(), |value| value.as_i64().map(WallTime))?,
        outcome: fields.read("outcome", FetchOutcome::Nothing, outcome)?,
        reason: fields.read("reason", "".into(), boxed)?,
        text: fields.read("text", "".into(), boxed)?,
    })
}

/// Includes the user's former ids. `None`: profile and former ids are empty, as for most users of a login service.
#[must_use]
pub fn profile_to_text(profile: &Profile, former: &[FormerId]) -> Option<String> {
    if profile.is_empty() && former.is_empty() {
        return None;
    }
    let attributes: Vec<[&str; 2]> = profile.attributes.iter().map(|(key, value)| [&**key, &**value]).collect();
    let mut text = json!({
        "given_name": profile.given_name,
        "family_name": profile.family_name,
        "groups": profile.groups,
        "attributes": attributes,
    });
    if !former.is_empty() {
        let former = former.iter().map(|former| json!([former.id.as_str(), former.last_event.0]));
        text["former_ids"] = former.collect();
    }
    Some(text.to_string())
}

/// # Errors
/// The text is not what [`profile_to_text`] writes.
pub fn profile_from_text(text: Option<&str>) -> Result<(Profile, Box<[FormerId]>), StoreError> {
    let Some(text) = text else { return Ok(Default::default()) };
    let fields = Fields::parse("users.profile", text)?;
    let former =
        fields.read("former_ids", Box::default(), |value| value.as_array()?.iter().map(former_id).collect())?;
    let profile = Profile {
        given_name: fields.read("given_name", "".into(), boxed)?,
        family_name: fields.read("family_name", "".into(), boxed)?,
        groups: fields.read("groups", Vec::new(), |value| value.as_array()?.iter().map(boxed).collect())?,
        attributes: fields.read("attributes", Vec::new(), |value| {
            value.as_array()?.iter().map(|pair| Some((boxed(pair.get(0)?)?, boxed(pair.get(1)?)?))).collect()
        })?,
    };
    Ok((profile, former))
}

fn former_id(value: &Value) -> Option<FormerId> {
    let (id, last_event) = (value.get(0)?.as_str()?, value.get(1)?.as_u64()?);
    Some(FormerId { id: UserId::stored(id), last_event: EventNo(last_event) })
}

pub(super) fn limit_to_value(limit: Limit) -> Value {
    match limit {
        Limit::Seats(seats) => json!(seats),
        Limit::Unlimited => json!(UNLIMITED),
    }
}

pub(super) fn limit_from_value(value: &Value) -> Option<Limit> {
    if value == UNLIMITED { Some(Limit::Unlimited) } else { value.as_u64().map(Limit::Seats) }
}

/// # Errors
/// No license standing has this code.
pub fn standing(code: i64) -> Result<Standing, StoreError> {
    u8::try_from(code).ok().and_then(Standing::from_code).ok_or_else(|| unknown("licenses.standing", code))
}

/// `None`: access to all of the tenant.
#[must_use]
pub fn access_to_text(access: &Access) -> Option<String> {
    let Access::Only(list) = access else { return None };
    let mut text = String::with_capacity(list.len() * 4);
    for (i, no) in list.iter().enumerate() {
        let comma = if i == 0 { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(text, "{comma}{no}");
    }
    Some(text)
}

/// # Errors
/// The text is not what [`access_to_text`] writes.
pub fn access_from_text(text: Option<&str>) -> Result<Access, StoreError> {
    let Some(text) = text else { return Ok(Access::All) };
    let list = text.split(',').filter(|part| !part.is_empty()).map(|part| part.parse().map(OrganizationNo));
    list.collect::<Result<_, _>>().map(Access::Only).map_err(|_| StoreError("seats.organizations: unreadable".into()))
}

#[must_use]
pub fn tenant_state_code(state: TenantState) -> u8 {
    match state {
        TenantState::Active => 0,
        TenantState::Suspended => 1,
        TenantState::Deleted => 2,
    }
}

/// # Errors
/// No state has this code.
pub fn tenant_state(code: i64) -> Result<TenantState, StoreError> {
    match code {
        0 => Ok(TenantState::Active),
        1 => Ok(TenantState::Suspended),
        2 => Ok(TenantState::Deleted),
        _ => Err(unknown("tenants.state", code)),
    }
}

#[must_use]
pub fn block_code(cause: BlockCause) -> u8 {
    match cause {
        BlockCause::Administrator => 1,
        BlockCause::LicenseLimit => 2,
        BlockCause::Directory => 3,
    }
}

/// # Errors
/// No block cause has this code.
pub fn block_cause(code: Option<i64>) -> Result<Option<BlockCause>, StoreError> {
    match code {
        None => Ok(None),
        Some(1) => Ok(Some(BlockCause::Administrator)),
        Some(2) => Ok(Some(BlockCause::LicenseLimit)),
        Some(3) => Ok(Some(BlockCause::Directory)),
        Some(code) => Err(unknown("users.blocked", code)),
    }
}

/// # Errors
/// No end reason has this code, or only one of the two columns is set.
pub fn ended(at: Option<i64>, reason: Option<i64>) -> Result<Option<(Tick, SessionEndReason)>, StoreError> {
    let (Some(at), Some(code)) = (at, reason) else {
        return if at.is_none() && reason.is_none() {
            Ok(None)
        } else {
            Err(StoreError("sessions.ended: without its reason".into()))
        };
    };
    let reason = u8::try_from(code).ok().and_then(SessionEndReason::from_code);
    Ok(Some((Tick(at.cast_unsigned()), reason.ok_or_else(|| unknown("sessions.ended_reason", code))?)))
}

/// # Errors
/// No action has this code.
pub fn action(code: i64) -> Result<Action, StoreError> {
    u8::try_from(code).ok().and_then(Action::from_code).ok_or_else(|| unknown("audit.action", code))
}

/// # Errors
/// No reason has this code.
pub fn reason(code: Option<i64>) -> Result<Option<Reason>, StoreError> {
    let Some(code) = code else { return Ok(None) };
    let reason = u8::try_from(code).ok().and_then(Reason::from_code);
    reason.map(Some).ok_or_else(|| unknown("audit.reason", code))
}

/// # Errors
/// An event cannot count so many.
pub fn count(count: i64) -> Result<u32, StoreError> {
    u32::try_from(count).map_err(|_| StoreError(format!("audit.count: {count} is out of range")))
}

/// Whole milliseconds, the ledger's unit of time.
#[must_use]
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn unknown(column: &str, code: i64) -> StoreError {
    StoreError(format!("{column}: the code {code} means nothing to this release"))
}

pub(super) fn word<T: Copy + PartialEq>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(meaning, _)| *meaning == value).map_or("", |(_, word)| word)
}

pub(super) fn meaning<T: Copy>(words: &[(T, &'static str)], value: &Value) -> Option<T> {
    words.iter().find(|(_, word)| value == *word).map(|(meaning, _)| *meaning)
}

pub(super) fn number<T: TryFrom<u64>>(value: &Value) -> Option<T> {
    value.as_u64().and_then(|number| T::try_from(number).ok())
}

pub(super) fn boxed(value: &Value) -> Option<Box<str>> {
    value.as_str().map(Into::into)
}

/// The fields of a JSON object that is stored in a column.
pub(super) struct Fields {
    column: &'static str,
    map: Map<String, Value>,
}

impl Fields {
    pub fn parse(column: &'static str, text: &str) -> Result<Self, StoreError> {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self { column, map }),
            _ => Err(StoreError(format!("{column}: unreadable"))),
        }
    }

    pub fn read<T>(&self, key: &str, default: T, parse: impl Fn(&Value) -> Option<T>) -> Result<T, StoreError> {
        let Some(value) = self.map.get(key) else { return Ok(default) };
        parse(value).ok_or_else(|| StoreError(format!("{}.{key}: unreadable", self.column)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_value_survives() {
        let other = Policy {
            lease_ttl: Duration::ZERO,
            max_session: Duration::from_millis(u64::MAX),
            away_after: Duration::from_millis(1),
            idle_after: Duration::from_secs(7),
            idle_timeout: Some(Duration::from_secs(90)),
            max_devices_per_user: u32::MAX,
            when_already_signed_in: WhenAlreadySignedIn::TakeOver,
            when_full: WhenFull::ReclaimIdle,
            close_active: CloseActive::Allow,
            unknown_users: UnknownUsers::Admit,
            administrators_count_in_named: false,
            administrators_count_in_concurrent: true,
            responsible_person: "\"räx\"\u{0}@example.com".into(),
            seat_request_step: 0,
            warn_at_percent: [1, 100].into(),
        };
        for policy in [Policy::default(), other] {
            assert_eq!(policy_from_text(&policy_to_text(&policy)), Ok(policy));
        }
    }

    #[test]
    fn what_an_earlier_release_did_not_write_has_its_default() {
        assert_eq!(policy_from_text("{}"), Ok(Policy::default()));
        assert_eq!(profile_from_text(Some("{}")), Ok(Default::default()));
    }

    #[test]
    fn nonsense_is_named() {
        let error = policy_from_text(r#"{"when_full": "SOMETIMES"}"#).unwrap_err();
        assert_eq!(error.0, "tenants.policy.when_full: unreadable");
        assert_eq!(policy_from_text("[]").unwrap_err().0, "tenants.policy: unreadable");
        assert_eq!(access_from_text(Some("1,x")).unwrap_err().0, "seats.organizations: unreadable");
        assert_eq!(
            ended(Some(1), Some(99)).unwrap_err().0,
            "sessions.ended_reason: the code 99 means nothing to this release"
        );
        assert!(ended(Some(1), None).is_err());
    }

    #[test]
    fn access_lists_are_plain_numbers() {
        let some = Access::Only(vec![OrganizationNo(1), OrganizationNo(u32::MAX)]);
        assert_eq!(access_to_text(&some).as_deref(), Some("1,4294967295"));
        assert_eq!(access_from_text(Some("1,4294967295")), Ok(some));
        assert_eq!(access_from_text(access_to_text(&Access::All).as_deref()), Ok(Access::All));
        // Not a valid state, but it must be read back unchanged.
        let none = Access::Only(Vec::new());
        assert_eq!(access_from_text(access_to_text(&none).as_deref()), Ok(none));
    }
}
