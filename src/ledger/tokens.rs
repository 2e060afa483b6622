//! The installation's API tokens. Cold: authentication reads a copy, and asks here only when something changed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::change::{Action, Actor, Change, Changes};
use super::command::{CreateToken, ListTokens, NoteTokenUse, Page, RevokeToken};
use super::outcome::{Done, Refusal};
use super::step::About;
use super::time::{Moment, Wall};
use super::token::{KnownTokens, TokenRow, TokenState, TokenView};
use super::walk::{Cut, Key, page};
use super::{Ledger, NOBODY};
use crate::ids::{TenantId, TokenId, TokenName};

/// Tokens of one name that are good at a time: the old one and the new one, while one takes the place of the other.
const OF_A_NAME: usize = 2;
/// Tokens in all.
const MOST: usize = 10_000;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a token is remembered that ended, as long as there is room.
const REMEMBERED: Duration = DAY.saturating_mul(30);
/// The longest time for which a token can be good, if not for ever: a hundred years.
const LONGEST: Duration = DAY.saturating_mul(36_500);

#[derive(Debug, Default)]
pub(super) struct Tokens(BTreeMap<TokenId, TokenRow>);

impl Tokens {
    pub fn put(&mut self, row: TokenRow) {
        self.0.insert(row.id, row);
    }

    fn good(&self, name: &TokenName, at: Wall) -> usize {
        self.0.values().filter(|row| row.name == *name && row.state(at) == TokenState::Active).count()
    }

    /// What makes room for a new one: those that ended long ago; if there is none else, the one that ended first.
    fn old(&self, at: Wall) -> Vec<TokenId> {
        let mut ended: Vec<(Wall, TokenId)> =
            self.0.values().filter_map(|row| Some((row.ended(at)?, row.id))).collect();
        ended.sort_unstable();
        let long_ago = ended.iter().take_while(|(end, _)| *end < at.minus(REMEMBERED)).count();
        let least = self.0.len().saturating_sub(MOST - 1);
        ended.truncate(long_ago.max(least));
        ended.into_iter().map(|(_, id)| id).collect()
    }
}

impl Ledger {
    pub(super) fn create_token(
        &mut self,
        ask: CreateToken,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Done<TokenView> {
        let at = self.mark.license_time(now);
        if ask.ttl.is_some_and(|ttl| ttl < Duration::from_millis(1) || ttl > LONGEST) {
            return Err(Refusal::Invalid {
                field: "ttl",
                text: "must be longer than nothing, and at most 36,500 days",
            });
        }
        if self.tokens.0.contains_key(&ask.id) {
            return Err(Refusal::exists("token", ask.id));
        }
        if self.tokens.good(&ask.name, at) >= OF_A_NAME {
            let text = format!("{OF_A_NAME} tokens of this name are good already: revoke one first");
            return Err(Refusal::Precondition { reason: "TOKEN_LIMIT", subject: ask.name.to_string(), text });
        }
        let old = self.tokens.old(at);
        if self.tokens.0.len() - old.len() >= MOST {
            let text = format!("there are {MOST} tokens, all of them good: revoke one first");
            return Err(Refusal::Precondition { reason: "TOO_MANY_TOKENS", subject: "tokens".to_owned(), text });
        }
        for id in old {
            let row = self.tokens.0.remove(&id).expect("a token just seen");
            self.write_token(Action::TokenDeleted, &about(&row), Change::DeleteToken(id), actor, now, out);
        }
        let row = TokenRow {
            id: ask.id,
            name: ask.name,
            hash: ask.hash,
            roles: ask.roles,
            tenants: ask.tenants,
            created: at,
            created_by: actor.clone(),
            expires: ask.ttl.map(|ttl| at.plus(ttl)),
            revoked: None,
            last_used: None,
        };
        self.tokens.put(row.clone());
        let until = ask.ttl.map_or("never expires".to_owned(), |ttl| format!("expires after {} s", ttl.as_secs()));
        let detail = format!("{}: {}; {}; {until}", about(&row), row.roles, row.tenants);
        self.write_token(Action::TokenCreated, &detail, Change::PutToken(row.clone()), actor, now, out);
        Ok(row.view(at))
    }

    pub(super) fn revoke_token(
        &mut self,
        ask: &RevokeToken,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Done<TokenView> {
        let at = self.mark.license_time(now);
        let row = self.tokens.0.get_mut(&ask.id).filter(|row| ask.within.include(&row.tenants));
        let row = row.ok_or_else(|| Refusal::not_found("token", ask.id))?;
        if row.revoked.is_some() {
            return Ok(row.view(at));
        }
        row.revoked = Some(at);
        let row = row.clone();
        self.write_token(Action::TokenRevoked, &about(&row), Change::PutToken(row.clone()), actor, now, out);
        Ok(row.view(at))
    }

    /// No event: it is to a token what a checkpoint is to a session.
    pub(super) fn note_token_use(&mut self, ask: NoteTokenUse, out: &mut Changes) {
        for (id, used) in ask.uses {
            let Some(row) = self.tokens.0.get_mut(&id).filter(|row| row.last_used < Some(used)) else { continue };
            row.last_used = Some(used);
            out.rows.push(Change::PutToken(row.clone()));
        }
    }

    pub(super) fn list_tokens(&self, ask: &ListTokens, now: Moment) -> Page<TokenView> {
        let at = self.mark.license_time(now);
        let rows = self.tokens.0.values().filter(|row| ask.within.include(&row.tenants));
        // Of equal length, so that they are in the order of their numbers.
        let keyed: Vec<(String, &TokenRow)> =
            rows.map(|row| (format!("{:020}{}", row.created.0.max(0), row.id), row)).collect();
        let keyed = keyed.iter().map(|(id, row)| (Key { when: 0, name: row.name.as_str(), id }, *row));
        page(keyed, Cut::new(ask.after.as_ref(), false, ask.limit), |row| row.view(at))
    }

    pub(super) fn all_tokens(&self) -> KnownTokens {
        KnownTokens { rows: self.tokens.0.values().cloned().collect(), high: self.mark.high() }
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
        let (_, mut step) = self.step(&TenantId::installation(), actor, now, out);
        step.log(About::new(NOBODY, action).detail(detail));
        step.put(change);
    }
}

fn about(row: &TokenRow) -> String {
    format!("{} {}", row.id, row.name)
}
