//! Renders answers of TokenService.

use super::time::timestamp;
use crate::ids::TenantId;
use crate::ledger::access::{Role, Tenants};
use crate::ledger::command::Page;
use crate::ledger::token::{TokenState, TokenView};
use crate::proto::v1;
use crate::service::page::Shape;

pub fn list_tokens(page: Page<TokenView>, shape: &Shape) -> v1::ListTokensResponse {
    v1::ListTokensResponse {
        tokens: page.rows.into_iter().map(token).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

pub fn token(view: TokenView) -> v1::Token {
    let (tenant_ids, all_tenants) = match &view.tenants {
        Tenants::All => (Vec::new(), true),
        Tenants::Only(tenants) => (tenants.iter().map(|id| TenantId::as_str(id).to_owned()).collect(), false),
    };
    v1::Token {
        token_id: view.id.to_string(),
        name: view.name.as_str().to_owned(),
        roles: view.roles.iter().map(|its| role(its).into()).collect(),
        tenant_ids,
        all_tenants,
        state: state(view.state).into(),
        created_at: Some(timestamp(view.created)),
        created_by: (*view.created_by.0).to_owned(),
        expires_at: view.expires.map(timestamp),
        revoked_at: view.revoked.map(timestamp),
        last_used_at: view.last_used.map(timestamp),
    }
}

fn role(role: Role) -> v1::Role {
    match role {
        Role::Application => v1::Role::Application,
        Role::Viewer => v1::Role::Viewer,
        Role::Manager => v1::Role::Manager,
        Role::Operator => v1::Role::Operator,
    }
}

fn state(state: TokenState) -> v1::TokenState {
    match state {
        TokenState::Active => v1::TokenState::Active,
        TokenState::Expired => v1::TokenState::Expired,
        TokenState::Revoked => v1::TokenState::Revoked,
    }
}
