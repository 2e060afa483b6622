//! CheckIn: returns the seat of a session at logout. Repeating it changes nothing and gives the same reason.

use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::command::CheckIn;
use crate::ledger::model::outcome::{CheckedIn, SessionEndReason};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for CheckIn {
    /// It depends only on its own session.
    fn is_ready(&self, _: &mut Tenant, _: &mut Context) -> bool {
        true
    }

    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> CheckedIn {
        let Some(slot) = tenant.sessions.find(self.session) else {
            let reason = ctx.ended_sessions.find(self.session, &tenant.id).map(|(reason, _)| reason);
            return CheckedIn { ended_now: false, reason };
        };
        let session = tenant.sessions.get(slot);
        if let Some((_, reason)) = session.ended() {
            return CheckedIn { ended_now: false, reason: Some(reason) };
        }
        let (due, overdue) = session.deadline(&tenant.policy);
        // An overdue session ended before this call (R18), whether or not the sweeper has ended it.
        let late = due <= ctx.now.tick;
        let reason = if late { overdue } else { SessionEndReason::CheckedIn };
        tenant.end(slot, reason, ctx);
        CheckedIn { ended_now: !late, reason: Some(reason) }
    }

    fn without_tenant(self, id: &TenantId, ctx: &mut Context) -> CheckedIn {
        let reason = ctx.ended_sessions.find(self.session, id).map(|(reason, _)| reason);
        CheckedIn { ended_now: false, reason }
    }
}
