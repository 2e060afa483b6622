//! RevokeToken: permanent. Repeating it changes nothing.

use super::installation_command::InstallationCommand;
use super::tokens::about;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Actor, Change, Changes};
use crate::ledger::model::command::RevokeToken;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::{TokenRow, TokenView};
use crate::ledger::state::ledger::Ledger;

impl InstallationCommand for RevokeToken {
    fn apply(self, ledger: &mut Ledger, _: TenantId, actor: &Actor, now: Moment, out: &mut Changes) -> Done<TokenView> {
        let at = ledger.mark.license_time(now);
        let row = ledger.tokens.rows.get(&self.id).filter(|row| self.within.include(&row.tenants));
        let row = row.ok_or_else(|| Refusal::not_found("token", self.id))?;
        if row.revoked.is_some() {
            return Ok(row.view(at));
        }
        let row = TokenRow { revoked: Some(at), ..TokenRow::clone(row) };
        ledger.tokens.remove(row.id);
        ledger.tokens.put(row.clone());
        ledger.write_token(Action::TokenRevoked, &about(&row), Change::PutToken(row.clone()), actor, now, out);
        Ok(row.view(at))
    }
}
