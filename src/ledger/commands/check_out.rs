//! CheckOut: may this login proceed? Checks the guards of docs/DOMAIN.md in their order; the first that fails
//! determines the denial. Deciding changes nothing: an admission is carried out afterward, or not at all (R20).

use std::collections::BTreeMap;
use std::time::Duration;

use super::admit::Admission;
use super::tenant_command::TenantCommand;
use crate::ids::{OrganizationNo, PoolId, PoolNo, TenantId, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, Limit, Plan, TenantState};
use crate::ledger::model::command::CheckOut;
use crate::ledger::model::notification::Cause;
use crate::ledger::model::outcome::{CheckedOut, Denial, DenialReason, Done, SessionEndReason};
use crate::ledger::model::policy::{UnknownUsers, WhenAlreadySignedIn, WhenFull};
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::budget::Budget;
use crate::ledger::state::context::Context;
use crate::ledger::state::entitlement;
use crate::ledger::state::ledger::NO_TENANT;
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

/// Highest number of live sessions of one user, over all pools: the highest number of devices that a policy can allow.
const MAX_SESSIONS: usize = 1_000;

impl TenantCommand for CheckOut {
    fn users(&mut self) -> Vec<&mut UserId> {
        vec![&mut self.user]
    }

    fn is_question(&self) -> bool {
        self.check_only
    }

    fn is_ready(&self, tenant: &mut Tenant, ctx: &mut Context) -> bool {
        tenant.mark_idle(ctx.now.tick, ctx.budget)
            && self.pools().all(|pool| tenant.end_overdue_before(pool, self.check_only, ctx))
    }

    /// Decides about a login and, unless `check_only`, carries the decision out.
    ///
    /// # Errors
    /// The tenant's budget of unknown users to admit is spent (guard 4).
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<CheckedOut> {
        let user = tenant.users.find(&self.user);
        if let Some(user) = user.filter(|_| !self.check_only) {
            tenant.end_overdue_of(user, ctx);
        }
        match tenant.choose(&self, user, ctx) {
            Ok(admission) if self.check_only => Ok(tenant.preview(&self, &admission, ctx)),
            Ok(admission) => {
                if admission.user.is_none() {
                    tenant.guard_admissions(ctx)?;
                }
                Ok(tenant.admit(self, admission, ctx))
            }
            Err(denial) => {
                let pool = tenant.pools.find(&self.pool);
                if !self.check_only {
                    let about = tenant.about(Action::CheckOutDenied).denied(denial.reason);
                    ctx.log_denial(about.user(&self.user).pool(&self.pool));
                    tenant.notify_denied(pool, denial.reason, Cause::CheckOut, &self.user, ctx);
                }
                let usage = pool.map(|pool| tenant.usage(pool, ctx.limit_basis()));
                Ok(CheckedOut { decision: Err(denial), usage, notices: Vec::new() })
            }
        }
    }

    fn without_tenant(self, id: &TenantId, ctx: &mut Context) -> Done<CheckedOut> {
        let denial = Denial::because(DenialReason::TenantNotFound);
        if !self.check_only {
            let about = AuditDraft::new(NO_TENANT, Action::CheckOutDenied).denied(denial.reason).user(&self.user);
            ctx.log_denial(about.pool(&self.pool).detail(id.as_str()));
        }
        Ok(CheckedOut { decision: Err(denial), usage: None, notices: Vec::new() })
    }
}

/// A pool for which a check-out is decided.
struct Candidate<'a> {
    id: &'a PoolId,
    /// `None`: the tenant does not know it.
    pool: Option<PoolNo>,
    /// Sessions that count as ended.
    overdue: &'a [SessionSlot],
    /// The session that ends if the user gets a seat here (R38).
    moving: Option<SessionSlot>,
}

impl Tenant {
    /// Decides for one pool after the other, and takes the first "yes". If all deny, the denial is that of the first
    /// one, with the reasons of the others (R38).
    fn choose(&mut self, command: &CheckOut, user: Option<UserNo>, ctx: &mut Context) -> Result<Admission, Denial> {
        let first = self.decide_for(command, 0, user, ctx);
        let Err(mut denial) = first else { return first };
        for (at, pool) in (1..).zip(&command.alternatives) {
            match self.decide_for(command, at, user, ctx) {
                Ok(admission) => return Ok(Admission { instead_of: Some(command.pool.clone()), ..admission }),
                Err(other) => denial.alternatives.push((pool.clone(), other.reason)),
            }
        }
        Err(denial)
    }

    /// Decides for the command's pool at this place.
    fn decide_for(
        &mut self,
        command: &CheckOut,
        place: usize,
        user: Option<UserNo>,
        ctx: &mut Context,
    ) -> Result<Admission, Denial> {
        let id = command.pools().nth(place).expect("a pool of the command");
        let pool = self.pools.find(id);
        let overdue = if command.check_only { self.overdue_for(pool, user, ctx) } else { Vec::new() };
        let moving = user.and_then(|user| self.lives_later(user, command, place, &overdue));
        let candidate = Candidate { id, pool, overdue: &overdue, moving };
        self.decide(command, &candidate, user, ctx)
    }

    /// The session that the command's device has in a pool that the command names behind this place (R38).
    fn lives_later(
        &self,
        user: UserNo,
        command: &CheckOut,
        place: usize,
        overdue: &[SessionSlot],
    ) -> Option<SessionSlot> {
        let later = command.alternatives.get(place..).filter(|later| !later.is_empty())?;
        let mut own = self.live_of(self.users.get(user));
        own.retain(|slot| self.sessions.get(*slot).device == command.device && !overdue.contains(slot));
        let lives = |pool: PoolNo| own.iter().copied().find(|slot| self.sessions.get(*slot).pool == pool);
        later.iter().filter_map(|pool| self.pools.find(pool)).find_map(lives)
    }

    /// Checks guards 1 to 10, where the caller has found the tenant.
    fn decide(
        &mut self,
        command: &CheckOut,
        candidate: &Candidate,
        user: Option<UserNo>,
        ctx: &Context,
    ) -> Result<Admission, Denial> {
        let Candidate { id, pool, overdue, moving } = *candidate;
        let deny = |reason| Err(Denial::because(reason));
        if self.state == TenantState::Suspended {
            return deny(DenialReason::TenantSuspended);
        }
        let administrator = user.is_some_and(|user| self.users.get(user).administrator);
        let licensed = entitlement::admit(&self.licenses, pool, ctx.license_time, ctx.now.wall);
        let license_expired = match licensed {
            Ok(()) => false,
            Err(DenialReason::LicenseExpired) if administrator => {
                // An administrator passes only the expiry; guard 3 holds.
                if !entitlement::is_licensed(&self.licenses, pool) {
                    return deny(DenialReason::PoolNotLicensed);
                }
                true
            }
            Err(reason) => return deny(reason),
        };
        let admits = self.policy.unknown_users == UnknownUsers::Admit;
        let access = match user {
            None if admits => self.guard_newcomer(pool, ctx)?,
            None => return deny(DenialReason::UserNotFound),
            Some(user) => self.guard_seat(user, pool, license_expired, ctx)?,
        };
        let last = user.and_then(|user| self.users.get(user).last_organization);
        let organization = self.guard_organization(command, access, last)?;
        let mut admission = Admission {
            pool: id.clone(),
            instead_of: None,
            user,
            organization,
            existing: None,
            ending: Vec::new(),
            license_expired,
            overdraft: false,
        };
        let Some(user) = user else {
            self.guard_limit(candidate, None, &mut admission, ctx)?;
            return Ok(admission);
        };
        let pool = pool.expect("a seat is in a pool");
        admission.existing = self.existing(user, pool, command, overdue);
        if admission.existing.is_some() {
            return Ok(admission);
        }
        self.guard_devices(user, command, overdue, &mut admission, ctx)?;
        self.guard_limit(candidate, Some(user), &mut admission, ctx)?;
        let moved = moving.filter(|slot| admission.ending.iter().all(|(ending, _)| ending != slot));
        admission.ending.extend(moved.map(|slot| (slot, SessionEndReason::Moved)));
        Ok(admission)
    }

    /// Guards 5 and 6.
    fn guard_seat(
        &self,
        user: UserNo,
        pool: Option<PoolNo>,
        license_expired: bool,
        ctx: &Context,
    ) -> Result<&Access, Denial> {
        let holder = self.users.get(user);
        if holder.blocked.is_some() {
            return Err(Denial::because(DenialReason::UserBlocked));
        }
        let Some(seat) = pool.and_then(|pool| holder.seat(pool)) else {
            return Err(Denial::because(DenialReason::SeatNotGranted));
        };
        // Without a license in force every seat is over the limit; administrators pass nevertheless (R29).
        if !license_expired && self.is_over_limit(holder, seat, ctx.limit_basis()) {
            return Err(Denial::because(DenialReason::SeatOverLimit));
        }
        Ok(&seat.access)
    }

    /// Guard 7.
    fn guard_organization(
        &self,
        command: &CheckOut,
        access: &Access,
        last: Option<OrganizationNo>,
    ) -> Result<Option<OrganizationNo>, Denial> {
        let off = || Denial::because(DenialReason::OrganizationAccessOff);
        match &command.organization {
            Some(wanted) => {
                let no = self.organizations.find(wanted).filter(|no| self.organizations.allows(access, *no));
                no.map(Some).ok_or_else(off)
            }
            None => match self.organizations.default_organization(access, last) {
                None if *access != Access::All => Err(off()),
                default_organization => Ok(default_organization),
            },
        }
    }

    /// Guard 8: slot of the live session with the same user, pool and device (R16).
    fn existing(&self, user: UserNo, pool: PoolNo, command: &CheckOut, overdue: &[SessionSlot]) -> Option<SessionSlot> {
        self.live_of(self.users.get(user)).into_iter().find(|slot| {
            let session = self.sessions.get(*slot);
            let same = session.pool == pool && session.device == command.device;
            same && !overdue.contains(slot)
        })
    }

    /// Guard 9: devices are counted over all of the tenant's pools (R17).
    fn guard_devices(
        &self,
        user: UserNo,
        command: &CheckOut,
        overdue: &[SessionSlot],
        admission: &mut Admission,
        ctx: &Context,
    ) -> Result<(), Denial> {
        let mut live = self.live_of(self.users.get(user));
        live.retain(|slot| !overdue.contains(slot));
        // Number of the user's live sessions on each device.
        let mut devices = BTreeMap::<_, usize>::new();
        for slot in &live {
            *devices.entry(&self.sessions.get(*slot).device).or_default() += 1;
        }
        let room = live.len() < MAX_SESSIONS;
        if devices.contains_key(&command.device) && room {
            return Ok(());
        }
        let allowed = self.policy.max_devices_per_user as usize;
        if (devices.len() >= allowed || !room) && self.policy.when_already_signed_in == WhenAlreadySignedIn::Deny {
            return Err(self.already_signed_in(&live, ctx));
        }
        for slot in &live {
            let ending = admission.ending.len();
            if (devices.len() < allowed || devices.contains_key(&command.device)) && live.len() - ending < MAX_SESSIONS
            {
                break;
            }
            let device = &self.sessions.get(*slot).device;
            admission.ending.push((*slot, SessionEndReason::TakenOver));
            if let Some(left) = devices.get_mut(device) {
                *left -= 1;
                if *left == 0 {
                    devices.remove(device);
                }
            }
        }
        Ok(())
    }

    fn already_signed_in(&self, live: &[SessionSlot], ctx: &Context) -> Denial {
        let sessions = live.iter().map(|slot| self.sessions.get(*slot));
        let first = sessions.clone().map(|session| session.deadline(&self.policy).0).min();
        Denial {
            reason: DenialReason::AlreadySignedIn,
            retry_after: first.map(|at| at.since(ctx.now.tick)),
            own_sessions: sessions
                .take(Denial::MAX_OWN_SESSIONS)
                .map(|session| self.session_view(session, ctx.now))
                .collect(),
            own_session_count: live.len(),
            alternatives: Vec::new(),
        }
    }

    /// Guard 10: a seat in a concurrent pool.
    fn guard_limit(
        &mut self,
        candidate: &Candidate,
        user: Option<UserNo>,
        admission: &mut Admission,
        ctx: &Context,
    ) -> Result<(), Denial> {
        let Candidate { pool, overdue, moving, .. } = *candidate;
        if user.is_some_and(|user| self.users.get(user).is_exempt(&self.policy)) {
            return Ok(());
        }
        let Some(pool) = pool else {
            // A pool that was never used and passed guard 3: demo mode.
            let room = ctx.demo_seats > 0;
            return if room { Ok(()) } else { Err(Denial::because(DenialReason::SeatsExhausted)) };
        };
        let (plan, limit) = self.entitled(pool, ctx.limit_basis());
        let mut gone: Vec<SessionSlot> = overdue.to_vec();
        gone.extend(admission.ending.iter().map(|(slot, _)| *slot));
        gone.sort_unstable();
        let counts = |user: UserNo| self.lives_in(self.users.get(user), pool, &gone).1;
        if plan == Plan::Named || admission.license_expired || user.is_some_and(counts) {
            return Ok(());
        }
        let in_use = self.in_use(pool, plan) - self.freed(pool, &gone);
        if limit.has_room(in_use) {
            return Ok(());
        }
        let most = limit.plus(Limit::Seats(self.overdraft(pool, ctx.limit_basis())));
        // Reclaiming one user's seat makes room only if the pool is not over its limit (R14). Who has a seat elsewhere
        // moves to free seats only (R38).
        let moves = moving.is_some();
        let reclaims = self.policy.when_full == WhenFull::ReclaimIdle && !moves && most.over(in_use) == 0;
        let reclaimed = if reclaims { self.longest_idle(pool, user, &gone) } else { Vec::new() };
        // What was reclaimed may be above the limit itself.
        admission.overdraft = limit.over(in_use + 1 - u64::from(!reclaimed.is_empty())) > 0;
        if reclaimed.is_empty() && (moves || !most.has_room(in_use)) {
            let next = match overdue {
                [] => self.first_deadline(pool, &mut Budget::of(Budget::STEP)),
                _ => self.scan_due(pool, ctx.now.tick, usize::MAX, &mut Budget::of(Budget::STEP)).next,
            };
            let next = next.map(|at| at.since(ctx.now.tick));
            let retry_after = next.filter(|_| most.has_room(0)).map(|wait| wait.max(Duration::from_millis(1)));
            return Err(Denial { retry_after, ..Denial::because(DenialReason::SeatsExhausted) });
        }
        admission.ending.extend(reclaimed.into_iter().map(|slot| (slot, SessionEndReason::Reclaimed)));
        Ok(())
    }

    /// Number of users who stop counting in the pool when these sessions (sorted) have ended.
    pub fn freed(&self, pool: PoolNo, gone: &[SessionSlot]) -> u64 {
        let mut users: Vec<UserNo> = gone.iter().map(|slot| self.sessions.get(*slot).user).collect();
        users.sort_unstable();
        users.dedup();
        let frees = |user: &User| self.lives_in(user, pool, &[]).1 && !self.lives_in(user, pool, gone).1;
        users.iter().filter(|user| frees(self.users.get(**user))).count() as u64
    }

    /// Live sessions in the pool of the Idle user who counts there and whose last activity is the longest ago (guard
    /// 10). Skips `caller`, and users who count only through sessions in `gone`.
    fn longest_idle(&self, pool: PoolNo, caller: Option<UserNo>, gone: &[SessionSlot]) -> Vec<SessionSlot> {
        for (_, no) in self.pools.get(pool).idle_counted.iter().filter(|(_, no)| Some(*no) != caller) {
            let user = self.users.get(*no);
            if !self.lives_in(user, pool, gone).1 {
                continue;
            }
            let mut slots = self.live_of(user);
            slots.retain(|slot| self.sessions.get(*slot).pool == pool && gone.binary_search(slot).is_err());
            return slots;
        }
        Vec::new()
    }
}
