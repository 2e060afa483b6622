//! Token index: a copy of the ledger's API tokens, which every call reads, and which is replaced after each change. A
//! process that does not hold the installation's shard copies the index of the one that does (C10).

mod confirmed;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::sync::{Mutex, watch};

use self::confirmed::Confirmed;
use super::Principal;
use super::token::Token;
use super::used_token::{TokenEdition, UsedToken};
use crate::clock::Clock;
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
    /// The index was not confirmed for [`MAX_TOKEN_LIST_AGE`]: the token may have been revoked meanwhile.
    #[error("it is not known whether the token was revoked")]
    Unconfirmed,
}

/// Time after which an index that was not confirmed lets nobody in (C10).
pub const MAX_TOKEN_LIST_AGE: Duration = Duration::from_secs(30);

/// What has become of an index since some edition.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenUpdate {
    pub edition: TokenEdition,
    /// The ledger's high-water mark of wall time (R31).
    pub high: WallTime,
    /// All tokens; `None`: they are those of the edition that was asked for.
    pub rows: Option<Vec<Arc<TokenRow>>>,
}

/// All stored tokens.
#[derive(Debug, Default)]
pub struct Tokens {
    table: ArcSwap<Table>,
    /// The ledger's high-water mark of wall time at the last replacement.
    high: AtomicI64,
    /// The later of that mark and the wall clock since then: a clock that is set back revives no token (R31), and one
    /// that was wrong refuses tokens no longer than the mark does.
    latest: AtomicI64,
    /// Held while the ledger is queried and the table is replaced, so that an older answer never replaces a newer one.
    replacing: Mutex<()>,
    /// When the index was confirmed; `None`: it is the ledger's only one, and needs no confirmation.
    confirmed: Option<Confirmed>,
    /// Edition of the table, for those who wait for a change.
    edition: watch::Sender<TokenEdition>,
}

#[derive(Debug, Default)]
struct Table {
    edition: TokenEdition,
    known: HashMap<TokenId, CachedToken>,
}

#[derive(Debug, Clone)]
struct CachedToken {
    row: Arc<TokenRow>,
    principal: Arc<Principal>,
    /// Shared with the previous and the next table, so that no use is lost between them.
    used: Arc<Use>,
}

/// Wall times, or [`NEVER`].
#[derive(Debug)]
struct Use {
    last: AtomicI64,
    /// The last use that the ledger knows, as far as it is not in the row.
    noted: AtomicI64,
}

const NEVER: i64 = i64::MIN;

impl Tokens {
    /// An index of one of several processes, each of which refuses all tokens when its index was not confirmed for
    /// [`MAX_TOKEN_LIST_AGE`], and before it was read.
    #[must_use]
    pub fn shared(clock: Clock) -> Self {
        Self { confirmed: Some(Confirmed::new(clock)), ..Self::default() }
    }

    /// Reads all tokens from the ledger again: at the start, after every change, and from time to time for its
    /// high-water mark. The journal answers only while it knows that this process owns the shard.
    ///
    /// # Errors
    /// [`JournalError`]: everything stays as it is.
    pub async fn reload(&self, journal: &Journal) -> Result<(), JournalError> {
        let _one = self.replacing.lock().await;
        let asked = self.now();
        let KnownTokens { rows, high } = journal.query(&TenantId::installation(), AllTokens).await?;
        self.replace(rows, high);
        self.confirm(asked);
        Ok(())
    }

    /// Takes over the answer of the process that keeps the tokens to a question that was sent at `asked`, by
    /// [`Self::now`]. An answer that is older than what is known is dropped.
    pub async fn update(&self, update: TokenUpdate, asked: Duration) {
        let _one = self.replacing.lock().await;
        if self.confirmed.as_ref().is_some_and(|confirmed| confirmed.is_after(asked)) {
            return;
        }
        match update.rows {
            Some(rows) => self.store(update.edition, rows),
            // The index became another one while the answer was under way.
            None if update.edition != self.edition() => return,
            None => {}
        }
        self.set_high(update.high);
        self.confirm(asked);
    }

    /// Replaces the tokens and the high-water mark. Tokens that differ, in more than their last use, are a new edition.
    pub fn replace(&self, rows: Vec<Arc<TokenRow>>, high: WallTime) {
        let before = self.table.load();
        let all = |is: fn(&Arc<TokenRow>, &Arc<TokenRow>) -> bool| {
            let is_known = |row: &Arc<TokenRow>| before.known.get(&row.id).is_some_and(|known| is(&known.row, row));
            before.known.len() == rows.len() && rows.iter().all(is_known)
        };
        // Nearly always nothing has changed.
        if !all(Arc::ptr_eq) {
            let same = all(|known, row| known.differs_at_most_in_use(row));
            // Not a counter of this process: the next one that keeps the tokens goes on from about here.
            let next = || TokenEdition(u64::try_from(high.0).unwrap_or_default().max(before.edition.0 + 1));
            self.store(if same { before.edition } else { next() }, rows);
        }
        self.set_high(high);
    }

    fn set_high(&self, high: WallTime) {
        self.high.store(high.0, Ordering::Relaxed);
        self.latest.store(high.0, Ordering::Relaxed);
    }

    fn store(&self, edition: TokenEdition, rows: Vec<Arc<TokenRow>>) {
        let before = self.table.load();
        let known = rows.into_iter().map(|row| match before.known.get(&row.id) {
            Some(known) if Arc::ptr_eq(&known.row, &row) => (row.id, known.clone()),
            Some(known) => (row.id, CachedToken::new(row, edition, Arc::clone(&known.used))),
            None => (row.id, CachedToken::new(row, edition, Arc::new(Use::never()))),
        });
        self.table.store(Arc::new(Table { edition, known: known.collect() }));
        self.edition.send_if_modified(|known| std::mem::replace(known, edition) != edition);
    }

    /// Edition of the index. A receiver can also be used to wait for changes.
    #[must_use]
    pub fn editions(&self) -> watch::Receiver<TokenEdition> {
        self.edition.subscribe()
    }

    /// Edition of the index.
    #[must_use]
    pub fn edition(&self) -> TokenEdition {
        self.table.load().edition
    }

    /// Returns what another process that has this edition lacks. Must follow a [`Self::reload`], which confirms it.
    #[must_use]
    pub fn since(&self, edition: TokenEdition) -> TokenUpdate {
        let table = self.table.load();
        let rows = || table.known.values().map(|known| Arc::clone(&known.row)).collect();
        TokenUpdate {
            edition: table.edition,
            high: WallTime(self.high.load(Ordering::Relaxed)),
            rows: (table.edition != edition).then(rows),
        }
    }

    /// Time by which confirmations are counted. It goes on while the machine is suspended.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.confirmed.as_ref().map_or(Duration::ZERO, Confirmed::now)
    }

    /// Time since the index was confirmed, or since it was made; zero if it needs no confirmation.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.confirmed.as_ref().map_or(Duration::ZERO, Confirmed::age)
    }

    fn confirm(&self, asked: Duration) {
        if let Some(confirmed) = &self.confirmed {
            confirmed.set(asked);
        }
    }

    /// # Errors
    /// [`TokenRefused::Unconfirmed`]
    fn check_confirmed(&self) -> Result<(), TokenRefused> {
        match &self.confirmed {
            Some(confirmed) if !confirmed.is_fresh(MAX_TOKEN_LIST_AGE) => Err(TokenRefused::Unconfirmed),
            _ => Ok(()),
        }
    }

    /// Returns the principal of a token, and records its use.
    ///
    /// # Errors
    /// [`TokenRefused`]
    pub fn find(&self, token: &Token, now: WallTime) -> Result<Arc<Principal>, TokenRefused> {
        self.check_confirmed()?;
        let at = self.latest(now);
        let table = self.table.load();
        let known = table.known.get(&token.id()).filter(|known| token.hash().is(&known.row.hash));
        let known = known.ok_or(TokenRefused::Unknown)?;
        allowed(&known.row, at)?;
        known.used.last.store(now.0, Ordering::Relaxed);
        Ok(Arc::clone(&known.principal))
    }

    /// Checks again a token that another process has let in (C10). A token that is not known here is new, if the other
    /// index has had it only since a later edition than this one.
    ///
    /// # Errors
    /// [`TokenRefused`]
    pub fn check_again(&self, token: UsedToken, now: WallTime) -> Result<(), TokenRefused> {
        self.check_confirmed()?;
        let at = self.latest(now);
        let table = self.table.load();
        match table.known.get(&token.id) {
            Some(known) => allowed(&known.row, at),
            None if token.edition > table.edition => Ok(()),
            None => Err(TokenRefused::Unknown),
        }
    }

    fn latest(&self, now: WallTime) -> WallTime {
        WallTime(self.latest.fetch_max(now.0, Ordering::Relaxed).max(now.0))
    }

    /// Returns the active tokens that this caller created, by id.
    #[must_use]
    pub fn active_of(&self, creator: &Actor) -> Vec<TokenRow> {
        let at = WallTime(self.latest.load(Ordering::Relaxed));
        let table = self.table.load();
        let rows = table.known.values().map(|known| &*known.row);
        let made = rows.filter(|row| row.created_by == *creator && row.state(at) == TokenState::Active);
        let mut made: Vec<TokenRow> = made.cloned().collect();
        made.sort_by_key(|row| row.id);
        made
    }

    /// Returns the last use of each token whose use the ledger does not know yet.
    #[must_use]
    pub fn used_since_last(&self) -> Vec<(TokenId, WallTime)> {
        let table = self.table.load();
        let used = table.known.iter().filter_map(|(id, known)| {
            let used = known.used.last.load(Ordering::Relaxed);
            let noted = known.used.noted.load(Ordering::Relaxed);
            let new = used != NEVER && used > noted && known.row.last_used < Some(WallTime(used));
            new.then_some((*id, WallTime(used)))
        });
        used.collect()
    }

    /// Notes that the ledger knows these uses. An index that is a copy gets no rows for a mere use.
    pub fn noted(&self, uses: &[(TokenId, WallTime)]) {
        let table = self.table.load();
        for (id, used) in uses {
            if let Some(known) = table.known.get(id) {
                known.used.noted.fetch_max(used.0, Ordering::Relaxed);
            }
        }
    }
}

fn allowed(row: &TokenRow, at: WallTime) -> Result<(), TokenRefused> {
    match row.state(at) {
        TokenState::Active => Ok(()),
        TokenState::Expired => Err(TokenRefused::Expired),
        TokenState::Revoked => Err(TokenRefused::Revoked),
    }
}

impl CachedToken {
    fn new(row: Arc<TokenRow>, edition: TokenEdition, used: Arc<Use>) -> Self {
        // The id has a fixed length, and no caller chooses it: whatever the name, the actor stands for one token only
        // (R1).
        let actor = Actor(format!("token:{}:{}", row.id, row.name).into());
        let principal = Principal::new(actor, row.roles, row.tenants.clone());
        let principal = principal.by_token(UsedToken { id: row.id, edition });
        Self { row, principal: Arc::new(principal), used }
    }
}

impl Use {
    fn never() -> Self {
        Self { last: AtomicI64::new(NEVER), noted: AtomicI64::new(NEVER) }
    }
}

#[cfg(test)]
mod tests;
