//! UpdateTenant: changes the policy, or what people read.

use std::time::Duration;

use super::patch::set;
use super::stepped_command::{SteppedCommand, Steps};
use crate::error_reason::ErrorReason;
use crate::ids::{TenantId, UserNo};
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::command::{PolicyPatch, UpdateTenant};
use crate::ledger::model::outcome::{Done, Refusal, TenantView};
use crate::ledger::model::policy::Policy;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;

/// An update in progress. The new settings are in force from the first step on. The noted deadlines may then be too
/// late; further steps correct them for each user and session.
#[derive(Debug)]
pub(in crate::ledger) struct Updating {
    /// `None`: applied.
    command: Option<UpdateTenant>,
    /// Next session slot, and after that next user number, to look at.
    slot: SessionSlot,
    user: UserNo,
    /// Flags: sessions end earlier; users become Idle at another time.
    earlier: bool,
    idle: bool,
}

impl SteppedCommand for UpdateTenant {
    type Steps = Updating;

    fn begin(self) -> Updating {
        Updating { command: Some(self), slot: SessionSlot(0), user: UserNo(0), earlier: false, idle: false }
    }
}

impl Steps for Updating {
    type Answer = Done<TenantView>;

    fn next_step(&mut self, tenant: &mut Tenant, ctx: &mut Context) -> Option<Self::Answer> {
        if let Some(command) = self.command.take() {
            let old = tenant.policy.clone();
            if let Err(refusal) = tenant.update(command, ctx) {
                return Some(Err(refusal));
            }
            let new = &tenant.policy;
            let longest = |policy: &Policy| policy.idle_timeout.unwrap_or(Duration::MAX);
            self.earlier = new.max_session < old.max_session || longest(new) < longest(&old);
            self.idle = new.idle_after != old.idle_after;
        }
        while self.earlier && self.slot.0 < tenant.sessions.slots() {
            if ctx.budget.is_spent() {
                return None;
            }
            tenant.note_deadline(self.slot, ctx.budget);
            self.slot.0 += 1;
        }
        while self.idle && tenant.mark_last_idle_active(ctx.now.tick, ctx.budget) {
            if ctx.budget.is_spent() {
                return None;
            }
        }
        while self.idle && self.user.0 < tenant.users.numbers() {
            if ctx.budget.is_spent() {
                return None;
            }
            self.user = match tenant.users.gone(self.user) {
                Some(gone) => gone.end,
                None => {
                    tenant.note_idle(self.user, ctx.budget);
                    UserNo(self.user.0 + 1)
                }
            };
        }
        Some(Ok(tenant.view(ctx.now)))
    }

    fn next_step_without_tenant(&mut self, id: &TenantId, _: &mut Context) -> Option<Self::Answer> {
        Some(Err(Refusal::not_found("tenant", id)))
    }
}

impl Tenant {
    fn update(&mut self, command: UpdateTenant, ctx: &mut Context) -> Done<()> {
        if command.version.is_some_and(|version| version != self.version) {
            return Err(Refusal::StaleEtag);
        }
        let mut what = Vec::new();
        let policy = patched(&self.policy, command.policy, &mut what);
        policy.check()?;
        self.guard_counting(&policy, ctx)?;
        set(&mut self.display_name, command.display_name, "display_name", &mut what);
        set(&mut self.contact, command.contact, "contact", &mut what);
        if policy != self.policy {
            ctx.budget.spend_each(self.pools.iter().len(), Budget::READ);
            self.set_policy(policy);
        }
        // The policy determines the warning levels, and the tenant the responsible person (R34).
        self.notifications.needs_full_check = true;
        if !what.is_empty() {
            self.write(Action::TenantUpdated, &what.join(", "), ctx);
        }
        Ok(())
    }

    /// Refuses if administrators' seats would begin to count and there are no free seats for them (R13, R15).
    fn guard_counting(&self, policy: &Policy, ctx: &Context) -> Done<()> {
        if !policy.administrators_count_in_named || self.policy.administrators_count_in_named {
            return Ok(());
        }
        for pool in self.pools.iter() {
            let more = pool.seats - pool.seats_counted;
            if more > 0 && !self.has_seats(pool.no, more, ctx.limit_basis()) {
                let seats = if more == 1 { "seat of an administrator" } else { "seats of administrators" };
                return Err(Refusal::Precondition {
                    reason: ErrorReason::SeatsExhausted,
                    subject: pool.id.to_string(),
                    text: format!("{more} {seats} would begin to count, and the pool has fewer free"),
                });
            }
        }
        Ok(())
    }

    /// Writes the row of the tenant with a new version, and an audit event.
    pub fn write(&mut self, action: Action, detail: &str, ctx: &mut Context) {
        self.version += 1;
        ctx.put(Change::PutTenant(self.row()));
        ctx.log(self.about(action).detail(detail));
    }
}

fn patched(old: &Policy, patch: PolicyPatch, what: &mut Vec<&'static str>) -> Policy {
    let mut new = old.clone();
    set(&mut new.lease_ttl, patch.lease_ttl, "policy.lease_ttl", what);
    set(&mut new.max_session, patch.max_session, "policy.max_session", what);
    set(&mut new.away_after, patch.away_after, "policy.away_after", what);
    set(&mut new.idle_after, patch.idle_after, "policy.idle_after", what);
    set(&mut new.idle_timeout, patch.idle_timeout, "policy.idle_timeout", what);
    set(&mut new.max_devices_per_user, patch.max_devices_per_user, "policy.max_devices_per_user", what);
    set(&mut new.when_already_signed_in, patch.when_already_signed_in, "policy.when_already_signed_in", what);
    set(&mut new.when_full, patch.when_full, "policy.when_full", what);
    set(&mut new.close_active, patch.close_active, "policy.close_active", what);
    set(&mut new.unknown_users, patch.unknown_users, "policy.unknown_users", what);
    let (named, concurrent) = (patch.administrators_count_in_named, patch.administrators_count_in_concurrent);
    set(&mut new.administrators_count_in_named, named, "policy.administrators_count_in_named", what);
    set(&mut new.administrators_count_in_concurrent, concurrent, "policy.administrators_count_in_concurrent", what);
    set(&mut new.responsible_person, patch.responsible_person, "policy.responsible_person", what);
    set(&mut new.seat_request_step, patch.seat_request_step, "policy.seat_request_step", what);
    set(&mut new.warn_at_percent, patch.warn_at_percent, "policy.warn_at_percent", what);
    new
}
