//! The columns of API tokens.

use std::borrow::Cow;

use super::table;
use crate::ids::{TokenId, TokenName};
use crate::ledger::change::Actor;
use crate::ledger::time::WallTime;
use crate::ledger::token::TokenRow;
use crate::store::tokens;

table! {
    "tokens", key 1,
    row: TokenRow {
        token_id: u64 = row.id.0,
        name: &str = row.name.as_str().into(),
        hash: &[u8] = &row.hash.0,
        roles: i16 = row.roles.code().into(),
        tenants: Option<&str> = tokens::tenants_to_text(&row.tenants).map(Cow::Owned),
        created_ms: i64 = row.created.0,
        created_by: &str = (&*row.created_by.0).into(),
        expires_ms: Option<i64> = row.expires.map(|wall| wall.0),
        revoked_ms: Option<i64> = row.revoked.map(|wall| wall.0),
        last_used_ms: Option<i64> = row.last_used.map(|wall| wall.0),
    },
    TokenRow {
        id: TokenId(token_id),
        name: TokenName::stored(name),
        hash: tokens::hash(hash)?,
        roles: tokens::roles(roles.into())?,
        tenants: tokens::tenants_from_text(tenants)?,
        created: WallTime(created_ms),
        created_by: Actor(created_by.into()),
        expires: expires_ms.map(WallTime),
        revoked: revoked_ms.map(WallTime),
        last_used: last_used_ms.map(WallTime),
    }
}
