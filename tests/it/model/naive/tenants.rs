//! Commands of operators on tenants, and the policies of tenants.

use usher::error_reason::ErrorReason;
use usher::ids::{SessionId, TenantId, UserId};
use usher::ledger::change::TenantState;
use usher::ledger::command::{Command, CreateTenant, Outcome, PolicyPatch, SuspendTenant, UpdateTenant};
use usher::ledger::outcome::{Done, Refusal, SessionEndReason, TenantView};
use usher::ledger::policy::Policy;
use usher::ledger::time::{Moment, Tick};

use super::count::over;
use super::{Glance, Model, Tenant, exists, rule};

impl Model {
    /// Applies a command about tenants.
    pub fn on_tenants(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::CreateTenant(command) => Outcome::CreateTenant(self.create_tenant(id, command, now)),
            Command::UpdateTenant(command) => Outcome::UpdateTenant(self.update_tenant(id, command, now)),
            Command::SuspendTenant(command) => Outcome::SuspendTenant(self.suspend_tenant(id, command, now)),
            Command::DeleteTenant(_) => Outcome::DeleteTenant(self.delete_tenant(id, now)),
            _ => return None,
        })
    }

    pub fn create_tenant(&mut self, id: &TenantId, command: &CreateTenant, now: Moment) -> Done<TenantView> {
        if self.find(id).is_ok() {
            return Err(exists("tenant", id));
        }
        makes_sense(&command.policy)?;
        self.tenants.push(Tenant {
            id: id.clone(),
            display_name: command.display_name.clone(),
            contact: command.contact.clone(),
            suspended: false,
            policy: command.policy.clone(),
            created: now.tick,
            version: 1,
            papers: Vec::new(),
            fetched: None,
            pools: Vec::new(),
            organizations: Vec::new(),
            users: Vec::new(),
            seats: Vec::new(),
            sessions: Vec::new(),
            notifications: Vec::new(),
        });
        Ok(self.tenants.last().expect("the new tenant").view(now))
    }

    pub fn update_tenant(&mut self, id: &TenantId, command: &UpdateTenant, now: Moment) -> Done<TenantView> {
        let at = self.find(id)?;
        let glance = self.glance(now);
        let before = &self.tenants[at];
        stale(command.version, before.version)?;
        let mut after = before.clone();
        after.policy = patched(&before.policy, &command.policy);
        makes_sense(&after.policy)?;
        after.display_name = command.display_name.clone().unwrap_or(after.display_name);
        after.contact = command.contact.clone().unwrap_or(after.contact);
        before.room_for(&after, &glance)?;
        let changed = (&after.policy, &after.display_name, &after.contact)
            != (&before.policy, &before.display_name, &before.contact);
        after.version += u64::from(changed);
        self.tenants[at] = after;
        Ok(self.tenants[at].view(now))
    }

    pub fn suspend_tenant(&mut self, id: &TenantId, command: &SuspendTenant, now: Moment) -> Done<TenantView> {
        let at = self.find(id)?;
        let tenant = &mut self.tenants[at];
        if tenant.suspended != command.suspend {
            tenant.suspended = command.suspend;
            tenant.version += 1;
        }
        Ok(tenant.view(now))
    }

    pub fn delete_tenant(&mut self, id: &TenantId, now: Moment) -> Done<()> {
        let at = self.find(id)?;
        self.end_all(at, |_| true, SessionEndReason::TenantRemoved, now.tick);
        let gone = self.tenants.remove(at);
        let newest = gone.papers.iter().filter(|paper| gone.is_newest(paper));
        self.floors.extend(newest.map(|paper| (id.clone(), paper.clone())));
        Ok(())
    }

    /// Ends the sessions of these users.
    pub fn end_all(&mut self, at: usize, whose: impl Fn(&UserId) -> bool, reason: SessionEndReason, now: Tick) {
        let theirs = self.tenants[at].sessions.iter().filter(|session| whose(&session.user));
        let theirs: Vec<SessionId> = theirs.map(|session| session.id).collect();
        for session in theirs {
            self.end(at, session, reason, now);
        }
    }
}

impl Tenant {
    pub fn view(&self, now: Moment) -> TenantView {
        TenantView {
            id: self.id.clone(),
            display_name: self.display_name.clone(),
            contact: self.contact.clone(),
            state: if self.suspended { TenantState::Suspended } else { TenantState::Active },
            policy: self.policy.clone(),
            created: now.wall_of(self.created),
            version: self.version,
        }
    }

    /// R13: refuses a change after which more seats would count than a limit allows.
    pub fn room_for(&self, after: &Tenant, glance: &Glance) -> Done<()> {
        let broken = after.pools.iter().any(|pool| {
            let (plan, limit) = after.entitlement(pool, glance);
            let (was, is) = (self.in_use(pool, plan), after.in_use(pool, plan));
            is > was && over(limit, is) > 0
        });
        if broken { Err(rule(ErrorReason::SeatsExhausted)) } else { Ok(()) }
    }
}

/// A user is Away before the user is Idle (R23).
fn makes_sense(policy: &Policy) -> Done<()> {
    if policy.away_after < policy.idle_after {
        return Ok(());
    }
    Err(Refusal::Invalid { field: "tenant.policy.away_after", text: "" })
}

pub fn stale(read: Option<u64>, version: u64) -> Done<()> {
    if read.is_some_and(|read| read != version) { Err(Refusal::StaleEtag) } else { Ok(()) }
}

fn patched(policy: &Policy, patch: &PolicyPatch) -> Policy {
    Policy {
        lease_ttl: patch.lease_ttl.unwrap_or(policy.lease_ttl),
        max_session: patch.max_session.unwrap_or(policy.max_session),
        away_after: patch.away_after.unwrap_or(policy.away_after),
        idle_after: patch.idle_after.unwrap_or(policy.idle_after),
        idle_timeout: patch.idle_timeout.unwrap_or(policy.idle_timeout),
        max_devices_per_user: patch.max_devices_per_user.unwrap_or(policy.max_devices_per_user),
        when_already_signed_in: patch.when_already_signed_in.unwrap_or(policy.when_already_signed_in),
        when_full: patch.when_full.unwrap_or(policy.when_full),
        close_active: patch.close_active.unwrap_or(policy.close_active),
        unknown_users: patch.unknown_users.unwrap_or(policy.unknown_users),
        administrators_count_in_named: patch
            .administrators_count_in_named
            .unwrap_or(policy.administrators_count_in_named),
        administrators_count_in_concurrent: patch
            .administrators_count_in_concurrent
            .unwrap_or(policy.administrators_count_in_concurrent),
        warn_at_percent: patch.warn_at_percent.clone().unwrap_or_else(|| policy.warn_at_percent.clone()),
        responsible_person: patch.responsible_person.clone().unwrap_or_else(|| policy.responsible_person.clone()),
        seat_request_step: patch.seat_request_step.unwrap_or(policy.seat_request_step),
    }
}
