//! Token index: a copy of the ledger's API tokens, which every call reads, and which is replaced after each change.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use tokio::sync::Mutex;

use super::Principal;
use super::token::Token;
use crate::ids::{TenantId, TokenId};
use crate::journal::{Journal, JournalError};
use crate::ledger::change::Actor;
use crate::ledger::command::AllTokens;
use crate::ledger::time::WallTime;
use crate::ledger::token::{KnownTokens, TokenRow, TokenState};

/// Reason for which a token is refused. Expired and revoked are reported only for a token with the right secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefused {
    /// There is no token with this id, or its secret is different.
    #[error("there is no such token")]
    Unknown,
    #[error("the token has expired")]
    Expired,
    #[error("the token was revoked")]
    Revoked,
}

/// All stored tokens.
#[derive(Debug, Default)]
pub struct Tokens {
    table: ArcSwap<HashMap<TokenId, CachedToken>>,
    /// The later of the ledger's high-water mark at the last [`Tokens::replace`] and the wall clock since then: a clock
    /// that is set back revives no token (R31), and one that was wrong refuses tokens no longer than the mark does.
    latest: AtomicI64,
    /// Held while the ledger is queried and the table is replaced, so that an older answer never replaces a newer one.
    reloading: Mutex<()>,
}

#[derive(Debug, Clone)]
struct CachedToken {
    row: Arc<TokenRow>,
    principal: Arc<Principal>,
    /// Wall time of the last use, or [`NEVER`]. Shared with the previous and the next table, so that no use is lost
    /// between them.
    used: Arc<AtomicI64>,
}

const NEVER: i64 = i64::MIN;

impl Tokens {
    /// Reads all tokens from the ledger again: at the start, after every change, and from time to time for its
    /// high-water mark.
    ///
    /// # Errors
    /// [`JournalError`]: everything stays as it is.
    pub async fn reload(&self, journal: &Journal) -> Result<(), JournalError> {
        let _one = self.reloading.lock().await;
        let KnownTokens { rows, high } = journal.query(&TenantId::installation(), AllTokens).await?;
        self.replace(rows, high);
        Ok(())
    }

    /// Replaces the tokens and the high-water mark.
    pub fn replace(&self, rows: Vec<Arc<TokenRow>>, high: WallTime) {
        let before = self.table.load();
        let known = rows.into_iter().map(|row| match before.get(&row.id) {
            Some(known) if Arc::ptr_eq(&known.row, &row) => (row.id, known.clone()),
            Some(known) => (row.id, CachedToken::new(row, Arc::clone(&known.used))),
            None => (row.id, CachedToken::new(row, Arc::new(AtomicI64::new(NEVER)))),
        });
        self.table.store(Arc::new(known.collect()));
        self.latest.store(high.0, Ordering::Relaxed);
    }

    /// Returns the principal of a token, and records its use.
    ///
    /// # Errors
    /// [`TokenRefused`]
    pub fn find(&self, token: &Token, now: WallTime) -> Result<Arc<Principal>, TokenRefused> {
        let at = WallTime(self.latest.fetch_max(now.0, Ordering::Relaxed).max(now.0));
        let table = self.table.load();
        let known = table.get(&token.id()).filter(|known| token.hash().is(&known.row.hash));
        let known = known.ok_or(TokenRefused::Unknown)?;
        match known.row.state(at) {
            TokenState::Active => {
                known.used.store(now.0, Ordering::Relaxed);
                Ok(Arc::clone(&known.principal))
            }
            TokenState::Expired => Err(TokenRefused::Expired),
            TokenState::Revoked => Err(TokenRefused::Revoked),
        }
    }

    /// Returns the active tokens that this caller created, by id.
    #[must_use]
    pub fn active_of(&self, creator: &Actor) -> Vec<TokenRow> {
        let at = WallTime(self.latest.load(Ordering::Relaxed));
        let rows = self.table.load();
        let rows = rows.values().map(|known| &*known.row);
        let made = rows.filter(|row| row.created_by == *creator && row.state(at) == TokenState::Active);
        let mut made: Vec<TokenRow> = made.cloned().collect();
        made.sort_by_key(|row| row.id);
        made
    }

    /// Returns the last use of each token whose use the ledger does not know yet.
    #[must_use]
    pub fn used_since_last(&self) -> Vec<(TokenId, WallTime)> {
        let table = self.table.load();
        let used = table.iter().filter_map(|(id, known)| {
            let used = known.used.load(Ordering::Relaxed);
            let new = used != NEVER && known.row.last_used < Some(WallTime(used));
            new.then_some((*id, WallTime(used)))
        });
        used.collect()
    }
}

impl CachedToken {
    fn new(row: Arc<TokenRow>, used: Arc<AtomicI64>) -> Self {
        // The id has a fixed length, and no caller chooses it: whatever the name, the actor stands for one token only
        // (R1).
        let actor = Actor(format!("token:{}:{}", row.id, row.name).into());
        let principal = Principal::new(actor, row.roles, row.tenants.clone());
        Self { row, principal: Arc::new(principal), used }
    }
}

#[cfg(test)]
mod tests {
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
        tokens
            .replace(vec![Arc::new(TokenRow { revoked: Some(WallTime(6)), ..TokenRow::clone(&row(1)) })], WallTime(6));
        assert_eq!(tokens.find(&token(1), WallTime(5)), Err(TokenRefused::Revoked));
        assert_eq!(
            tokens.find(&other, WallTime(5)),
            Err(TokenRefused::Unknown),
            "who has not the secret learns nothing"
        );
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
        tokens.replace(
            vec![Arc::new(TokenRow { last_used: Some(WallTime(7)), ..TokenRow::clone(&row(1)) })],
            WallTime(0),
        );
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
}
