//! Parses requests of TokenService.

use super::list::{Paging, paging};
use super::values::{choice, duration};
use crate::auth::token::Token;
use crate::ids::{TenantId, TokenId, TokenName};
use crate::ledger::access::{Role, Roles, Tenants};
use crate::ledger::command::{CreateToken, ListTokens, RevokeToken};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

const MAX_TENANTS: usize = 1_000;
/// More than the number of roles, which is four.
const MAX_ROLES: usize = 16;

/// Names that have another meaning in the audit.
const RESERVED: [&str; 3] = ["admin", "anonymous", "usher"];

/// Parses the request for a new token. `token`: a fresh token, of which only the hash is stored. `within`: the caller's
/// tenants.
pub fn create_token(
    request: v1::CreateTokenRequest,
    token: &Token,
    within: Tenants,
) -> Result<CreateToken, FieldViolations> {
    let mut problems = FieldViolations::default();
    let name = problems.value("name", TokenName::parse(&request.name));
    if RESERVED.iter().any(|reserved| request.name.eq_ignore_ascii_case(reserved)) {
        problems.add("name", "is reserved");
    }
    let roles = roles(&mut problems, &request.roles);
    let tenants = problems.each("tenant_ids", &request.tenant_ids, MAX_TENANTS, TenantId::parse);
    if request.all_tenants != request.tenant_ids.is_empty() {
        problems.add("tenant_ids", "must be given, or else all_tenants, and not both");
    }
    let ttl = request.ttl.and_then(|ttl| duration(&mut problems, "ttl", ttl));
    let tenants = if request.all_tenants { Tenants::All } else { Tenants::Only(tenants.into_iter().collect()) };
    let (id, hash) = (token.id(), token.hash());
    problems.finish(|| Some(CreateToken { id, name: name?, hash, roles, tenants, ttl, within }))
}

/// Parses the roles: at least one.
fn roles(problems: &mut FieldViolations, numbers: &[i32]) -> Roles {
    if numbers.is_empty() || numbers.len() > MAX_ROLES {
        problems.add("roles", format!("must hold 1 to {MAX_ROLES} items"));
        return Roles::NONE;
    }
    let mut roles = Roles::NONE;
    for (at, number) in numbers.iter().enumerate() {
        let field = format!("roles[{at}]");
        match choice(problems, &field, *number) {
            None => {}
            Some(v1::Role::Unspecified) => problems.add(field, "must be given"),
            Some(v1::Role::Application) => roles = roles.with(Role::Application),
            Some(v1::Role::Viewer) => roles = roles.with(Role::Viewer),
            Some(v1::Role::Manager) => roles = roles.with(Role::Manager),
            Some(v1::Role::Operator) => roles = roles.with(Role::Operator),
        }
    }
    roles
}

/// Parses the request for a list of tokens. `within`: the caller's tenants.
pub fn list_tokens(
    opaque_ids: &OpaqueIds,
    mut request: v1::ListTokensRequest,
    within: Tenants,
) -> Result<(ListTokens, Shape), FieldViolations> {
    let mut problems = FieldViolations::default();
    let size = std::mem::take(&mut request.page_size);
    let token = std::mem::take(&mut request.page_token);
    let Paging { shape, after, limit } = paging(&mut problems, opaque_ids, "ListTokens", &request, size, &token);
    problems.finish(|| Some((ListTokens { within, after, limit }, shape)))
}

pub fn revoke_token(token_id: &str, within: Tenants) -> Result<RevokeToken, FieldViolations> {
    let mut problems = FieldViolations::default();
    let id = TokenId::parse(token_id);
    if id.is_none() {
        problems.add("token_id", "must be a token's id, 16 hexadecimal digits, as ListTokens answers it");
    }
    problems.finish(|| Some(RevokeToken { id: id?, within }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::testing::{LONG, bad, list, opaque_ids};
    use super::*;

    fn token() -> Token {
        Token::new(TokenId(1), &[7; 32])
    }

    fn request() -> v1::CreateTokenRequest {
        v1::CreateTokenRequest {
            name: "login-eu".into(),
            roles: vec![v1::Role::Application.into(), v1::Role::Viewer.into(), v1::Role::Application.into()],
            tenant_ids: list(&["acme", "bolt", "acme"]),
            all_tenants: false,
            ttl: Some(prost_types::Duration { seconds: 60, nanos: 0 }),
        }
    }

    #[test]
    fn a_token_is_asked_for() {
        let command = create_token(request(), &token(), Tenants::All).unwrap();
        assert_eq!((command.id, command.name.as_str()), (TokenId(1), "login-eu"));
        assert_eq!(
            (command.roles.to_string(), command.tenants.to_string()),
            ("application, viewer".into(), "acme, bolt".into())
        );
        assert_eq!((command.hash, command.ttl), (token().hash(), Some(Duration::from_secs(60))));
        let all = v1::CreateTokenRequest { tenant_ids: vec![], all_tenants: true, ttl: None, ..request() };
        let command = create_token(all, &token(), Tenants::All).unwrap();
        assert_eq!((command.tenants, command.ttl), (Tenants::All, None));
    }

    #[test]
    fn every_mistake_is_named() {
        let check =
            |request, expected: &[&str]| assert_eq!(bad(create_token(request, &token(), Tenants::All)), expected);
        check(v1::CreateTokenRequest::default(), &["name", "roles", "tenant_ids"]);
        check(v1::CreateTokenRequest { all_tenants: true, ..request() }, &["tenant_ids"]);
        check(
            v1::CreateTokenRequest { name: LONG.into(), roles: vec![0, 1, 9], ..request() },
            &["name", "roles[0]", "roles[2]"],
        );
        check(v1::CreateTokenRequest { roles: vec![1; 17], ..request() }, &["roles"]);
        check(v1::CreateTokenRequest { tenant_ids: list(&["acme", ""]), ..request() }, &["tenant_ids[1]"]);
        check(v1::CreateTokenRequest { tenant_ids: vec!["a".into(); 1_001], ..request() }, &["tenant_ids"]);
        for name in ["admin", "Admin", "anonymous", "usher"] {
            check(v1::CreateTokenRequest { name: name.into(), ..request() }, &["name"]);
        }
        let ttl = Some(prost_types::Duration { seconds: -1, nanos: 0 });
        check(v1::CreateTokenRequest { ttl, ..request() }, &["ttl"]);
        let list = v1::ListTokensRequest { page_size: -1, page_token: "?".into() };
        assert_eq!(bad(list_tokens(&opaque_ids(), list, Tenants::All)), ["page_size", "page_token"]);
        for id in ["", "7", "0123456789ABCDEF", "usher_0123456789abcdef"] {
            assert_eq!(bad(revoke_token(id, Tenants::All)), ["token_id"], "{id}");
        }
        assert_eq!(revoke_token("0123456789abcdef", Tenants::All).unwrap().id, TokenId(0x0123_4567_89ab_cdef));
    }
}
