//! API tokens in messages between nodes: the node that keeps them sends them to the others.

use std::sync::Arc;

use crate::auth::{Grant, TokenEdition, TokenUpdate};
use crate::ids::{TokenId, TokenName};
use crate::ledger::change::Actor;
use crate::ledger::time::WallTime;
use crate::ledger::token::{TokenHash, TokenRow};
use crate::peers::access::{Unknown, grant, peer_grant};
use crate::proto::peer::v1 as wire;

pub fn update(update: TokenUpdate) -> wire::GetTokensResponse {
    let TokenUpdate { edition, high, rows } = update;
    let tokens = rows.unwrap_or_default().iter().map(|row| token(row)).collect();
    wire::GetTokensResponse { edition: edition.0, high_ms: high.0, tokens }
}

/// Reads the answer to a question that named the edition `known`.
pub fn parse_update(update: wire::GetTokensResponse, known: TokenEdition) -> Result<TokenUpdate, Unknown> {
    // Far from the end of the numbers: whoever keeps the tokens next counts on.
    if i64::try_from(update.edition).is_err() {
        return Err(Unknown("an edition that no list of tokens has"));
    }
    let edition = TokenEdition(update.edition);
    let rows = if edition == known { None } else { Some(update.tokens.into_iter().map(parse_token)) };
    let rows = rows.map(|rows| rows.map(|row| row.map(Arc::new)).collect::<Result<_, _>>()).transpose()?;
    Ok(TokenUpdate { edition, high: WallTime(update.high_ms), rows })
}

/// Every column, so that a new one is not forgotten here.
fn token(row: &TokenRow) -> wire::Token {
    let TokenRow { id, name, hash, roles, tenants, created, created_by, expires, revoked, last_used } = row.clone();
    wire::Token {
        id: id.0,
        name: name.as_str().to_owned(),
        hash: hash.0.to_vec(),
        grant: Some(peer_grant(&Grant { roles, tenants })),
        created_ms: created.0,
        created_by: created_by.0.to_string(),
        expires_ms: expires.map(|at| at.0),
        revoked_ms: revoked.map(|at| at.0),
        last_used_ms: last_used.map(|at| at.0),
    }
}

fn parse_token(token: wire::Token) -> Result<TokenRow, Unknown> {
    let Grant { roles, tenants } = grant(token.grant.ok_or(Unknown("a token that allows nothing"))?)?;
    let hash = token.hash.try_into().map_err(|_| Unknown("a token with a hash of another kind"))?;
    Ok(TokenRow {
        id: TokenId(token.id),
        name: TokenName::stored(&token.name),
        hash: TokenHash(hash),
        roles,
        tenants,
        created: WallTime(token.created_ms),
        created_by: Actor(token.created_by.into()),
        expires: token.expires_ms.map(WallTime),
        revoked: token.revoked_ms.map(WallTime),
        last_used: token.last_used_ms.map(WallTime),
    })
}

pub fn uses(uses: &[(TokenId, WallTime)]) -> Vec<wire::TokenUse> {
    uses.iter().map(|(id, used)| wire::TokenUse { token_id: id.0, used_ms: used.0 }).collect()
}

pub fn parse_uses(uses: &[wire::TokenUse]) -> Vec<(TokenId, WallTime)> {
    uses.iter().map(|used| (TokenId(used.token_id), WallTime(used.used_ms))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::TenantId;
    use crate::ledger::access::{Role, Roles, Tenants};

    fn row(id: u64, tenants: Tenants, at: Option<i64>) -> Arc<TokenRow> {
        Arc::new(TokenRow {
            id: TokenId(id),
            name: TokenName::stored("login-eu"),
            hash: TokenHash([u8::try_from(id).unwrap(); 32]),
            roles: Roles::NONE.with(Role::Viewer).with(Role::Operator),
            tenants,
            created: WallTime(-3),
            created_by: Actor("oidc:ann@example.org".into()),
            expires: at.map(WallTime),
            revoked: at.map(|at| WallTime(at + 1)),
            last_used: at.map(|at| WallTime(at + 2)),
        })
    }

    fn all() -> TokenUpdate {
        let only = Tenants::Only([TenantId::stored("acme"), TenantId::stored("bolt")].into());
        let rows = vec![row(1, Tenants::All, None), row(2, only, Some(0)), row(3, Tenants::NONE, Some(5))];
        TokenUpdate { edition: TokenEdition(17), high: WallTime(99), rows: Some(rows) }
    }

    #[test]
    fn tokens_arrive_as_they_are() {
        assert_eq!(parse_update(update(all()), TokenEdition(16)), Ok(all()));
        let none = TokenUpdate { rows: Some(Vec::new()), ..all() };
        assert_eq!(parse_update(update(none.clone()), TokenEdition(16)), Ok(none), "the last one is gone");
        let unchanged = TokenUpdate { rows: None, ..all() };
        assert_eq!(parse_update(update(unchanged.clone()), TokenEdition(17)), Ok(unchanged));
        let used = [(TokenId(1), WallTime(5)), (TokenId(u64::MAX), WallTime(-5))];
        assert_eq!(parse_uses(&uses(&used)), used);
    }

    /// A list that lacks a token, or lets it do something else, is worse than none.
    #[test]
    fn a_token_of_which_a_part_is_not_understood_is_an_error() {
        let good = || token(&row(1, Tenants::All, None));
        let grant = |roles| Some(wire::PeerGrant { roles, all_tenants: true, tenants: Vec::new() });
        for bad in [
            wire::Token { hash: vec![1; 31], ..good() },
            wire::Token { hash: Vec::new(), ..good() },
            wire::Token { grant: None, ..good() },
            wire::Token { grant: grant(0x10), ..good() },
        ] {
            let answer = wire::GetTokensResponse { edition: 1, high_ms: 0, tokens: vec![good(), bad] };
            assert!(parse_update(answer, TokenEdition(0)).is_err());
        }
    }
}
