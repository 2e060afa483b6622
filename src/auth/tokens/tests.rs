//! The token index of a process that is alone, and the copies that other processes keep (C10).

use super::*;
use crate::clock::ManualClock;
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

/// Two processes: one keeps the tokens, and the other copies its index.
struct Two {
    keeper: Tokens,
    copy: Tokens,
    clock: Arc<ManualClock>,
}

impl Two {
    fn new() -> Self {
        let (now, clock) = Clock::manual(WallTime(0));
        clock.advance(Duration::from_secs(1_000));
        Self { keeper: Tokens::shared(now.clone()), copy: Tokens::shared(now), clock }
    }

    /// The keeper reads these rows from its ledger.
    fn keep(&self, rows: Vec<Arc<TokenRow>>, high: i64) {
        self.keeper.replace(rows, WallTime(high));
        self.keeper.confirm(self.keeper.now());
    }

    /// The copy asks the keeper, and gets its answer at once. Returns the answer.
    async fn follow(&self) -> TokenUpdate {
        let (asked, update) = (self.copy.now(), self.keeper.since(self.copy.edition()));
        self.copy.update(update.clone(), asked).await;
        update
    }

    fn find(&self, id: u64) -> Result<(), TokenRefused> {
        self.copy.find(&token(id), WallTime(5)).map(drop)
    }
}

fn revoked(id: u64) -> Arc<TokenRow> {
    Arc::new(TokenRow { revoked: Some(WallTime(6)), ..TokenRow::clone(&row(id)) })
}

#[tokio::test]
async fn c10_a_copy_knows_what_the_keeper_knew_when_it_was_asked() {
    let two = Two::new();
    assert_eq!(two.find(1), Err(TokenRefused::Unconfirmed), "before anything was read");
    two.keep(vec![row(1), row(2)], 10);
    assert!(two.follow().await.rows.is_some());
    assert_eq!((two.find(1), two.find(3)), (Ok(()), Err(TokenRefused::Unknown)));
    assert_eq!(two.follow().await.rows, None, "nothing is sent twice");
    two.keep(vec![revoked(1), row(2)], 20);
    assert!(two.follow().await.rows.is_some());
    assert_eq!((two.find(1), two.find(2)), (Err(TokenRefused::Revoked), Ok(())));
}

#[tokio::test]
async fn c10_an_index_that_nobody_confirms_for_half_a_minute_lets_nobody_in() {
    let two = Two::new();
    two.keep(vec![row(1)], 10);
    two.follow().await;
    two.clock.advance(Duration::from_millis(29_999));
    assert_eq!(two.find(1), Ok(()));
    two.clock.advance(Duration::from_millis(1));
    assert_eq!((two.find(1), two.find(2)), (Err(TokenRefused::Unconfirmed), Err(TokenRefused::Unconfirmed)));
    two.keep(vec![row(1)], 10);
    two.follow().await;
    assert_eq!(two.find(1), Ok(()), "an answer without rows confirms it, too");
    two.clock.suspend(Duration::from_secs(60));
    assert_eq!(two.find(1), Err(TokenRefused::Unconfirmed), "a machine that slept has heard nothing");
    assert_eq!(two.copy.age(), Duration::from_secs(60));
    assert_eq!(Tokens::default().age(), Duration::ZERO, "the only index needs no confirmation");
}

#[tokio::test]
async fn c10_an_answer_that_is_older_than_what_is_known_changes_nothing() {
    let two = Two::new();
    two.keep(vec![row(1)], 10);
    let (asked, late) = (two.copy.now(), two.keeper.since(TokenEdition::default()));
    two.clock.advance(Duration::from_secs(1));
    two.keep(vec![revoked(1)], 20);
    two.follow().await;
    two.copy.update(late, asked).await;
    assert_eq!(two.find(1), Err(TokenRefused::Revoked));
    // What confirms another edition than the copy has by now.
    let (asked, unchanged) = (two.copy.now(), two.keeper.since(two.keeper.edition()));
    two.copy.replace(vec![row(1), row(2)], WallTime(30));
    two.clock.advance(Duration::from_secs(10));
    two.copy.update(unchanged, asked).await;
    assert_eq!(two.copy.age(), Duration::from_secs(10));
}

#[tokio::test]
async fn c10_the_edition_outlives_the_process_that_keeps_the_tokens() {
    let two = Two::new();
    two.keep(vec![row(1)], 10);
    two.follow().await;
    let edition = two.copy.edition();
    assert_eq!(edition, TokenEdition(10));
    // The copy becomes the keeper: its ledger has the same tokens, one of them used meanwhile.
    let used = Arc::new(TokenRow { last_used: Some(WallTime(9)), ..TokenRow::clone(&row(1)) });
    two.copy.replace(vec![used], WallTime(11));
    assert_eq!(two.copy.edition(), edition);
    // A clock that is behind makes no edition older.
    two.copy.replace(vec![row(1), row(2)], WallTime(3));
    assert_eq!(two.copy.edition(), TokenEdition(11));
    two.copy.replace(vec![row(1)], WallTime(50));
    assert_eq!(two.copy.edition(), TokenEdition(50), "as many tokens as before, and one fewer");
}

#[tokio::test]
async fn c10_a_token_that_another_process_let_in_is_checked_again() {
    let two = Two::new();
    let again = |id, edition| {
        let token = UsedToken { id: TokenId(id), edition: TokenEdition(edition) };
        two.copy.check_again(token, WallTime(5))
    };
    assert_eq!(again(1, 99), Err(TokenRefused::Unconfirmed));
    let expired = Arc::new(TokenRow { expires: Some(WallTime(4)), ..TokenRow::clone(&row(3)) });
    two.keep(vec![row(1), revoked(2), expired], 10);
    two.follow().await;
    assert_eq!(again(1, 1), Ok(()));
    assert_eq!(again(2, 99), Err(TokenRefused::Revoked), "however new the other index is");
    assert_eq!(again(3, 99), Err(TokenRefused::Expired));
    assert_eq!(again(4, 11), Ok(()), "it is new there, and not known here yet");
    assert_eq!(again(4, 10), Err(TokenRefused::Unknown), "it was deleted");
}

#[tokio::test]
async fn c10_a_copy_reports_a_use_once() {
    let two = Two::new();
    two.keep(vec![row(1)], 10);
    two.follow().await;
    two.find(1).unwrap();
    let uses = two.copy.used_since_last();
    assert_eq!(uses, [(TokenId(1), WallTime(5))]);
    two.copy.noted(&uses);
    assert_eq!(two.copy.used_since_last(), []);
    two.copy.find(&token(1), WallTime(7)).unwrap();
    assert_eq!(two.copy.used_since_last(), [(TokenId(1), WallTime(7))]);
}

#[test]
fn the_principal_of_a_token_says_which_one_it_was_and_since_when_it_is_known() {
    let tokens = Tokens::default();
    let used = |id| tokens.find(&token(id), WallTime(5)).unwrap().token.unwrap();
    let (first, second) = (row(1), row(2));
    tokens.replace(vec![Arc::clone(&first)], WallTime(10));
    tokens.replace(vec![first, second], WallTime(20));
    assert_eq!(used(1), UsedToken { id: TokenId(1), edition: TokenEdition(10) });
    assert_eq!(used(2), UsedToken { id: TokenId(2), edition: TokenEdition(20) });
}

#[tokio::test]
async fn a_change_of_the_index_wakes_who_waits_for_it() {
    let tokens = Tokens::default();
    let mut editions = tokens.editions();
    let first = row(1);
    tokens.replace(vec![Arc::clone(&first)], WallTime(10));
    editions.changed().await.unwrap();
    assert_eq!(*editions.borrow_and_update(), tokens.edition());
    tokens.replace(vec![first], WallTime(20));
    assert!(!editions.has_changed().unwrap(), "the same tokens");
}
