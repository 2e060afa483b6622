//! What the commands about API tokens share.

use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Actor, Change, Changes};
use crate::ledger::model::time::Moment;
use crate::ledger::model::token::TokenRow;
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::ledger::{Ledger, NO_TENANT};

impl Ledger {
    /// Writes a change of a token, with its audit event.
    pub(in crate::ledger) fn write_token(
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

/// Text for the audit: which token it is.
pub(in crate::ledger) fn about(row: &TokenRow) -> String {
    format!("{} {}", row.id, row.name)
}
