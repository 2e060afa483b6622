//! CreateTenant: a tenant with its whole policy, and nothing in it.

use super::installation_command::InstallationCommand;
use crate::ids::{TenantId, TenantNo};
use crate::ledger::model::change::{Action, Actor, Change, Changes, TenantRow, TenantState};
use crate::ledger::model::command::CreateTenant;
use crate::ledger::model::outcome::{Done, Refusal, TenantView};
use crate::ledger::model::time::Moment;
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::ledger::Ledger;
use crate::ledger::state::tenant::Tenant;

impl InstallationCommand for CreateTenant {
    fn apply(
        self,
        ledger: &mut Ledger,
        tenant: TenantId,
        actor: &Actor,
        now: Moment,
        out: &mut Changes,
    ) -> Done<TenantView> {
        if ledger.by_id.contains_key(&tenant) {
            return Err(Refusal::exists("tenant", tenant));
        }
        self.policy.check()?;
        let row = TenantRow {
            no: TenantNo(u32::try_from(ledger.tenants.len()).expect("fewer than 2^32 tenants")),
            id: tenant.clone(),
            display_name: self.display_name,
            contact: self.contact,
            state: TenantState::Active,
            policy: self.policy,
            created: now.tick,
            version: 1,
            license_fetch: None,
        };
        ledger.insert(row.clone());
        let (_, mut ctx) = ledger.context(&tenant, actor, now, out);
        ctx.log(AuditDraft::new(row.no, Action::TenantCreated).detail(tenant.as_str()));
        ctx.put(Change::PutTenant(row.clone()));
        ledger.update_shard_state(row.no);
        Ok(Tenant::new(row, ledger.config.seed).view(now))
    }
}
