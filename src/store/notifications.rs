//! Text format, in both stores, of the facts of notifications and the state of their deliveries. These texts are on
//! disk, as in [`super::encode`]: keys and words never change, and a missing key means its default.

use serde_json::{Value, json};

use super::StoreError;
use super::encode::{Fields, PLANS, boxed, limit_from_value, limit_to_value, meaning, number, word};
use crate::ids::UserId;
use crate::ledger::change::{Limit, Plan};
use crate::ledger::notification::{Cause, Channel, Deliveries, Delivery, DeliveryState, Facts, Topic};
use crate::ledger::time::{Tick, WallTime};

const CAUSES: [(Cause, &str); 6] = [
    (Cause::CheckOut, "CHECK_OUT"),
    (Cause::Grant, "GRANT"),
    (Cause::Sync, "SYNC"),
    (Cause::LimitShrank, "LIMIT_SHRANK"),
    (Cause::Level, "LEVEL"),
    (Cause::Overdraft, "OVERDRAFT"),
];

/// # Errors
/// `text` is not a topic.
pub fn topic(text: &str) -> Result<Topic, StoreError> {
    Topic::parse(text).ok_or_else(|| StoreError("notifications.topic: unreadable".into()))
}

#[must_use]
pub fn facts_to_text(facts: &Facts) -> String {
    match facts {
        Facts::Pool { cause, plan, limit, in_use, user } => json!({
            "cause": word(&CAUSES, *cause),
            "plan": word(&PLANS, *plan),
            "limit": limit_to_value(*limit),
            "in_use": in_use,
            "user": user.as_ref().map(UserId::as_str),
        }),
        Facts::License { expires, days } => json!({ "expires_ms": expires.0, "days": days }),
    }
    .to_string()
}

/// # Errors
/// The text is not what [`facts_to_text`] writes.
pub fn facts_from_text(text: &str) -> Result<Facts, StoreError> {
    let fields = Fields::parse("notifications.facts", text)?;
    if let Some(expires) = fields.read("expires_ms", None, |value| value.as_i64().map(|ms| Some(WallTime(ms))))? {
        return Ok(Facts::License { expires, days: fields.read("days", 0, number)? });
    }
    Ok(Facts::Pool {
        cause: fields.read("cause", Cause::Level, |value| meaning(&CAUSES, value))?,
        plan: fields.read("plan", Plan::Concurrent, |value| meaning(&PLANS, value))?,
        limit: fields.read("limit", Limit::Seats(0), limit_from_value)?,
        in_use: fields.read("in_use", 0, Value::as_u64)?,
        user: fields.read("user", None, |value| match value {
            Value::Null => Some(None),
            text => text.as_str().map(|text| Some(UserId::stored(text))),
        })?,
    })
}

/// An object with the word of each channel that has a delivery as key.
#[must_use]
pub fn deliveries_to_text(deliveries: &Deliveries) -> String {
    let mut list = serde_json::Map::new();
    for channel in Channel::ALL {
        let Some(delivery) = deliveries.get(channel) else { continue };
        let value = json!({
            "state": delivery.state.code(),
            "since": delivery.since.0,
            "attempts": delivery.attempts,
            "next": delivery.next.0,
            "error": delivery.error,
        });
        list.insert(channel.word().into(), value);
    }
    Value::Object(list).to_string()
}

/// # Errors
/// The text is not what [`deliveries_to_text`] writes.
pub fn deliveries_from_text(text: &str) -> Result<Deliveries, StoreError> {
    let fields = Fields::parse("notifications.deliveries", text)?;
    let mut deliveries = Deliveries::default();
    for channel in Channel::ALL {
        *deliveries.at(channel) = fields.read(channel.word(), None, |value| delivery(value).map(Some))?;
    }
    Ok(deliveries)
}

fn delivery(value: &Value) -> Option<Delivery> {
    Some(Delivery {
        state: number(value.get("state")?).and_then(DeliveryState::from_code)?,
        since: Tick(value.get("since")?.as_u64()?),
        attempts: number(value.get("attempts")?)?,
        next: Tick(value.get("next")?.as_u64()?),
        error: boxed(value.get("error")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_survives() {
        let pool = |cause, plan, limit, user: Option<&str>| Facts::Pool {
            cause,
            plan,
            limit,
            in_use: u64::MAX,
            user: user.map(UserId::stored),
        };
        for facts in [
            pool(Cause::CheckOut, Plan::Named, Limit::Seats(u64::MAX), Some("\"räx\"@x")),
            pool(Cause::Grant, Plan::Concurrent, Limit::Unlimited, None),
            pool(Cause::Sync, Plan::Named, Limit::Seats(0), None),
            pool(Cause::LimitShrank, Plan::Named, Limit::Seats(1), None),
            pool(Cause::Level, Plan::Named, Limit::Seats(1), None),
            Facts::License { expires: WallTime(i64::MIN), days: u16::MAX },
        ] {
            assert_eq!(facts_from_text(&facts_to_text(&facts)), Ok(facts));
        }
    }

    #[test]
    fn every_delivery_survives() {
        for state in DeliveryState::ALL {
            let delivery =
                Delivery { state, since: Tick(1), attempts: u32::MAX, next: Tick::NEVER, error: "\u{0}\"".into() };
            for deliveries in [
                Deliveries { email: Some(delivery.clone()), webhook: None },
                Deliveries { email: None, webhook: Some(delivery.clone()) },
                Deliveries::default(),
            ] {
                assert_eq!(deliveries_from_text(&deliveries_to_text(&deliveries)), Ok(deliveries));
            }
        }
    }

    #[test]
    fn what_is_missing_has_its_default_and_nonsense_is_named() {
        let least =
            Facts::Pool { cause: Cause::Level, plan: Plan::Concurrent, limit: Limit::Seats(0), in_use: 0, user: None };
        assert_eq!(facts_from_text("{}"), Ok(least));
        assert_eq!(facts_from_text(r#"{"cause": 1}"#).unwrap_err().0, "notifications.facts.cause: unreadable");
        let wrong = |text: &str| deliveries_from_text(text).unwrap_err().0;
        assert_eq!(wrong(r#"{"email": {}}"#), "notifications.deliveries.email: unreadable");
        assert_eq!(wrong("[]"), "notifications.deliveries: unreadable");
        assert_eq!(topic("what/a").unwrap_err().0, "notifications.topic: unreadable");
    }
}
