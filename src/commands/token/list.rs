//! `usher token list`

use clap::Args;

use super::text::{roles, tenants};
use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::Printer;
use crate::commands::output::list::List;
use crate::commands::output::table::left;
use crate::commands::output::words::time_or;
use crate::failure::Failure;
use crate::proto::v1::{ListTokensRequest, Token, TokenState};

#[derive(Debug, Args)]
pub struct ListArgs {
    /// At most so many [default: all]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Prints the tokens.
pub async fn run(args: &ListArgs) -> Result<(), Failure> {
    call_for(INSTALLATION, &args.connection, async |usher, printer| list(usher, printer, args).await).await
}

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

async fn list(usher: &Usher, printer: &mut Printer, args: &ListArgs) -> Result<(), Error> {
    let page = async |page_size, page_token| {
        let request = usher.request(ListTokensRequest { page_size, page_token });
        let page = usher.answer(usher.tokens().list_tokens(request)).await?;
        Ok((page.tokens, page.next_page_token))
    };
    LIST.print(printer, args.limit, page).await
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

#[cfg(test)]
mod tests {
    use super::super::text::summary;
    use super::*;
    use crate::proto::v1::Role;

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
