//! A token, for people.

use crate::commands::output::words::time_or;
use crate::proto::v1::{Role, Token, TokenState};

/// One line about a token.
pub fn summary(token: &Token) -> String {
    let until = match token.state() {
        TokenState::Revoked => format!("revoked {}", time_or(token.revoked_at, "")),
        _ => format!("expires {}", time_or(token.expires_at, "never")),
    };
    format!("token {} of {}: {}; {}; {until}\n", token.token_id, token.name, roles(token), tenants(token))
}

/// Its roles, with commas between them.
pub fn roles(token: &Token) -> String {
    let short = |role: Role| role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
    token.roles().map(short).collect::<Vec<_>>().join(",")
}

/// The tenants for which it is good.
pub fn tenants(token: &Token) -> String {
    if token.all_tenants { "all".to_owned() } else { token.tenant_ids.join(",") }
}
