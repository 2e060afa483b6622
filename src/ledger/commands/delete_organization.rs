//! DeleteOrganization: removes the organization from every seat, and revokes a seat for it alone. Live sessions stay
//! (R6).
//!
//! It visits all users and sessions of the tenant, and so it takes several steps. From the first step on, no login and
//! no grant can use the organization. Its own row is deleted last: no row may name an organization that is gone,
//! because its number can be assigned again after a restart. An interrupted deletion can be repeated.

use super::stepped_command::{SteppedCommand, Steps};
use crate::ids::{OrganizationNo, PoolNo, TenantId, UserNo};
use crate::ledger::model::change::{Access, Action, Change};
use crate::ledger::model::command::DeleteOrganization;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;

/// A deletion in progress.
#[derive(Debug)]
pub(in crate::ledger) struct OrganizationDeletion {
    command: DeleteOrganization,
    /// `None`: not begun.
    no: Option<OrganizationNo>,
    /// Next user number, and after that next session slot, to look at.
    user: UserNo,
    slot: SessionSlot,
}

impl SteppedCommand for DeleteOrganization {
    type Steps = OrganizationDeletion;

    fn begin(self) -> OrganizationDeletion {
        OrganizationDeletion { command: self, no: None, user: UserNo(0), slot: SessionSlot(0) }
    }
}

impl OrganizationDeletion {
    fn begin(&mut self, tenant: &mut Tenant) -> Done<OrganizationNo> {
        if let Some(no) = self.no {
            return Ok(no);
        }
        let no = tenant.known_organization(&self.command.organization)?;
        tenant.organizations.leave(no);
        self.no = Some(no);
        Ok(no)
    }
}

impl Steps for OrganizationDeletion {
    type Answer = Done<()>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        let no = match self.begin(tenant) {
            Ok(no) => no,
            Err(refusal) => return Some(Err(refusal)),
        };
        while self.user.0 < tenant.users.numbers() {
            if ctx.budget.is_spent() {
                return None;
            }
            self.user = match tenant.users.gone(self.user) {
                Some(gone) => gone.end,
                None => {
                    tenant.take_from_seats(self.user, no, ctx);
                    UserNo(self.user.0 + 1)
                }
            };
        }
        while self.slot.0 < tenant.sessions.slots() {
            if ctx.budget.is_spent() {
                return None;
            }
            tenant.take_from_session(self.slot, no, ctx);
            self.slot.0 += 1;
        }
        tenant.organizations.gone(no);
        ctx.put(Change::DeleteOrganization(tenant.no, no));
        ctx.log(tenant.about(Action::OrganizationDeleted).organization(Some(self.command.organization.clone())));
        Some(Ok(()))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    fn take_from_seats(&mut self, no: UserNo, organization: OrganizationNo, ctx: &mut Context) {
        ctx.budget.spend(Budget::READ);
        let Some(user) = self.users.at(no) else { return };
        ctx.budget.spend_each(user.seats.len(), 20);
        let names = |access: &Access| matches!(access, Access::Only(list) if list.binary_search(&organization).is_ok());
        let naming = user.seats.iter().filter(|seat| names(&seat.access));
        let naming: Vec<PoolNo> = naming.map(|seat| seat.pool).collect();
        if user.last_organization == Some(organization) {
            self.users.get_mut(no).last_organization = None;
        }
        for pool in naming {
            let user = self.users.get(no);
            let seat = user.seat(pool).expect("listed just now");
            let (held, order) = (seat.access.clone(), seat.order);
            ctx.budget.spend_each(held.len(), 10);
            match self.without(&held, &Access::Only(vec![organization])) {
                Some(access) => self.put_seat(no, pool, access, order, ctx),
                None => {
                    let about = self.about(Action::SeatRevoked).user(&user.id).pool(&self.pools.get(pool).id);
                    ctx.log(about.detail("its only organization was deleted"));
                    self.drop_seat(no, pool, ctx);
                }
            }
        }
    }

    fn take_from_session(&mut self, slot: SessionSlot, organization: OrganizationNo, ctx: &mut Context) {
        ctx.budget.spend(Budget::READ / 2);
        if self.sessions.at(slot).is_some_and(|session| session.organization == Some(organization)) {
            let session = self.sessions.get_mut(slot);
            session.organization = None;
            ctx.put(Change::PutSession(session.row(self.no, self.users.last_sign_in(session.user))));
        }
    }
}
