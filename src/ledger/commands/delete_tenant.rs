//! DeleteTenant: its sessions end, with one audit event for all of them. The audit stays.

use super::installation_command::InstallationCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Actor, Change, Changes, TenantState};
use crate::ledger::model::command::DeleteTenant;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::model::time::Moment;
use crate::ledger::state::leaving::Leaving;
use crate::ledger::state::ledger::Ledger;

impl InstallationCommand for DeleteTenant {
    fn apply(self, ledger: &mut Ledger, id: TenantId, actor: &Actor, now: Moment, out: &mut Changes) -> Done<()> {
        let found = ledger.by_id.remove(&id).and_then(|no| ledger.tenants[no.0 as usize].take());
        let Some(mut tenant) = found else { return Err(Refusal::not_found("tenant", id)) };
        tenant.state = TenantState::Deleted;
        ledger.agenda.remove(tenant.no);
        ledger.tally.remove(&mut tenant);
        let pools = tenant.pools.iter();
        let ended: usize = pools.map(|pool| pool.deadlines.len() + pool.exempt_deadlines.len()).sum();
        let (_, mut ctx) = ledger.context(&id, actor, now, out);
        ctx.put(Change::PutTenant(tenant.row()));
        let detail = format!("{id}; {ended} live sessions ended");
        ctx.log(tenant.about(Action::TenantDeleted).detail(detail));
        // The record of its license revisions outlives the tenant (R27).
        let floors = tenant.licenses.remembered(&id);
        floors.iter().for_each(|floor| ctx.put(Change::PutLicenseFloor(floor.clone())));
        ctx.ended_sessions.leaving.push(Leaving::new(tenant, now.tick));
        ledger.floors.put(&id, floors);
        Ok(())
    }
}
