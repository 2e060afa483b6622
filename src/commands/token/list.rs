//! `usher token`

use super::list::List;
use super::table::left;
use super::words::time_or;
use super::{Error, Printer, Rendered, Usher};
use crate::cli::token as cli;
use crate::proto::v1::{CreateTokenRequest, ListTokensRequest, RevokeTokenRequest, Role, Token, TokenState};

const LIST: List<Token> = List {
    name: "tokens",
    columns: &[
        left("id"),
        left("name"),
        left("roles"),
        left("tenants"),
        left("state"),
        left("expires"),
        left("last used"),
        left("made by"),
    ],
    row,
    none: "no tokens",
};

/// A token that was created.
pub struct Created {
    pub id: String,
    /// Text of the token.
    pub secret: String,
    /// Complete answer, including the secret; the text for people is the secret alone.
    pub with_secret: Rendered,
    pub without_secret: Rendered,
}

/// Creates a token.
///
/// # Errors
/// [`Error`]
pub async fn create(usher: &Usher, args: &cli::Create) -> Result<Created, Error> {
    let ttl = args.ttl.map(prost_types::Duration::try_from).transpose();
    let request = CreateTokenRequest {
        name: args.name.clone(),
        roles: args.role.iter().map(|given| role(*given).into()).collect(),
        tenant_ids: args.tenants.tenant.clone(),
        all_tenants: args.tenants.all_tenants,
        ttl: ttl.map_err(|_| Error::Refused("--ttl: is too long".to_owned()))?,
    };
    let answer = usher.answer(usher.tokens().create_token(usher.request(request))).await?;
    let token = answer.token.clone().unwrap_or_default();
    Ok(Created {
        with_secret: Rendered::new(&answer, format!("{}\n", answer.secret)),
        without_secret: Rendered::new(&token, summary(&token)),
        id: token.token_id,
        secret: answer.secret,
    })
}

/// Prints the tokens.
///
/// # Errors
/// [`Error`]
pub async fn list(usher: &Usher, printer: &mut Printer, args: &cli::List) -> Result<(), Error> {
    let page = async |page_size, page_token| {
        let request = usher.request(ListTokensRequest { page_size, page_token });
        let page = usher.answer(usher.tokens().list_tokens(request)).await?;
        Ok((page.tokens, page.next_page_token))
    };
    LIST.print(printer, args.limit, page).await
}

/// Revokes a token.
///
/// # Errors
/// [`Error`]
pub async fn revoke(usher: &Usher, printer: &mut Printer, args: &cli::Revoke) -> Result<(), Error> {
    let request = usher.request(RevokeTokenRequest { token_id: args.id.clone() });
    let answer = usher.answer(usher.tokens().revoke_token(request)).await?;
    let token = answer.token.clone().unwrap_or_default();
    printer.print(&Rendered::new(&answer, summary(&token)))
}

fn summary(token: &Token) -> String {
    let until = match token.state() {
        TokenState::Revoked => format!("revoked {}", time_or(token.revoked_at, "")),
        _ => format!("expires {}", time_or(token.expires_at, "never")),
    };
    format!("token {} of {}: {}; {}; {until}\n", token.token_id, token.name, roles(token), tenants(token))
}

fn row(token: &Token) -> Vec<String> {
    let state = match token.state() {
        TokenState::Unspecified => "not known",
        TokenState::Active => "active",
        TokenState::Expired => "expired",
        TokenState::Revoked => "revoked",
    };
    vec![
        token.token_id.clone(),
        token.name.clone(),
        roles(token),
        tenants(token),
        state.into(),
        time_or(token.expires_at, "never"),
        time_or(token.last_used_at, "never"),
        token.created_by.clone(),
    ]
}

fn roles(token: &Token) -> String {
    let short = |role: Role| role.as_str_name().trim_start_matches("ROLE_").to_lowercase();
    token.roles().map(short).collect::<Vec<_>>().join(",")
}

fn tenants(token: &Token) -> String {
    if token.all_tenants { "all".to_owned() } else { token.tenant_ids.join(",") }
}

fn role(role: cli::Role) -> Role {
    match role {
        cli::Role::Application => Role::Application,
        cli::Role::Viewer => Role::Viewer,
        cli::Role::Manager => Role::Manager,
        cli::Role::Operator => Role::Operator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_for_what_a_token_is_good() {
        let token = Token {
            token_id: "0123456789abcdef".into(),
            name: "login-eu".into(),
            roles: vec![Role::Application.into(), Role::Viewer.into()],
            tenant_ids: vec!["acme".into(), "bolt".into()],
            state: TokenState::Active.into(),
            created_by: "root".into(),
            ..Token::default()
        };
        assert_eq!(
            row(&token),
            ["0123456789abcdef", "login-eu", "application,viewer", "acme,bolt", "active", "never", "never", "root"]
        );
        assert_eq!(
            summary(&token),
            "token 0123456789abcdef of login-eu: application,viewer; acme,bolt; expires never\n"
        );
        let revoked = Token {
            all_tenants: true,
            state: TokenState::Revoked.into(),
            revoked_at: Some(prost_types::Timestamp::default()),
            ..token
        };
        assert!(summary(&revoked).ends_with("all; revoked 1970-01-01T00:00:00Z\n"), "{}", summary(&revoked));
    }
}
