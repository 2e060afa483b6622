//! A notification as a CloudEvents 1.0 event, as one JSON document.

use serde_json::{Value, json};

use super::Message;
use super::message::system_time;
use crate::ids::UserId;
use crate::ledger::change::{Limit, Plan};
use crate::ledger::notification::{Cause, Facts, Topic};

/// Media type of the body.
pub const CONTENT_TYPE: &str = "application/cloudevents+json";

/// The whole event. It is the same each time it is sent.
pub fn event(message: &Message) -> String {
    let dispatch = &message.dispatch;
    let notification = &dispatch.notification;
    json!({
        "specversion": "1.0",
        "id": message.id,
        "source": format!("urn:uuid:{}", message.instance),
        "type": kind(&notification.topic),
        "subject": format!("{}/{}", dispatch.tenant, notification.topic),
        "time": humantime::format_rfc3339_millis(system_time(notification.raised)).to_string(),
        "datacontenttype": "application/json",
        "data": data(message),
    })
    .to_string()
}

/// The event type. Receivers filter by it, so never change one.
fn kind(topic: &Topic) -> &'static str {
    match topic {
        Topic::Exceeded(_) => "usher.limit.exceeded.v1",
        Topic::Overdraft(_) => "usher.limit.overdraft.v1",
        Topic::Warning(..) => "usher.limit.warning.v1",
        Topic::LicenseExpiring(..) => "usher.license.expiring.v1",
        Topic::LicenseExpired(..) => "usher.license.expired.v1",
    }
}

fn data(message: &Message) -> Value {
    let dispatch = &message.dispatch;
    let notification = &dispatch.notification;
    let mut data = json!({
        "tenant_id": dispatch.tenant.as_str(),
        "tenant_name": dispatch.display_name,
        "responsible_person": dispatch.responsible_person,
        "topic": notification.topic.to_string(),
        "summary": message.subject(),
        "text": message.text(),
    });
    let more = match &notification.facts {
        Facts::Pool { cause, plan, limit, in_use, user } => json!({
            "cause": cause_word(*cause),
            "plan": plan_word(*plan),
            "limit": limit_value(*limit),
            "in_use": in_use,
            "over": limit.over(*in_use),
            "user_id": user.as_ref().map(UserId::as_str),
        }),
        Facts::License { expires, days } => json!({
            "expires_at": humantime::format_rfc3339_seconds(system_time(*expires)).to_string(),
            "days_left": days,
        }),
    };
    let named = match &notification.topic {
        Topic::Exceeded(pool) | Topic::Overdraft(pool) => json!({ "pool_id": pool.as_str() }),
        Topic::Warning(percent, pool) => json!({ "pool_id": pool.as_str(), "percent": percent }),
        Topic::LicenseExpiring(license, revision) | Topic::LicenseExpired(license, revision) => {
            json!({ "license_id": license.as_str(), "revision": revision })
        }
    };
    for part in [more, named] {
        if let (Value::Object(data), Value::Object(part)) = (&mut data, part) {
            data.extend(part);
        }
    }
    data
}

fn cause_word(cause: Cause) -> &'static str {
    match cause {
        Cause::CheckOut => "CHECK_OUT",
        Cause::Grant => "GRANT",
        Cause::Sync => "SYNC",
        Cause::LimitShrank => "LIMIT_SHRANK",
        Cause::Level => "LEVEL",
        Cause::Overdraft => "OVERDRAFT",
    }
}

fn plan_word(plan: Plan) -> &'static str {
    match plan {
        Plan::Named => "NAMED",
        Plan::Concurrent => "CONCURRENT",
    }
}

/// `null`: unlimited.
fn limit_value(limit: Limit) -> Value {
    match limit {
        Limit::Seats(seats) => json!(seats),
        Limit::Unlimited => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::{message, refused};
    use super::*;
    use crate::ids::LicenseId;
    use crate::ledger::time::WallTime;

    fn read(message: &Message) -> Value {
        serde_json::from_str(&event(message)).unwrap()
    }

    #[test]
    fn an_event_has_what_cloudevents_asks_for_and_the_numbers() {
        let read = read(&refused(Cause::CheckOut, 5, 6));
        for (name, value) in [
            ("specversion", "1.0"),
            ("id", "3f-0-7"),
            ("source", "urn:uuid:00000000-0000-0000-0000-000000000000"),
            ("type", "usher.limit.exceeded.v1"),
            ("subject", "acme/exceeded/primary"),
            ("time", "2026-11-22T02:00:00.000Z"),
            ("datacontenttype", "application/json"),
        ] {
            assert_eq!(read[name], value, "{name}");
        }
        let data = &read["data"];
        assert_eq!((&data["tenant_id"], &data["pool_id"]), (&json!("acme"), &json!("primary")));
        assert_eq!((&data["limit"], &data["in_use"], &data["over"]), (&json!(5), &json!(6), &json!(1)));
        assert_eq!((&data["cause"], &data["user_id"]), (&json!("CHECK_OUT"), &json!("cid@acme.example")));
        assert!(data["text"].as_str().unwrap().contains("What can be done"));
    }

    #[test]
    fn the_end_of_a_license_has_its_date() {
        let facts = Facts::License { expires: WallTime(1_800_000_000_000), days: 7 };
        let read = read(&message(Topic::LicenseExpiring(LicenseId::stored("gold"), 2), facts));
        assert_eq!(read["type"], "usher.license.expiring.v1");
        assert_eq!((&read["data"]["license_id"], &read["data"]["revision"]), (&json!("gold"), &json!(2)));
        assert_eq!(
            (&read["data"]["days_left"], &read["data"]["expires_at"]),
            (&json!(7), &json!("2027-01-15T08:00:00Z"))
        );
    }
}
