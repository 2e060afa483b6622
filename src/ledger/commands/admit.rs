//! Carries out a login that may proceed, or shows what it would do.

use crate::ids::{OrganizationNo, PoolId, UserNo};
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::command::CheckOut;
use crate::ledger::model::outcome::{CheckedOut, Lease, Notice, SessionEndReason};
use crate::ledger::state::context::Context;
use crate::ledger::state::live::Login;
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;

/// Effects of a login that may proceed.
pub(in crate::ledger) struct Admission {
    pub pool: PoolId,
    /// The pool that was asked for first, and had no seat (R38).
    pub instead_of: Option<PoolId>,
    /// `None`: unknown user, whom the policy admits.
    pub user: Option<UserNo>,
    pub organization: Option<OrganizationNo>,
    /// Slot of the session that the device already has (R16).
    pub existing: Option<SessionSlot>,
    /// Slots of the sessions to end: taken over or reclaimed.
    pub ending: Vec<(SessionSlot, SessionEndReason)>,
    /// The user passes as an administrator although no license is in force (R29).
    pub license_expired: bool,
    /// The seat is above the limit (R41).
    pub overdraft: bool,
}

impl Admission {
    /// Detail of the audit event of the session.
    fn detail(&self) -> String {
        let overdraft = self.overdraft.then(|| "overdraft".to_owned());
        let instead = self.instead_of.as_ref().map(|pool| format!("instead of {pool}"));
        overdraft.into_iter().chain(instead).collect::<Vec<_>>().join(", ")
    }

    /// Adds the notices of this login, before those of its pool.
    fn add_notices(&self, notices: &mut Vec<Notice>) {
        let own = [(self.license_expired, Notice::LicenseExpired), (self.overdraft, Notice::Overdraft)];
        notices.splice(0..0, own.into_iter().filter(|(applies, _)| *applies).map(|(_, notice)| notice));
    }
}

impl Tenant {
    /// Carries out an admission.
    pub fn admit(&mut self, command: CheckOut, admission: Admission, ctx: &mut Context) -> CheckedOut {
        // Without a license in force the pool is over its limit from now on (R29).
        self.notifications.needs_full_check |= admission.license_expired;
        if let Some(slot) = admission.existing {
            return self.renew(slot, &command, &admission, ctx);
        }
        for (slot, reason) in &admission.ending {
            self.end(*slot, *reason, ctx);
        }
        let pool = self.pool_or_new(&admission.pool, ctx).expect("the guards saw room for the pool");
        let user = admission.user.unwrap_or_else(|| self.newcomer(&command.user, pool, ctx));
        let login = Login {
            id: command.fresh,
            pool,
            organization: admission.organization,
            device: command.device,
            client: command.client,
        };
        let slot = self.start(user, login, &admission.detail(), ctx);
        if admission.overdraft {
            self.notifications.look_at(self.pools.get_mut(pool));
        }
        self.checked_out(slot, false, &admission, ctx)
    }

    /// Renews the session that the device already has (R16).
    fn renew(&mut self, slot: SessionSlot, command: &CheckOut, admission: &Admission, ctx: &mut Context) -> CheckedOut {
        let user = self.sessions.get(slot).user;
        self.touch(user, ctx.now.tick);
        self.users.signs_in(user, ctx.now.tick);
        let session = self.sessions.get_mut(slot);
        session.renew(&self.policy, ctx.now.tick);
        session.last_activity = session.last_activity.max(ctx.now.tick);
        session.client = command.client.clone();
        session.organization = admission.organization;
        let (id, row) = (session.id, session.row(self.no, Some(ctx.now.tick)));
        self.listen_to(slot);
        self.users.get_mut(user).last_organization = admission.organization;
        let organization = admission.organization.and_then(|no| self.organizations.id(no));
        let about = self.about(Action::SessionRenewed).user(&command.user).pool(&admission.pool);
        ctx.log(about.session(id).organization(organization));
        ctx.put(Change::PutSession(row));
        self.checked_out(slot, true, admission, ctx)
    }

    fn checked_out(&self, slot: SessionSlot, renewed: bool, admission: &Admission, ctx: &Context) -> CheckedOut {
        let session = self.sessions.get(slot);
        let usage = self.usage(session.pool, ctx.limit_basis());
        let mut notices = self.notices(session.pool, &usage, ctx.limit_basis());
        admission.add_notices(&mut notices);
        CheckedOut { decision: Ok(self.lease(slot, renewed, ctx)), usage: Some(usage), notices }
    }

    /// Answer of an admission with `check_only`, which takes nothing (R20).
    pub fn preview(&self, command: &CheckOut, admission: &Admission, ctx: &Context) -> CheckedOut {
        let pool = self.pools.find(&admission.pool);
        let usage = pool.map(|pool| self.usage(pool, ctx.limit_basis()));
        let mut notices = match (pool, &usage) {
            (Some(pool), Some(usage)) => self.notices(pool, usage, ctx.limit_basis()),
            _ => Vec::new(),
        };
        admission.add_notices(&mut notices);
        let mut lease = match admission.existing {
            Some(slot) => {
                // A check-out counts as activity (R22).
                let end = self.sessions.get(slot).idle_end(&self.policy, ctx.now.tick);
                Lease { idle_timeout: end.map(|end| end.since(ctx.now.tick)), ..self.lease(slot, true, ctx) }
            }
            None => Lease {
                session: None,
                tenant: self.id.clone(),
                pool: admission.pool.clone(),
                user: command.user.clone(),
                device: command.device.clone(),
                organization: None,
                started: ctx.now.wall_of(ctx.now.tick),
                ttl: Some(self.policy.lease_ttl).filter(|ttl| !ttl.is_zero()),
                heartbeat_interval: self.policy.heartbeat_interval(),
                remaining: self.policy.max_session,
                idle_timeout: self.policy.idle_timeout,
                renewed: false,
            },
        };
        lease.session = None;
        lease.organization = admission.organization.and_then(|no| self.organizations.id(no));
        CheckedOut { decision: Ok(lease), usage, notices }
    }
}
