//! Text format of a license's entitlements in both stores. These texts are on disk, as in [`super::encode`]: keys and
//! words never change, and a missing key means its default.

use serde_json::{Value, json};

use super::StoreError;
use super::encode::{PLANS, limit_from_value, limit_to_value, meaning, number, word};
use crate::ids::PoolNo;
use crate::ledger::license::Entitlement;

#[must_use]
pub fn to_text(entitlements: &[Entitlement]) -> String {
    let list: Vec<Value> = entitlements
        .iter()
        .map(|entitlement| {
            let limit = limit_to_value(entitlement.limit);
            let mut value =
                json!({ "pool": entitlement.pool.0, "plan": word(&PLANS, entitlement.plan), "limit": limit });
            // Left out where there is none, as in all rows that were written before there was any.
            if entitlement.overdraft > 0 {
                value["overdraft"] = entitlement.overdraft.into();
            }
            value
        })
        .collect();
    Value::Array(list).to_string()
}

/// # Errors
/// The text is not what [`to_text`] writes.
pub fn from_text(text: &str) -> Result<Vec<Entitlement>, StoreError> {
    let unreadable = || StoreError("licenses.entitlements: unreadable".into());
    let value: Value = serde_json::from_str(text).map_err(|_| unreadable())?;
    let list: Option<Vec<Entitlement>> = value.as_array().ok_or_else(unreadable)?.iter().map(entitlement).collect();
    list.ok_or_else(unreadable)
}

fn entitlement(value: &Value) -> Option<Entitlement> {
    let overdraft = match value.get("overdraft") {
        None => 0,
        Some(overdraft) => overdraft.as_u64()?,
    };
    Some(Entitlement {
        pool: PoolNo(number(value.get("pool")?)?),
        plan: meaning(&PLANS, value.get("plan")?)?,
        limit: limit_from_value(value.get("limit")?)?,
        overdraft,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::change::{Limit, Plan};

    #[test]
    fn an_overdraft_is_written_where_there_is_one() {
        let with = |overdraft| {
            vec![Entitlement { pool: PoolNo(1), plan: Plan::Concurrent, limit: Limit::Seats(5), overdraft }]
        };
        for overdraft in [0, 1, u64::MAX] {
            let text = to_text(&with(overdraft));
            assert_eq!(text.contains("overdraft"), overdraft > 0, "{text}");
            assert_eq!(from_text(&text), Ok(with(overdraft)));
        }
    }

    #[test]
    fn nonsense_is_named() {
        for text in [r#"[{"pool": 70000}]"#, r#"[{"pool":1,"plan":"NAMED","limit":1,"overdraft":-1}]"#, "{}", "x"] {
            assert_eq!(from_text(text).unwrap_err().0, "licenses.entitlements: unreadable", "{text}");
        }
    }
}
