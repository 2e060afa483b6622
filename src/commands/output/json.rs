//! Messages as JSON: protobuf's own JSON form, with the field names of the contract, and with every field. A message
//! that is absent is `null`; of a `oneof` only the field that is set occurs.

use std::sync::LazyLock;

use base64::prelude::{BASE64_STANDARD, Engine};
use prost::Name;
use prost_reflect::{DescriptorPool, DynamicMessage, Kind, MapKey, ReflectMessage};
use prost_types::{Duration, Timestamp};
use serde_json::{Map, Value};

use crate::proto::FILE_DESCRIPTOR_SET;

static CONTRACT: LazyLock<DescriptorPool> =
    LazyLock::new(|| DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("build.rs wrote it"));

/// The JSON form of a message of the contract.
pub fn of<M: Name>(message: &M) -> Value {
    let descriptor = CONTRACT.get_message_by_name(&M::full_name()).expect("the message is in the contract");
    let mut dynamic = DynamicMessage::new(descriptor);
    dynamic.transcode_from(message).expect("both are of the same contract");
    object(&dynamic)
}

fn object(message: &DynamicMessage) -> Value {
    let descriptor = message.descriptor();
    match descriptor.full_name() {
        "google.protobuf.Timestamp" => return text(message.transcode_to::<Timestamp>()),
        "google.protobuf.Duration" => return text(message.transcode_to::<Duration>()),
        _ => {}
    }
    let mut members = Map::new();
    for field in descriptor.fields() {
        let there = message.has_field(&field) || !field.supports_presence();
        if there {
            members.insert(field.name().to_owned(), value(&field.kind(), &message.get_field(&field)));
        } else if field.containing_oneof().is_none() {
            members.insert(field.name().to_owned(), Value::Null);
        }
    }
    Value::Object(members)
}

/// Times and durations are strings: `2027-12-31T23:59:59Z`, `1.500s`.
fn text<T: ToString, E>(parsed: Result<T, E>) -> Value {
    parsed.map_or(Value::Null, |it| it.to_string().into())
}

fn value(kind: &Kind, of: &prost_reflect::Value) -> Value {
    use prost_reflect::Value as V;
    match of {
        V::Bool(it) => (*it).into(),
        V::I32(it) => (*it).into(),
        V::U32(it) => (*it).into(),
        // Numbers of 64 bits are strings, because many readers keep only 53 bits.
        V::I64(it) => it.to_string().into(),
        V::U64(it) => it.to_string().into(),
        V::F32(it) => (*it).into(),
        V::F64(it) => (*it).into(),
        V::String(it) => it.as_str().into(),
        V::Bytes(it) => BASE64_STANDARD.encode(it).into(),
        V::EnumNumber(it) => named(kind, *it),
        V::Message(it) => object(it),
        V::List(items) => items.iter().map(|item| value(kind, item)).collect(),
        V::Map(entries) => {
            let entry = kind.as_message().map(|entry| entry.map_entry_value_field().kind());
            let entry = entry.as_ref().unwrap_or(kind);
            Value::Object(entries.iter().map(|(name, it)| (key(name), value(entry, it))).collect())
        }
    }
}

/// The name of an enum value. A value that this release does not know stays a number.
fn named(kind: &Kind, number: i32) -> Value {
    let known = kind.as_enum().and_then(|kind| kind.get_value(number));
    known.map_or_else(|| number.into(), |known| known.name().into())
}

fn key(key: &MapKey) -> String {
    match key {
        MapKey::String(it) => it.clone(),
        MapKey::Bool(it) => it.to_string(),
        MapKey::I32(it) => it.to_string(),
        MapKey::I64(it) => it.to_string(),
        MapKey::U32(it) => it.to_string(),
        MapKey::U64(it) => it.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::proto::v1::{self, check_out_response::Outcome};

    #[test]
    fn every_kind_of_field_has_its_form() {
        let user = v1::User {
            user_id: "ann".into(),
            state: 77,
            seats: vec![v1::Seat { active: true, ..Default::default() }],
            status: v1::UserStatus::Idle.into(),
            last_sign_in_at: Some(Timestamp { seconds: 1_800_000_000, nanos: 5_000_000 }),
            attributes: [("office".to_owned(), "2.17".to_owned())].into(),
            ..Default::default()
        };
        let user = of(&user);
        assert_eq!(
            (&user["user_id"], &user["given_name"], &user["administrator"]),
            (&"ann".into(), &"".into(), &false.into())
        );
        assert_eq!((&user["state"], &user["status"]), (&77.into(), &"USER_STATUS_IDLE".into()));
        assert_eq!((&user["groups"], &user["seats"][0]["active"]), (&json!([]), &true.into()));
        assert_eq!((&user["attributes"], &user["created_at"]), (&json!({ "office": "2.17" }), &Value::Null));
        assert_eq!(user["last_sign_in_at"], "2027-01-15T08:00:00.005Z");
        let session = v1::Session { idle: Some(Duration { seconds: 61, nanos: 0 }), ..Default::default() };
        assert_eq!(of(&session)["idle"], "61s");
        assert_eq!(of(&v1::PoolUsage { limit: u64::MAX, ..Default::default() })["limit"], "18446744073709551615");
    }

    #[test]
    fn of_a_oneof_only_what_is_set_is_there() {
        let denied = v1::CheckOutResponse { outcome: Some(Outcome::Denial(Default::default())), ..Default::default() };
        let denied = of(&denied);
        let names: Vec<_> = denied.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["denial", "notices", "usage"]);
        assert_eq!(
            (&denied["denial"]["reason"], &denied["usage"]),
            (&"DENIAL_REASON_UNSPECIFIED".into(), &Value::Null)
        );
    }
}
