//! Live sessions of a tenant: start, end, and which users are Idle. Every counter of live sessions is maintained here.

use std::collections::BTreeMap;

use super::audit_draft::AuditDraft;
use super::budget::Budget;
use super::context::Context;
use super::session::Session;
use super::tenant::Tenant;
use super::user::User;
use crate::ids::{DeviceId, OrganizationNo, PoolNo, SessionId, SessionNo, Text, UserNo};
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::outcome::SessionEndReason;
use crate::ledger::model::time::{Tick, millis};
use crate::ledger::state::session::SessionSlot;

/// Properties of a new session.
pub(in crate::ledger) struct Login {
    pub id: SessionId,
    pub pool: PoolNo,
    pub organization: Option<OrganizationNo>,
    pub device: DeviceId,
    pub client: Text,
}

impl Tenant {
    /// Slots of the user's live sessions, oldest first; of the same time by id, so that a load does not change the
    /// order of sessions.
    pub fn live_of(&self, user: &User) -> Vec<SessionSlot> {
        let mut live: Vec<SessionSlot> =
            user.slots.iter().copied().filter(|slot| self.sessions.get(*slot).is_live()).collect();
        live.sort_by_key(|slot| (self.sessions.get(*slot).started, self.sessions.get(*slot).id));
        live
    }

    /// Returns two flags: the user has a live session in the pool, and one that counts. Ignores the slots in `but`,
    /// which must be sorted.
    pub fn lives_in(&self, user: &User, pool: PoolNo, but: &[SessionSlot]) -> (bool, bool) {
        let mut found = (false, false);
        for slot in &user.slots {
            let session = self.sessions.get(*slot);
            if session.is_live() && session.pool == pool && but.binary_search(slot).is_err() {
                found = (true, found.1 || !session.exempt);
            }
        }
        found
    }

    /// Starts a session. The caller has checked that it may start. `detail`: for the audit.
    pub fn start(&mut self, user: UserNo, login: Login, detail: &str, ctx: &mut Context) -> SessionSlot {
        let now = ctx.now.tick;
        let session_no = self.free_session_no(user);
        self.touch(user, now);
        let holder = self.users.get(user);
        let (lived, counted) = self.lives_in(holder, login.pool, &[]);
        let (administrator, exempt) = (holder.administrator, holder.is_exempt(&self.policy));
        let mut session = Session {
            id: login.id,
            user,
            user_id: holder.id.clone(),
            no: session_no,
            pool: login.pool,
            administrator,
            exempt,
            touched: false,
            silent: false,
            user_idle: false,
            heard_or_ended: now,
            end_reason: None,
            organization: login.organization,
            device: login.device,
            client: login.client,
            started: now,
            last_activity: now,
            lease_ms: millis(self.policy.lease_ttl),
            lease_end: now,
            idle_grace: Tick::default(),
        };
        session.renew(&self.policy, now);
        let event = self
            .about(Action::SessionStarted)
            .user(&holder.id)
            .pool(&self.pools.get(login.pool).id)
            .session(login.id)
            .organization(login.organization.and_then(|no| self.organizations.id(no)))
            .detail(detail);
        ctx.log(event);
        ctx.put(Change::PutSession(session.row(self.no, Some(now))));
        let slot = self.hold(session, ctx);
        let pool = self.pools.get_mut(login.pool);
        pool.live += u64::from(!lived);
        pool.live_counted += u64::from(!exempt && !counted);
        self.stale.note(pool);
        self.notifications.moved(pool);
        let holder = self.users.get_mut(user);
        holder.last_organization = login.organization.or(holder.last_organization);
        self.users.signs_in(user, now);
        slot
    }

    /// Stores a live session: in a slot, under its session number, and in the heap of its pool. Its user is live from
    /// now on.
    fn hold(&mut self, session: Session, ctx: &mut Context) -> SessionSlot {
        let (user, session_no, pool, exempt) = (session.user, session.no, session.pool, session.exempt);
        let (due, _) = session.deadline(&self.policy);
        if let Some(slot) = self.users.get(user).slots.get(usize::from(session_no.0))
            && let Some(session) = self.sessions.remove(*slot)
            && let Some((at, reason)) = session.ended()
        {
            let holder = self.users.get_mut(user);
            holder.earlier_activity = holder.earlier_activity.max(session.last_activity);
            // The ended session's row is replaced in this batch, but its client may still ask for the reason (R24).
            ctx.ended_sessions.add(session.id, self.id.clone(), reason, at);
        }
        let slot = self.sessions.insert(session);
        self.sessions.live += 1;
        self.listen_to(slot);
        self.pools.get_mut(pool).deadlines(exempt).insert(&mut self.sessions.positions, slot, due);
        self.due_by(due);
        let holder = self.users.get_mut(user);
        holder.set_slot(session_no, slot);
        holder.live += 1;
        if holder.live == 1 {
            self.headcount.begins(holder);
            let due = holder.last_activity(&self.sessions) + self.policy.idle_after;
            self.active.insert(&mut self.active_positions, user, due);
            self.due_by(due);
        }
        slot
    }

    /// Session number for the user's next session: the one whose session ended first, if another ended session remains
    /// to give a late heartbeat its reason (R24); otherwise a new number.
    fn free_session_no(&self, user: UserNo) -> SessionNo {
        let holder = self.users.get(user);
        let ended = holder.slots.iter().filter_map(|slot| {
            let session = self.sessions.get(*slot);
            session.ended().map(|(at, _)| (at, session.no))
        });
        if holder.slots.len() < usize::from(holder.live) + 2 {
            return SessionNo(u16::try_from(holder.slots.len()).expect("few sessions"));
        }
        let (_, session_no) = ended.min().expect("two sessions are not live");
        session_no
    }

    /// Ends a live session.
    pub fn end(&mut self, slot: SessionSlot, reason: SessionEndReason, ctx: &mut Context) {
        let session = self.sessions.get_mut(slot);
        (session.heard_or_ended, session.end_reason) = (ctx.now.tick, Some(reason));
        let row = session.row(self.no, self.users.last_sign_in(session.user));
        let (user, pool_no, exempt) = (session.user, session.pool, session.exempt);
        let organization = session.organization;
        self.sessions.live -= 1;
        let pool = self.pools.get_mut(pool_no);
        pool.deadlines(exempt).remove(&mut self.sessions.positions, slot);
        let event = AuditDraft::new(self.no, Action::SessionEnded)
            .ended(reason)
            .user(&self.users.get(user).id)
            .pool(&self.pools.get(pool_no).id)
            .session(row.id)
            .organization(organization.and_then(|no| self.organizations.id(no)));
        ctx.log(event);
        ctx.put(Change::PutSession(row));
        self.leave(user, pool_no, exempt);
    }

    /// Removes an ended session from the counters.
    fn leave(&mut self, user: UserNo, pool_no: PoolNo, exempt: bool) {
        let holder = self.users.get(user);
        let (idle, last_activity) = (holder.idle, holder.last_activity(&self.sessions));
        let (lives, counts) = self.lives_in(holder, pool_no, &[]);
        let pool = self.pools.get_mut(pool_no);
        pool.live -= u64::from(!lives);
        pool.live_counted -= u64::from(!exempt && !counts);
        self.stale.note(pool);
        self.notifications.moved(pool);
        pool.idle -= u64::from(!lives && idle);
        if idle && !exempt && !counts {
            pool.idle_counted.remove(&(last_activity, user));
        }
        let holder = self.users.get_mut(user);
        holder.live -= 1;
        if holder.live > 0 {
            return;
        }
        holder.idle = false;
        self.headcount.ends(holder, idle);
        if idle {
            self.idle.remove(&(last_activity, user));
        } else {
            self.active.remove(&mut self.active_positions, user);
        }
    }

    /// Records that the user was active (R22).
    pub fn touch(&mut self, user: UserNo, now: Tick) {
        let holder = self.users.get_mut(user);
        let before = holder.last_activity(&self.sessions);
        holder.earlier_activity = before.max(now);
        if !holder.idle {
            return;
        }
        holder.idle = false;
        self.headcount.turns(holder);
        let due = holder.earlier_activity + self.policy.idle_after;
        self.idle.remove(&(before, user));
        for slot in &holder.slots {
            self.sessions.get_mut(*slot).user_idle = false;
        }
        self.active.insert(&mut self.active_positions, user, due);
        self.due_by(due);
        self.count_idle(user, before, false);
    }

    /// Adds an Idle user to the counters of the pools of the user's live sessions, or removes the user from them.
    fn count_idle(&mut self, user: UserNo, last_activity: Tick, add: bool) {
        for (pool, counts) in self.pools_of(user) {
            let pool = self.pools.get_mut(pool);
            pool.idle = if add { pool.idle + 1 } else { pool.idle - 1 };
            match (counts, add) {
                (false, _) => false,
                (true, true) => pool.idle_counted.insert((last_activity, user)),
                (true, false) => pool.idle_counted.remove(&(last_activity, user)),
            };
        }
    }

    /// Marks the users who have become Idle by `now` (R23), as far as the budget allows; returns true if none is left.
    /// It changes only counters that depend on time. It runs before each decision, and before each step of a command of
    /// several steps.
    pub fn mark_idle(&mut self, now: Tick, budget: &mut Budget) -> bool {
        let idle_after = self.policy.idle_after;
        loop {
            let (users, sessions) = (&self.users, &mut self.sessions);
            let due = |user: UserNo| users.get(user).last_activity(sessions) + idle_after;
            let Some((_, no)) = self.active.first_due(&mut self.active_positions, now, due, budget) else {
                return self.active.noted().is_none_or(|noted| noted > now);
            };
            self.active.remove(&mut self.active_positions, no);
            let user = self.users.get_mut(no);
            user.idle = true;
            self.headcount.turns(user);
            let last_activity = user.last_activity(sessions);
            self.idle.insert((last_activity, user.no));
            for slot in &user.slots {
                sessions.get_mut(*slot).user_idle = true;
            }
            budget.spend_each(4 + user.slots.len(), Budget::READ);
            self.count_idle(no, last_activity, true);
        }
    }

    /// Pools in which the user has a live session, each with a flag: the user counts there.
    pub fn pools_of(&self, user: UserNo) -> BTreeMap<PoolNo, bool> {
        let live = self.users.get(user).slots.iter().map(|slot| self.sessions.get(*slot)).filter(|s| s.is_live());
        let mut pools = BTreeMap::new();
        live.for_each(|session| *pools.entry(session.pool).or_default() |= !session.exempt);
        pools
    }

    /// Notes that something may be due at `at`: the shard looks at this tenant by then.
    pub fn due_by(&mut self, at: Tick) {
        self.due = self.due.min(at);
    }

    /// Lower bound of the time at which something is due here: a session ends, a user becomes Idle, a client may be
    /// silent, or a notification may be repeated.
    pub fn first_due(&self) -> Tick {
        let sessions = self.pools.iter().filter_map(super::pool::Pool::noted);
        let others = self.active.noted().into_iter().chain([self.notifications.next_check, self.listening.due]);
        sessions.chain(others).min().unwrap_or(Tick::NEVER)
    }

    /// Counts all live sessions, after a load.
    pub fn count_sessions(&mut self) {
        let users: Vec<UserNo> = self.users.iter().map(|user| user.no).collect();
        for no in users {
            let user = self.users.get(no);
            let live = user.slots.iter().filter(|slot| self.sessions.get(**slot).is_live()).count();
            self.sessions.live += live as u64;
            self.users.get_mut(no).live = u16::try_from(live).expect("few sessions");
            for (pool, counts) in self.pools_of(no) {
                let pool = self.pools.get_mut(pool);
                pool.live += 1;
                pool.live_counted += u64::from(counts);
            }
        }
    }

    /// Notes an earlier deadline of a session, after a change of the policy.
    pub fn note_deadline(&mut self, slot: SessionSlot, budget: &mut Budget) {
        budget.spend(Budget::READ);
        let Some(session) = self.sessions.at(slot).filter(|session| session.is_live()) else { return };
        let (pool, exempt, due) = (session.pool, session.exempt, session.deadline(&self.policy).0);
        self.pools.get_mut(pool).deadlines(exempt).lower(&mut self.sessions.positions, slot, due);
        self.due_by(due);
    }

    /// Notes an earlier time at which a user becomes Idle, after a change of the policy.
    pub fn note_idle(&mut self, no: UserNo, budget: &mut Budget) {
        budget.spend(Budget::READ);
        let Some(user) = self.users.at(no).filter(|user| user.live > 0 && !user.idle) else { return };
        budget.spend_each(user.slots.len(), 20);
        let due = user.last_activity(&self.sessions) + self.policy.idle_after;
        self.active.lower(&mut self.active_positions, no, due);
        self.due_by(due);
    }

    /// Marks the Idle user with the latest activity as not Idle, if the policy's `idle_after` became longer than the
    /// time since then. Returns false if there is no such user.
    pub fn mark_last_idle_active(&mut self, now: Tick, budget: &mut Budget) -> bool {
        let Some((active, no)) = self.idle.last().copied().filter(|(at, _)| *at + self.policy.idle_after > now) else {
            return false;
        };
        self.idle.remove(&(active, no));
        let user = self.users.get_mut(no);
        user.idle = false;
        self.headcount.turns(user);
        budget.spend_each(4 + user.slots.len(), Budget::READ);
        for slot in &user.slots {
            self.sessions.get_mut(*slot).user_idle = false;
        }
        let due = active + self.policy.idle_after;
        self.active.insert(&mut self.active_positions, no, due);
        self.due_by(due);
        self.count_idle(no, active, false);
        true
    }

    /// Rebuilds all heaps, after a load.
    pub fn rebuild_deadlines(&mut self) {
        for pool in self.pools.iter_mut() {
            pool.deadlines.clear();
            pool.exempt_deadlines.clear();
            pool.idle = 0;
            pool.idle_counted.clear();
        }
        let live: Vec<(SessionSlot, PoolNo, bool, Tick)> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.is_live())
            .map(|(slot, session)| (slot, session.pool, session.exempt, session.deadline(&self.policy).0))
            .collect();
        for (slot, pool, exempt, due) in live {
            self.pools.get_mut(pool).deadlines(exempt).insert(&mut self.sessions.positions, slot, due);
        }
        self.active.clear();
        self.idle.clear();
        self.sessions.iter_mut().for_each(|session| session.user_idle = false);
        let active: Vec<(UserNo, Tick)> = self
            .users
            .iter()
            .filter(|user| user.live > 0)
            .map(|user| (user.no, user.last_activity(&self.sessions)))
            .collect();
        for (user, last_activity) in active {
            self.users.get_mut(user).idle = false;
            self.active.insert(&mut self.active_positions, user, last_activity + self.policy.idle_after);
        }
        self.due_by(self.first_due());
    }

    /// Number of users in both lists of live users; used by [`crate::ledger::queries::invariants`].
    pub fn active_and_idle(&self) -> usize {
        self.active.len() + self.idle.len()
    }
}
