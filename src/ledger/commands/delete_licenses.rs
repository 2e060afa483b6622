//! DeleteLicenses: deletes all licenses of the tenant, which then is in demo mode (R30).

use std::collections::VecDeque;

use super::stepped_command::{SteppedCommand, Steps};
use crate::ids::{LicenseId, TenantId};
use crate::ledger::model::command::DeleteLicenses;
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::outcome::{Done, PoolUsage, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

/// A DeleteLicenses command in progress: it takes one license at a time, because each deletion looks at every pool.
#[derive(Debug, Default)]
pub(in crate::ledger) struct LicenseDeletions {
    /// `None`: not begun.
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    before: Vec<PoolUsage>,
    left: VecDeque<LicenseId>,
    changed: bool,
}

impl SteppedCommand for DeleteLicenses {
    type Steps = LicenseDeletions;

    fn begin(self) -> LicenseDeletions {
        LicenseDeletions::default()
    }
}

impl Steps for LicenseDeletions {
    type Answer = Done<LicenseChange>;

    /// Writes one event for each license. Without any license nothing changes.
    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let Begun { before, left, changed } = self.begun.get_or_insert_with(|| {
            let before = tenant.usages(ctx);
            let mut all: Vec<LicenseId> = tenant.licenses.heads().iter().map(|row| row.id.clone()).collect();
            // In an order that a restart does not change.
            all.sort();
            Begun { before, left: all.into(), changed: false }
        });
        while let Some(id) = left.front() {
            if ctx.budget.is_spent() {
                return None;
            }
            // A license that another command deleted meanwhile counts as deleted.
            *changed |= tenant.drop_license(id, ctx).is_ok();
            left.pop_front();
        }
        Some(Ok(tenant.license_change(None, before, *changed, ctx)))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}
