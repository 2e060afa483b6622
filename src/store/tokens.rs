//! Format of an API token's values that both stores keep as text or as small numbers. These values are on disk, as in
//! [`super::encode`].

use serde_json::{Value, json};

use super::StoreError;
use crate::ids::TenantId;
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::token::TokenHash;

/// # Errors
/// The code contains a role that this release does not know, so its permissions are unknown, too.
pub fn roles(code: i64) -> Result<Roles, StoreError> {
    let roles = u8::try_from(code).ok().and_then(Roles::from_code);
    roles.ok_or_else(|| StoreError(format!("tokens.roles: the code {code} means nothing to this release")))
}

/// `None`: all tenants.
#[must_use]
pub fn tenants_to_text(tenants: &Tenants) -> Option<String> {
    let Tenants::Only(tenants) = tenants else { return None };
    let ids: Vec<&str> = tenants.iter().map(TenantId::as_str).collect();
    Some(json!(ids).to_string())
}

/// # Errors
/// The text is not what [`tenants_to_text`] writes.
pub fn tenants_from_text(text: Option<&str>) -> Result<Tenants, StoreError> {
    let Some(text) = text else { return Ok(Tenants::All) };
    let list: Option<Value> = serde_json::from_str(text).ok();
    let ids = list
        .as_ref()
        .and_then(Value::as_array)
        .and_then(|list| list.iter().map(|id| id.as_str().map(TenantId::stored)).collect());
    ids.map(Tenants::Only).ok_or_else(|| StoreError("tokens.tenants: unreadable".into()))
}

/// # Errors
/// `bytes` does not have 32 bytes.
pub fn hash(bytes: &[u8]) -> Result<TokenHash, StoreError> {
    bytes.try_into().map(TokenHash).map_err(|_| StoreError("tokens.hash: unreadable".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_survive_and_nothing_else_is_read_as_tenants() {
        let only = |ids: &[&str]| Tenants::Only(ids.iter().map(|id| TenantId::stored(id)).collect());
        for tenants in [Tenants::All, only(&[]), only(&["acme", "a \"b\", c"])] {
            assert_eq!(tenants_from_text(tenants_to_text(&tenants).as_deref()), Ok(tenants));
        }
        for text in ["", "{}", "[1]", "\"acme\""] {
            assert_eq!(tenants_from_text(Some(text)).unwrap_err().0, "tokens.tenants: unreadable", "{text}");
        }
    }

    #[test]
    fn what_this_release_does_not_know_gives_no_access() {
        assert_eq!(roles(9).unwrap().to_string(), "application, operator");
        for code in [16, 256, -1] {
            assert!(roles(code).is_err(), "{code}");
        }
        assert!(hash(&[0; 31]).is_err() && hash(&[0; 32]).is_ok());
    }
}
