//! Commands about the API tokens of the installation.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use crate::ids::{TenantId, TokenId};
use crate::ledger::model::access::Tenants;
use crate::ledger::model::change::{Action, Actor, Change, Changes};
use crate::ledger::model::command::{CreateToken, NoteTokenUse, RevokeToken, WithdrawTenant};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::{TokenRow, TokenView};
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::ledger::{Ledger, NOBODY};
use crate::ledger::state::tokens::MAX_TOKENS;

/// Longest lifetime of a token that expires: a hundred years.
const MAX_TTL: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

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
            return Err(Refusal::Invalid {
                field: "ttl",
                text: "must be longer than nothing, and at most 36,500 days",
            });
        }
        if self.tokens.rows.contains_key(&command.id) {
            return Err(Refusal::exists("token", command.id));
        }
        self.tokens.guard_quota(&command, actor, at)?;
        let old = self.tokens.old(at);
        if self.tokens.rows.len() - old.len() >= MAX_TOKENS {
            let text = format!("there are {MAX_TOKENS} tokens, all of them good: revoke one first");
            return Err(Refusal::Precondition { reason: "TOO_MANY_TOKENS", subject: "tokens".to_owned(), text });
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
            self.budget.spend(2 * Budget::LOOK);
            if matches!(&row.tenants, Tenants::Only(tenants) if tenants.contains(&command.gone)) {
                self.withdraw_from(&row, &command.gone, actor, now, out);
            }
        }
        last
    }

    /// A token without any tenant left is deleted, so that a later tenant with the same id does not see it (R1).
    fn withdraw_from(&mut self, row: &TokenRow, gone: &TenantId, actor: &Actor, now: Moment, out: &mut Changes) {
        self.budget.spend_each(row.tenants.len(), Budget::LOOK);
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
        ctx.log(AuditDraft::new(NOBODY, action).detail(detail));
        ctx.put(change);
    }
}

fn about(row: &TokenRow) -> String {
    format!("{} {}", row.id, row.name)
}
