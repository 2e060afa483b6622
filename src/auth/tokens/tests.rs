use super::*;
use crate::ids::TokenName;
use crate::ledger::access::{Role, Roles, Tenants};

fn token(id: u64) -> Token {
    Token::new(TokenId(id), &[7; 32])
}

fn row(id: u64) -> Arc<TokenRow> {
    Arc::new(TokenRow {
        id: TokenId(id),
        name: TokenName::stored("login-eu"),
        hash: token(id).hash(),
        roles: Roles::NONE.with(Role::Application),
        tenants: Tenants::All,
        created: WallTime(0),
        created_by: Actor::service(),
        expires: None,
        revoked: None,
        last_used: None,
    })
}

#[test]
fn a_token_stands_for_a_principal_and_any_other_secret_for_nobody() {
    let tokens = Tokens::default();
    assert_eq!(tokens.find(&token(1), WallTime(5)), Err(TokenRefused::Unknown));
    tokens.replace(vec![row(1)], WallTime(0));
    let found = tokens.find(&token(1), WallTime(5)).unwrap();
    assert_eq!(
        (&*found.actor.0, found.has_role(Roles::NONE.with(Role::Application))),
        ("token:0000000000000001:login-eu", true)
    );
    assert!(Arc::ptr_eq(&found, &tokens.find(&token(1), WallTime(5)).unwrap()), "made once");
    let other = Token::new(TokenId(1), &[8; 32]);
    assert_eq!(tokens.find(&other, WallTime(5)), Err(TokenRefused::Unknown));
    assert_eq!(tokens.find(&token(2), WallTime(5)), Err(TokenRefused::Unknown));
    tokens.replace(vec![Arc::new(TokenRow { revoked: Some(WallTime(6)), ..TokenRow::clone(&row(1)) })], WallTime(6));
    assert_eq!(tokens.find(&token(1), WallTime(5)), Err(TokenRefused::Revoked));
    assert_eq!(tokens.find(&other, WallTime(5)), Err(TokenRefused::Unknown), "who has not the secret learns nothing");
}

#[test]
fn r31_a_clock_that_is_set_back_revives_no_token() {
    let tokens = Tokens::default();
    let load = |high| {
        tokens.replace(
            vec![Arc::new(TokenRow { expires: Some(WallTime(100)), ..TokenRow::clone(&row(1)) })],
            WallTime(high),
        )
    };
    load(0);
    assert!(tokens.find(&token(1), WallTime(99)).is_ok());
    assert_eq!(tokens.find(&token(1), WallTime(100)), Err(TokenRefused::Expired));
    assert_eq!(tokens.find(&token(1), WallTime(0)), Err(TokenRefused::Expired), "as was seen");
    load(100);
    assert_eq!(tokens.find(&token(1), WallTime(0)), Err(TokenRefused::Expired), "as the ledger knows");
    // The clock was ahead by mistake, and the ledger's mark did not follow it.
    load(50);
    assert!(tokens.find(&token(1), WallTime(50)).is_ok());
}

#[test]
fn uses_are_reported_until_the_ledger_has_them() {
    let tokens = Tokens::default();
    tokens.replace(vec![row(1), row(2)], WallTime(0));
    assert_eq!(tokens.used_since_last(), []);
    tokens.find(&token(1), WallTime(5)).unwrap();
    tokens.find(&token(1), WallTime(7)).unwrap();
    assert_eq!(tokens.used_since_last(), [(TokenId(1), WallTime(7))]);
    tokens.replace(vec![row(1)], WallTime(0));
    assert_eq!(tokens.used_since_last(), [(TokenId(1), WallTime(7))], "a change in between loses none");
    tokens.replace(vec![Arc::new(TokenRow { last_used: Some(WallTime(7)), ..TokenRow::clone(&row(1)) })], WallTime(0));
    assert_eq!(tokens.used_since_last(), []);
    let _ = tokens.find(&Token::new(TokenId(1), &[8; 32]), WallTime(9));
    assert_eq!(tokens.used_since_last(), [], "nobody used it");
}

#[test]
fn nothing_shows_a_hash() {
    let tokens = Tokens::default();
    tokens.replace(vec![row(1)], WallTime(0));
    let shown = format!("{tokens:?} {:?}", row(1));
    let bytes = row(1).hash.0;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(!shown.contains(&hex) && !shown.contains(&format!("{bytes:?}")), "{shown}");
}
