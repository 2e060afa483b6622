//! CreateToken: a new API token. Its caller has the text.

use std::time::Duration;

use super::installation_command::InstallationCommand;
use super::tokens::about;
use crate::error_reason::ErrorReason;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Actor, Change, Changes};
use crate::ledger::model::command::CreateToken;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::{TokenRow, TokenView};
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::tokens::MAX_TOKENS;

/// Longest lifetime of a token that expires: a hundred years.
const MAX_TTL: Duration = Duration::from_secs(36_500 * 24 * 60 * 60);

impl InstallationCommand for CreateToken {
    fn apply(self, ledger: &mut Ledger, _: TenantId, actor: &Actor, now: Moment, out: &mut Changes) -> Done<TokenView> {
        let at = ledger.mark.license_time(now);
        if self.ttl.is_some_and(|ttl| ttl < Duration::from_millis(1) || ttl > MAX_TTL) {
            return Err(Refusal::Invalid { field: "ttl", text: "must be longer than 0, and at most 36,500 days" });
        }
        if ledger.tokens.rows.contains_key(&self.id) {
            return Err(Refusal::exists("token", self.id));
        }
        ledger.tokens.guard_quota(&self, actor, at)?;
        let old = ledger.tokens.old(at);
        if ledger.tokens.rows.len() - old.len() >= MAX_TOKENS {
            let text = format!("there are {MAX_TOKENS} tokens, all of them valid: revoke one first");
            return Err(Refusal::Precondition {
                reason: ErrorReason::TooManyTokens,
                subject: "tokens".to_owned(),
                text,
            });
        }
        ledger.tokens.guard_rate(&self, actor, now)?;
        for id in old {
            let row = ledger.tokens.remove(id).expect("a token just seen");
            ledger.write_token(Action::TokenDeleted, &about(&row), Change::DeleteToken(id), actor, now, out);
        }
        let row = TokenRow {
            id: self.id,
            name: self.name,
            hash: self.hash,
            roles: self.roles,
            tenants: self.tenants,
            created: at,
            created_by: actor.clone(),
            expires: self.ttl.map(|ttl| at.plus(ttl)),
            revoked: None,
            last_used: None,
        };
        ledger.tokens.put(row.clone());
        let until = self.ttl.map_or("never expires".to_owned(), |ttl| format!("expires after {} s", ttl.as_secs()));
        let detail = format!("{}: {}; {}; {until}", about(&row), row.roles, row.tenants);
        ledger.write_token(Action::TokenCreated, &detail, Change::PutToken(row.clone()), actor, now, out);
        Ok(row.view(at))
    }
}
