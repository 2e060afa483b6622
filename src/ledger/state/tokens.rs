//! API tokens of the installation. Authentication uses a copy, which is refreshed only after a change.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use super::budget::Budget;
use super::context::AuditDraft;
use super::ledger::{Ledger, NO_TENANT};
use super::map::Seed;
use super::rates::{Limiter, Rate};
use super::walk::{Cut, Key, Walk, Weight};
use crate::error_reason::ErrorReason;
use crate::ids::{TenantId, TokenId};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::change::{Action, Actor, Change, Changes};
use crate::ledger::model::command::{CreateToken, Cursor, ListTokens, NoteTokenUse, Page, RevokeToken, WithdrawTenant};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::{Moment, WallTime};
use crate::ledger::model::token::{KnownTokens, TokenRow, TokenState, TokenView};

/// Highest number of valid tokens with one name: the old one and its replacement.
const MAX_VALID_PER_NAME: usize = 2;
/// Highest number of all tokens.
const MAX_TOKENS: usize = 10_000;
/// Bounds that leave room for others: valid tokens of one creator who is not authorized for all tenants, and unrevoked
/// tokens that name one tenant.
const MAX_VALID_PER_CREATOR: usize = 1_000;
const MAX_UNREVOKED_PER_TENANT: usize = 200;
/// Highest number of old tokens that are deleted when a new one is created.
const MAX_EXPIRED_DELETIONS: usize = 64;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Time for which an ended token is kept, while there is room.
const RETENTION: Duration = DAY.saturating_mul(30);
/// Longest lifetime of a token that expires: a hundred years.
const MAX_TTL: Duration = DAY.saturating_mul(36_500);

/// Tokens of the installation, with their bounds.
#[derive(Debug)]
pub(in crate::ledger) struct Tokens {
    /// Shared with authentication: ten thousand tokens may name a thousand tenants each.
    rows: BTreeMap<TokenId, Arc<TokenRow>>,
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

    fn remove(&mut self, id: TokenId) -> Option<Arc<TokenRow>> {
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
    fn guard_quota(&self, command: &CreateToken, actor: &Actor, at: WallTime) -> Done<()> {
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
    fn guard_rate(&mut self, command: &CreateToken, actor: &Actor, now: Moment) -> Done<()> {
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
    fn old(&self, at: WallTime) -> Vec<TokenId> {
        let mut ended: Vec<(WallTime, TokenId)> =
            self.rows.values().filter_map(|row| Some((row.ended(at)?, row.id))).collect();
        ended.sort_unstable();
        let long_ago = ended.iter().take_while(|(end, _)| *end < at.minus(RETENTION)).count();
        let least = self.rows.len().saturating_sub(MAX_TOKENS - 1);
        ended.truncate(long_ago.min(MAX_EXPIRED_DELETIONS).max(least));
        ended.into_iter().map(|(_, id)| id).collect()
    }
}

impl Ledger {
    pub(in crate::ledger) fn create_token(
        &mut self,
        command: CreateToken,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Done<TokenView> {
        let at = self.mark.license_time(now);
        if command.ttl.is_some_and(|ttl| ttl < Duration::from_millis(1) || ttl > MAX_TTL) {
            return Err(Refusal::Invalid { field: "ttl", text: "must be longer than 0, and at most 36,500 days" });
        }
        if self.tokens.rows.contains_key(&command.id) {
            return Err(Refusal::exists("token", command.id));
        }
        self.tokens.guard_quota(&command, actor, at)?;
        let old = self.tokens.old(at);
        if self.tokens.rows.len() - old.len() >= MAX_TOKENS {
            let text = format!("there are {MAX_TOKENS} tokens, all of them valid: revoke one first");
            return Err(Refusal::Precondition {
                reason: ErrorReason::TooManyTokens,
                subject: "tokens".to_owned(),
                text,
            });
        }
        self.tokens.guard_rate(&command, actor, now)?;
        for id in old {
            let row = self.tokens.remove(id).expect("a token just seen");
            self.write_token(Action::TokenDeleted, &about(&row), Change::DeleteToken(id), actor, now, out);
        }
        let row = TokenRow {
            id: command.id,
            name: command.name,
            hash: command.hash,
            roles: command.roles,
            tenants: command.tenants,
            created: at,
            created_by: actor.clone(),
            expires: command.ttl.map(|ttl| at.plus(ttl)),
            revoked: None,
            last_used: None,
        };
        self.tokens.put(row.clone());
        let until = command.ttl.map_or("never expires".to_owned(), |ttl| format!("expires after {} s", ttl.as_secs()));
        let detail = format!("{}: {}; {}; {until}", about(&row), row.roles, row.tenants);
        self.write_token(Action::TokenCreated, &detail, Change::PutToken(row.clone()), actor, now, out);
        Ok(row.view(at))
    }

    pub(in crate::ledger) fn revoke_token(
        &mut self,
        command: &RevokeToken,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Done<TokenView> {
        let at = self.mark.license_time(now);
        let row = self.tokens.rows.get(&command.id).filter(|row| command.within.include(&row.tenants));
        let row = row.ok_or_else(|| Refusal::not_found("token", command.id))?;
        if row.revoked.is_some() {
            return Ok(row.view(at));
        }
        let row = TokenRow { revoked: Some(at), ..TokenRow::clone(row) };
        self.tokens.remove(row.id);
        self.tokens.put(row.clone());
        self.write_token(Action::TokenRevoked, &about(&row), Change::PutToken(row.clone()), actor, now, out);
        Ok(row.view(at))
    }

    /// Withdraws a deleted tenant from as many tokens as one step can. Returns the last of them, after which the caller
    /// continues; `None`: there are no more.
    pub(in crate::ledger) fn withdraw_tenant(
        &mut self,
        command: &WithdrawTenant,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Option<TokenId> {
        let mut last = command.after;
        while !self.budget.is_spent() {
            let from = last.map_or(Bound::Unbounded, Bound::Excluded);
            let (id, row) = self.tokens.rows.range((from, Bound::Unbounded)).next()?;
            let (id, row) = (*id, Arc::clone(row));
            last = Some(id);
            self.budget.spend(2 * Budget::READ);
            if matches!(&row.tenants, Tenants::Only(tenants) if tenants.contains(&command.gone)) {
                self.withdraw_from(&row, &command.gone, actor, now, out);
            }
        }
        last
    }

    /// A token without any tenant left is deleted, so that a later tenant with the same id does not see it (R1).
    fn withdraw_from(&mut self, row: &TokenRow, gone: &TenantId, actor: &Actor, now: Moment, out: &mut Changes) {
        self.budget.spend_each(row.tenants.len(), Budget::READ);
        let mut left = row.clone();
        if let Tenants::Only(tenants) = &mut left.tenants {
            tenants.remove(gone);
        }
        let detail = format!("{}: tenant {gone} was deleted", about(row));
        self.tokens.remove(row.id);
        let (action, change) = if left.tenants == Tenants::NONE {
            (Action::TokenDeleted, Change::DeleteToken(row.id))
        } else {
            self.tokens.put(left.clone());
            (Action::TokenUpdated, Change::PutToken(left))
        };
        self.write_token(action, &detail, change, actor, now, out);
    }

    /// Records the last uses of tokens, without an audit event (R35).
    pub(in crate::ledger) fn note_token_use(&mut self, command: NoteTokenUse, out: &mut Changes) {
        for (id, used) in command.uses {
            let Some(row) = self.tokens.rows.get_mut(&id).filter(|row| row.last_used < Some(used)) else { continue };
            let row = Arc::make_mut(row);
            row.last_used = Some(used);
            out.rows.push(Change::PutToken(row.clone()));
        }
    }

    /// Returns `None` if there are more steps to take.
    pub(in crate::ledger) fn list_tokens(
        &self,
        query: &ListTokens,
        walk: &mut Walk,
        now: Moment,
        budget: &mut Budget,
    ) -> Option<Page<TokenView>> {
        let at = self.mark.license_time(now);
        let cut = Cut::new(query.after.as_ref(), false, query.limit);
        while !walk.is_over() {
            let from = walk.last.as_deref().and_then(TokenId::parse).map_or(Bound::Unbounded, Bound::Excluded);
            let Some((id, row)) = self.tokens.rows.range((from, Bound::Unbounded)).next() else { break };
            if budget.is_spent() {
                return None;
            }
            budget.spend(4 * Budget::READ);
            budget.spend_each(row.tenants.len(), Budget::READ);
            // Of equal length, so that texts sort like the numbers.
            let age = format!("{:020}{id}", row.created.0.max(0));
            let key = Key { when: 0, name: row.name.as_str().as_bytes(), id: &age };
            if walk.takes(cut, key) && query.within.include(&row.tenants) {
                walk.take(cut, key, 0, budget);
            }
            walk.last = Some(id.to_string());
        }
        walk.is_ready(budget).then(|| {
            let shown = |key: &Cursor| self.tokens.rows.get(&TokenId::parse(&key.id[20..])?);
            let weigh = |key: &Cursor, _| shown(key).map(|row| Weight::new(500, row.tenants.len()));
            walk.page(cut, budget, weigh, |key, _| shown(key).expect("one that was weighed").view(at))
        })
    }

    pub(in crate::ledger) fn all_tokens(&self, budget: &mut Budget) -> KnownTokens {
        budget.spend_each(self.tokens.rows.len(), Budget::READ);
        KnownTokens { rows: self.tokens.rows.values().cloned().collect(), high: self.mark.high() }
    }

    fn write_token(
        &mut self,
        action: Action,
        detail: &str,
        change: Change,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) {
        let (_, mut ctx) = self.context(&TenantId::installation(), actor, now, out);
        ctx.log(AuditDraft::new(NO_TENANT, action).detail(detail));
        ctx.put(change);
    }
}

fn about(row: &TokenRow) -> String {
    format!("{} {}", row.id, row.name)
}
