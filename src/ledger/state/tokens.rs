//! API tokens of the installation. Authentication uses a copy, which is refreshed only after a change.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::map::Seed;
use super::rates::{Limiter, Rate};
use crate::error_reason::ErrorReason;
use crate::ids::{TenantId, TokenId};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::change::Actor;
use crate::ledger::model::command::CreateToken;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::{Moment, WallTime};
use crate::ledger::model::token::{TokenRow, TokenState};

/// Highest number of valid tokens with one name: the old one and its replacement.
const MAX_VALID_PER_NAME: usize = 2;
/// Highest number of all tokens.
pub(in crate::ledger) const MAX_TOKENS: usize = 10_000;
/// Bounds that leave room for others: valid tokens of one creator who is not authorized for all tenants, and unrevoked
/// tokens that name one tenant.
const MAX_VALID_PER_CREATOR: usize = 1_000;
const MAX_UNREVOKED_PER_TENANT: usize = 200;
/// Highest number of old tokens that are deleted when a new one is created.
const MAX_EXPIRED_DELETIONS: usize = 64;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Time for which an ended token is kept, while there is room.
const RETENTION: Duration = DAY.saturating_mul(30);

/// Tokens of the installation, with their bounds.
#[derive(Debug)]
pub(in crate::ledger) struct Tokens {
    /// Shared with authentication: ten thousand tokens may name a thousand tenants each.
    pub rows: BTreeMap<TokenId, Arc<TokenRow>>,
    /// Number of unrevoked rows that name each tenant.
    naming: BTreeMap<TenantId, usize>,
    /// Budgets for creating tokens, of callers who are not authorized for all tenants.
    budget: Limiter<Creation>,
}

/// Owner of a budget for new tokens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Creation {
    By(Actor),
    For(TenantId),
}

impl Tokens {
    pub fn new(rate: Rate, seed: Seed) -> Self {
        Self { rows: BTreeMap::new(), naming: BTreeMap::new(), budget: Limiter::new(rate, seed) }
    }

    pub fn put(&mut self, row: TokenRow) {
        self.note(&row, true);
        self.rows.insert(row.id, Arc::new(row));
    }

    pub fn remove(&mut self, id: TokenId) -> Option<Arc<TokenRow>> {
        let row = self.rows.remove(&id)?;
        self.note(&row, false);
        Some(row)
    }

    /// Updates the counts of rows by tenant.
    fn note(&mut self, row: &TokenRow, add: bool) {
        let Tenants::Only(tenants) = &row.tenants else { return };
        for tenant in tenants.iter().filter(|_| row.revoked.is_none()) {
            let count = self.naming.entry(tenant.clone()).or_default();
            *count = if add { *count + 1 } else { count.saturating_sub(1) };
            if *count == 0 {
                self.naming.remove(tenant);
            }
        }
    }

    fn good(&self, at: WallTime, matches: impl Fn(&TokenRow) -> bool) -> usize {
        self.rows.values().filter(|row| matches(row) && row.state(at) == TokenState::Active).count()
    }

    /// Refuses a token beyond a bound. Names are compared only among tokens with the same tenants, so that a caller
    /// learns of no token for other tenants and cannot use up its bound (R1).
    pub fn guard_quota(&self, command: &CreateToken, actor: &Actor, at: WallTime) -> Done<()> {
        let refused = |reason, subject: &dyn Display, text| {
            Err(Refusal::Precondition { reason, subject: subject.to_string(), text })
        };
        let same = |row: &TokenRow| row.name == command.name && row.tenants == command.tenants;
        if self.good(at, same) >= MAX_VALID_PER_NAME {
            let text = format!("{MAX_VALID_PER_NAME} tokens of this name are valid already: revoke one first");
            return refused(ErrorReason::TokenLimit, &command.name, text);
        }
        if command.within == Tenants::All {
            return Ok(());
        }
        if self.good(at, |row| row.created_by == *actor) >= MAX_VALID_PER_CREATOR {
            let text = format!("{MAX_VALID_PER_CREATOR} tokens that you made are valid: revoke one first");
            return refused(ErrorReason::TooManyTokens, &actor.0, text);
        }
        let Tenants::Only(tenants) = &command.tenants else { return Ok(()) };
        let mut full = tenants
            .iter()
            .filter(|tenant| self.naming.get(*tenant).is_some_and(|has| *has >= MAX_UNREVOKED_PER_TENANT));
        match full.next() {
            Some(tenant) => {
                let text =
                    format!("{MAX_UNREVOKED_PER_TENANT} tokens for this tenant are not revoked: revoke one first");
                refused(ErrorReason::TooManyTokens, tenant, text)
            }
            None => Ok(()),
        }
    }

    /// Takes one from each budget, or from none if one of them is spent.
    pub fn guard_rate(&mut self, command: &CreateToken, actor: &Actor, now: Moment) -> Done<()> {
        let (Tenants::Only(_), Tenants::Only(tenants)) = (&command.within, &command.tenants) else { return Ok(()) };
        let too_often = |retry| Refusal::TooOften {
            text: "Too many tokens were made by you, or for this tenant.".to_owned(),
            retry,
        };
        let of_tenants = tenants.iter().cloned().map(Creation::For);
        let all: Vec<Creation> = std::iter::once(Creation::By(actor.clone())).chain(of_tenants).collect();
        for creation in &all {
            self.budget.check(creation, now.tick).map_err(too_often)?;
        }
        for creation in &all {
            self.budget.take(creation, now.tick).map_err(too_often)?;
        }
        Ok(())
    }

    /// Tokens to delete for a new one: those that ended long ago; without any, the one that ended first, if there is no
    /// room.
    pub fn old(&self, at: WallTime) -> Vec<TokenId> {
        let mut ended: Vec<(WallTime, TokenId)> =
            self.rows.values().filter_map(|row| Some((row.ended(at)?, row.id))).collect();
        ended.sort_unstable();
        let long_ago = ended.iter().take_while(|(end, _)| *end < at.minus(RETENTION)).count();
        let least = self.rows.len().saturating_sub(MAX_TOKENS - 1);
        ended.truncate(long_ago.min(MAX_EXPIRED_DELETIONS).max(least));
        ended.into_iter().map(|(_, id)| id).collect()
    }
}
