//! Text format of a license's terms in both stores. These texts are on disk, as in [`super::encode`]: keys and words
//! never change, and a missing key means its default.

use serde_json::{Value, json};
use uuid::Uuid;

use super::StoreError;
use super::encode::{Fields, boxed, limit_from_value, limit_to_value};
use crate::ids::InstanceId;
use crate::ledger::license::{Terms, Tier};
use crate::ledger::time::WallTime;

/// All terms except the document, which has a column of its own.
#[must_use]
pub fn to_text(terms: &Terms) -> String {
    let limits: Vec<Value> = terms.limits.iter().map(|(name, limit)| json!([name, limit_to_value(*limit)])).collect();
    json!({
        "key_id": terms.key_id,
        "customer_id": terms.customer_id,
        "registered_to": terms.registered_to,
        "hosts": terms.hosts,
        "instance": terms.instance.map(|instance| instance.to_string()),
        "tier": terms.tier.map(Tier::word),
        "features": terms.features,
        "limits": limits,
        "issued_ms": terms.issued.0,
    })
    .to_string()
}

/// # Errors
/// The text is not what [`to_text`] writes.
pub fn from_text(text: &str, document: &str) -> Result<Terms, StoreError> {
    let fields = Fields::parse("licenses.terms", text)?;
    let text = |key| fields.read(key, "".into(), boxed);
    let texts = |key| fields.read(key, Vec::new(), |value| value.as_array()?.iter().map(boxed).collect());
    Ok(Terms {
        document: document.into(),
        key_id: text("key_id")?,
        customer_id: text("customer_id")?,
        registered_to: text("registered_to")?,
        hosts: texts("hosts")?,
        instance: fields.read("instance", None, |value| optional(value, instance))?,
        tier: fields.read("tier", None, |value| optional(value, tier))?,
        features: texts("features")?,
        limits: fields.read("limits", Vec::new(), |value| {
            let pair = |pair: &Value| Some((boxed(pair.get(0)?)?, limit_from_value(pair.get(1)?)?));
            value.as_array()?.iter().map(pair).collect()
        })?,
        issued: WallTime(fields.read("issued_ms", 0, Value::as_i64)?),
    })
}

/// `null` means none.
fn optional<T>(value: &Value, read: impl Fn(&Value) -> Option<T>) -> Option<Option<T>> {
    if value.is_null() { Some(None) } else { read(value).map(Some) }
}

fn instance(value: &Value) -> Option<InstanceId> {
    Uuid::try_parse(value.as_str()?).ok().map(InstanceId)
}

fn tier(value: &Value) -> Option<Tier> {
    Tier::ALL.into_iter().find(|tier| value == tier.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::change::Limit;

    #[test]
    fn every_term_survives() {
        let other = Terms {
            document: "a.b.c".into(),
            key_id: "k\"1\u{0}".into(),
            customer_id: "räx".into(),
            registered_to: "Ångström & Søn".into(),
            hosts: vec!["*.example.com".into(), "".into()],
            instance: Some(InstanceId(Uuid::max())),
            tier: Some(Tier::Platinum),
            features: vec!["A".into(), "B_1".into()],
            limits: vec![("A".into(), Limit::Seats(u64::MAX)), ("B".into(), Limit::Unlimited)],
            issued: WallTime(i64::MIN),
        };
        for terms in [Terms::default(), other] {
            assert_eq!(from_text(&to_text(&terms), &terms.document), Ok(terms));
        }
    }

    #[test]
    fn what_an_earlier_release_did_not_write_has_its_default_and_nonsense_is_named() {
        assert_eq!(from_text("{}", ""), Ok(Terms::default()));
        let wrong = |text: &str| from_text(text, "").unwrap_err().0;
        assert_eq!(wrong(r#"{"tier": "WOOD"}"#), "licenses.terms.tier: unreadable");
        assert_eq!(wrong(r#"{"instance": "here"}"#), "licenses.terms.instance: unreadable");
        assert_eq!(wrong(r#"{"limits": [["A"]]}"#), "licenses.terms.limits: unreadable");
    }
}
