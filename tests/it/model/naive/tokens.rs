//! API tokens of the installation: two good ones of a name at a time, and records that are dropped a month after their
//! end.

use std::time::Duration;

use usher::error_reason::ErrorReason;
use usher::ids::{TenantId, TokenId};
use usher::ledger::access::Tenants;
use usher::ledger::change::Actor;
use usher::ledger::command::{Command, CreateToken, ListTokens, NoteTokenUse, Outcome, RevokeToken};
use usher::ledger::outcome::{Done, Refusal};
use usher::ledger::time::{Moment, WallTime};
use usher::ledger::token::{TokenRow, TokenState, TokenView};

use super::licenses::ACTOR;
use super::{Model, exists, missing, rule};

const MONTH: Duration = Duration::from_secs(30 * 24 * 60 * 60);

impl Model {
    /// Applies a command about tokens.
    pub fn on_tokens(&mut self, _: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::CreateToken(command) => Outcome::CreateToken(self.create_token(command, now)),
            Command::RevokeToken(command) => Outcome::RevokeToken(self.revoke_token(command, now)),
            Command::NoteTokenUse(command) => {
                self.note_token_use(command);
                Outcome::NoteTokenUse(())
            }
            _ => return None,
        })
    }

    pub fn create_token(&mut self, command: &CreateToken, now: Moment) -> Done<TokenView> {
        let at = self.glance(now).license_time;
        if command.ttl.is_some_and(|ttl| ttl.is_zero()) {
            return Err(Refusal::Invalid { field: "ttl", text: "" });
        }
        if self.tokens.iter().any(|row| row.id == command.id) {
            return Err(exists("token", command.id));
        }
        let same = |row: &TokenRow| row.name == command.name && row.tenants == command.tenants;
        let active = |row: &&TokenRow| same(row) && state(row, at) == TokenState::Active;
        if self.tokens.iter().filter(active).count() > 1 {
            return Err(rule(ErrorReason::TokenLimit));
        }
        let long_ago = |end: Option<WallTime>| end.is_some_and(|end| end < at.minus(MONTH));
        self.tokens.retain(|row| !long_ago(row.revoked) && !long_ago(row.expires));
        let row = TokenRow {
            id: command.id,
            name: command.name.clone(),
            hash: command.hash,
            roles: command.roles,
            tenants: command.tenants.clone(),
            created: at,
            created_by: Actor(ACTOR.into()),
            expires: command.ttl.map(|ttl| at.plus(ttl)),
            revoked: None,
            last_used: None,
        };
        self.tokens.push(row.clone());
        Ok(view(&row, at))
    }

    pub fn revoke_token(&mut self, command: &RevokeToken, now: Moment) -> Done<TokenView> {
        let at = self.glance(now).license_time;
        let mine = |row: &&mut TokenRow| row.id == command.id && within(row, &command.within);
        let row = self.tokens.iter_mut().find(mine).ok_or_else(|| missing("token", command.id))?;
        row.revoked = row.revoked.or(Some(at));
        Ok(view(row, at))
    }

    pub fn note_token_use(&mut self, command: &NoteTokenUse) {
        for (id, used) in &command.uses {
            let known = self.tokens.iter_mut().filter(|row| row.id == *id);
            known.for_each(|row| row.last_used = row.last_used.max(Some(*used)));
        }
    }

    pub fn list_tokens(&self, query: &ListTokens, now: Moment) -> Vec<TokenView> {
        let at = self.glance(now).license_time;
        let mut rows: Vec<&TokenRow> = self.tokens.iter().filter(|row| within(row, &query.within)).collect();
        rows.sort_by_key(|row| (row.name.clone(), row.created, row.id));
        rows.into_iter().map(|row| view(row, at)).collect()
    }

    pub fn all_tokens(&self) -> Vec<TokenRow> {
        let mut rows = self.tokens.clone();
        rows.sort_by_key(|row| row.id);
        rows
    }

    pub fn token_ids(&self) -> Vec<TokenId> {
        self.tokens.iter().map(|row| row.id).collect()
    }
}

fn state(row: &TokenRow, at: WallTime) -> TokenState {
    if row.revoked.is_some() {
        TokenState::Revoked
    } else if row.expires.is_some_and(|expires| expires <= at) {
        TokenState::Expired
    } else {
        TokenState::Active
    }
}

fn within(row: &TokenRow, callers: &Tenants) -> bool {
    match (&row.tenants, callers) {
        (_, Tenants::All) => true,
        (Tenants::All, Tenants::Only(_)) => false,
        (Tenants::Only(its), Tenants::Only(callers)) => its.iter().all(|tenant| callers.contains(tenant)),
    }
}

fn view(row: &TokenRow, at: WallTime) -> TokenView {
    TokenView {
        id: row.id,
        name: row.name.clone(),
        roles: row.roles,
        tenants: row.tenants.clone(),
        state: state(row, at),
        created: row.created,
        created_by: row.created_by.clone(),
        expires: row.expires,
        revoked: row.revoked,
        last_used: row.last_used,
    }
}
