//! The operator's acts on a tenant: update, suspend, resume. Creating and deleting one are the ledger's.

use super::change::{Action, Change, TenantState};
use super::command::{PolicyPatch, SuspendTenant, UpdateTenant};
use super::outcome::{Done, Refusal, TenantView};
use super::policy::Policy;
use super::step::Step;
use super::tenant::Tenant;
use super::users::set;

impl Tenant {
    pub fn update(&mut self, ask: UpdateTenant, step: &mut Step) -> Done<TenantView> {
        self.settle(step.now.tick);
        if ask.version.is_some_and(|version| version != self.version) {
            return Err(Refusal::StaleEtag);
        }
        let mut what = Vec::new();
        let policy = patched(&self.policy, ask.policy, &mut what);
        policy.check()?;
        self.guard_counting(&policy, step)?;
        set(&mut self.display_name, ask.display_name, "display_name", &mut what);
        set(&mut self.contact, ask.contact, "contact", &mut what);
        if policy != self.policy {
            self.set_policy(policy);
        }
        // The policy says whom to tell, and of what.
        self.notifications.look = true;
        if !what.is_empty() {
            self.write(Action::TenantUpdated, &what.join(", "), step);
        }
        Ok(self.view(step.now))
    }

    /// Administrators' seats may begin to count only where there is room for them (R13, R15).
    fn guard_counting(&self, policy: &Policy, step: &Step) -> Done<()> {
        if !policy.administrators_count_in_named || self.policy.administrators_count_in_named {
            return Ok(());
        }
        for pool in self.pools.iter() {
            let more = pool.seats - pool.seats_counted;
            if more > 0 && !self.has_seats(pool.no, more, step.sight()) {
                return Err(Refusal::Precondition {
                    reason: "SEATS_EXHAUSTED",
                    subject: pool.id.to_string(),
                    text: format!("{more} seats of administrators would begin to count, and the pool has fewer free"),
                });
            }
        }
        Ok(())
    }

    pub fn suspend(&mut self, ask: &SuspendTenant, step: &mut Step) -> TenantView {
        let (state, action) = match ask.suspend {
            true => (TenantState::Suspended, Action::TenantSuspended),
            false => (TenantState::Active, Action::TenantResumed),
        };
        if self.state != state {
            self.state = state;
            self.write(action, "", step);
        }
        self.view(step.now)
    }

    fn write(&mut self, action: Action, detail: &str, step: &mut Step) {
        self.version += 1;
        step.put(Change::PutTenant(self.row()));
        step.log(self.about(action).detail(detail));
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
