//! A directory sync (R33): one user after the other. A dry run works on a copy.

use std::collections::BTreeSet;

use usher::ids::{EventNo, PoolId, TenantId, UserId};
use usher::ledger::change::{BlockCause, Plan};
use usher::ledger::command::{
    ActivateUsers, ActivatedUsers, BlockUnlisted, BlockedUsers, Command, Outcome, SyncEntry, SyncUsers, Synced,
    SyncedUser, SyncedUsers, Waiting, WhatIf, WhenFull,
};
use usher::ledger::notification::Cause;
use usher::ledger::outcome::{DenialReason, Done};
use usher::ledger::time::Moment;

use super::users::patched;
use super::{Glance, Model, Tenant, User};

impl Model {
    /// Applies a command about a directory sync.
    pub fn on_sync(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::SyncUsers(command) => Outcome::SyncUsers(self.sync_users(id, command, now)),
            Command::ActivateUsers(command) => Outcome::ActivateUsers(self.activate_users(id, command, now)),
            Command::BlockUnlisted(command) => Outcome::BlockUnlisted(self.block_unlisted(id, command)),
            _ => return None,
        })
    }

    /// Runs it, in a dry run on a copy.
    fn perhaps_dry<T>(&mut self, what_if: Option<&WhatIf>, run: impl FnOnce(&mut Model) -> T) -> T {
        match what_if {
            Some(_) => run(&mut self.clone()),
            None => run(self),
        }
    }

    pub fn sync_users(&mut self, id: &TenantId, command: &SyncUsers, now: Moment) -> Done<SyncedUsers> {
        let at = self.find(id)?;
        let users = self.perhaps_dry(command.what_if.as_ref(), |model| {
            command.entries.iter().map(|entry| model.sync_one(at, entry, command.when_full, now)).collect()
        });
        Ok(SyncedUsers { users, what_if: command.what_if.clone() })
    }

    fn sync_one(&mut self, at: usize, entry: &SyncEntry, when_full: WhenFull, now: Moment) -> Done<SyncedUser> {
        for seat in &entry.seats {
            self.tenants[at].all_there(&seat.organizations)?;
        }
        if self.tenants[at].loses_role(&entry.user, &entry.patch) {
            self.end_overdue_around(at, &entry.user, now.tick);
        }
        let before = self.tenants[at].clone();
        let to_be_blocked = entry.blocked == Some(true);
        let glance = self.glance(now);
        let known = before.user(&entry.user).cloned();
        let is_new = known.is_none();
        let mut user = known.clone().unwrap_or_else(|| self.new_user(&entry.user, false, now.tick));
        patched(entry.patch.clone(), &mut user);
        let changed =
            known.as_ref().is_some_and(|was| (was.administrator, &was.profile) != (user.administrator, &user.profile));
        user.version += u64::from(changed);
        let was = user.blocked;
        let mut after = before.clone();
        after.users.retain(|other| other.id != user.id);
        after.users.push(user.clone());
        after.take_role(&user.id);
        // A user who is about to be blocked needs no seat; the user's live sessions go on, and count.
        let mut counted = after.clone();
        let state = &mut counted.users.last_mut().expect("the user of the entry").blocked;
        *state = state.or(to_be_blocked.then_some(BlockCause::Administrator));
        before.room_for(&counted, &glance)?;
        let given_up = after.given_up(&user, entry, &glance);
        after.seats.retain(|seat| seat.user != user.id || !given_up.contains(&seat.pool));
        let mut denials = Vec::new();
        let mut wanted = Vec::new();
        let is_active = !is_new && was.is_none();
        let stays = was == Some(BlockCause::Administrator) && entry.blocked != Some(false);
        for requested in &entry.seats {
            let pool = &requested.pool;
            let held = before.seat(&user.id, pool).is_some();
            let is_more = before.seat(&user.id, pool).is_none_or(|seat| {
                let only = |only: &BTreeSet<_>| requested.organizations.iter().any(|id| !only.contains(id));
                seat.only.as_ref().is_some_and(only)
            });
            if stays || (!is_more && (is_active || to_be_blocked)) {
                continue;
            }
            let needs_room = was != Some(BlockCause::LicenseLimit) && !to_be_blocked && !(held && is_active);
            let denied = after.synced_seat(pool, needs_room, user.administrator, &glance).err();
            if denied.is_none() || (denied == Some(DenialReason::SeatsExhausted) && !is_active) {
                wanted.push(requested.clone());
            }
            denials.extend(denied.map(|reason| (pool.clone(), reason)));
        }
        let full = denials.iter().any(|(_, reason)| *reason == DenialReason::SeatsExhausted);
        let mut held: Vec<_> = after.seats.iter().filter(|seat| seat.user == user.id).collect();
        held.sort_by_key(|seat| seat.order);
        let held: Vec<PoolId> = held.into_iter().map(|seat| seat.pool.clone()).collect();
        let held_full = held.iter().any(|pool| after.is_taken(pool, user.administrator, &glance));
        let waits = Some(BlockCause::LicenseLimit);
        let blocked = match was {
            _ if to_be_blocked => was.or(Some(BlockCause::Administrator)),
            None if !is_new => None,
            _ if stays || was == waits => was,
            _ if full || held_full => waits,
            _ => None,
        };
        if when_full == WhenFull::Refuse && blocked == waits && was != waits {
            let others = held.iter().filter(|pool| after.is_taken(pool, user.administrator, &glance));
            let others = others.filter(|pool| denials.iter().all(|(denied, _)| denied != *pool));
            let others: Vec<_> = others.map(|pool| (pool.clone(), DenialReason::SeatsExhausted)).collect();
            denials.extend(others);
            self.notify_synced(at, &entry.user, &denials, &glance, now);
            return Ok(SyncedUser { outcome: Synced::Refused, blocked: was, denials, waiting: None });
        }
        self.tenants[at] = after;
        self.notify_synced(at, &entry.user, &denials, &glance, now);
        let mut after = self.tenants[at].clone();
        if blocked != was {
            if blocked != Some(BlockCause::Administrator) {
                let order = self.next_made();
                let seats = after.seats.iter_mut().filter(|seat| seat.user == entry.user);
                seats.for_each(|seat| (seat.order, seat.granted) = (order, now.tick));
            }
            let user = after.users.last_mut().expect("the user of the entry");
            (user.blocked, user.version) = (blocked, user.version + 1);
        }
        self.tenants[at] = after;
        for seat in &wanted {
            if before.seat(&entry.user, &seat.pool).is_none() || !seat.organizations.is_empty() {
                self.give(at, &seat.pool, &entry.user, &seat.organizations, now);
            }
        }
        let after = &self.tenants[at];
        let outcome = match (is_new, was, blocked) {
            (true, ..) => Synced::Created,
            (false, Some(_), None) => Synced::Activated,
            _ if changed || was != blocked || after.seats_of(&entry.user) != before.seats_of(&entry.user) => {
                Synced::Updated
            }
            _ => Synced::Unchanged,
        };
        let pools = after.named_seats(&entry.user, &glance);
        let waiting = (blocked == waits && !to_be_blocked).then(|| Waiting {
            user: entry.user.clone(),
            since: EventNo(0),
            pools,
        });
        Ok(SyncedUser { outcome, blocked, denials, waiting })
    }

    fn notify_synced(
        &mut self,
        at: usize,
        user: &UserId,
        denials: &[(PoolId, DenialReason)],
        glance: &Glance,
        now: Moment,
    ) {
        let tenant = &mut self.tenants[at];
        for (pool, reason) in denials {
            let known = tenant.pools.contains(pool).then(|| tenant.usage(pool, glance));
            known.iter().for_each(|usage| tenant.notify_denial(*reason, usage, Cause::Sync, user, now));
        }
    }

    pub fn activate_users(&mut self, id: &TenantId, command: &ActivateUsers, now: Moment) -> Done<ActivatedUsers> {
        let at = self.find(id)?;
        let full = self.perhaps_dry(command.what_if.as_ref(), |model| {
            command.waiting.iter().map(|waiting| model.activate(at, &waiting.user, now)).collect()
        });
        Ok(ActivatedUsers { full, what_if: command.what_if.clone() })
    }

    fn activate(&mut self, at: usize, id: &UserId, now: Moment) -> Vec<(PoolId, DenialReason)> {
        let glance = self.glance(now);
        let tenant = &self.tenants[at];
        let Some(user) = tenant.user(id).filter(|user| user.blocked == Some(BlockCause::LicenseLimit)) else {
            return Vec::new();
        };
        let full = tenant.without_seat(user, &glance);
        let tenant = &mut self.tenants[at];
        for (pool, reason) in &full {
            let usage = tenant.usage(pool, &glance);
            tenant.notify_denial(*reason, &usage, Cause::Sync, id, now);
        }
        if full.is_empty() {
            self.unblock(at, id, &glance).expect("room in every pool");
        }
        full
    }

    pub fn block_unlisted(&mut self, id: &TenantId, command: &BlockUnlisted) -> Done<BlockedUsers> {
        let at = self.find(id)?;
        let blocked = self.perhaps_dry(command.what_if.as_ref(), |model| {
            let users = &mut model.tenants[at].users;
            let block = |id: &UserId| match users.iter_mut().find(|user| user.id == *id) {
                Some(user) if user.blocked.is_none() && !user.administrator => {
                    (user.blocked, user.version) = (Some(BlockCause::Directory), user.version + 1);
                    true
                }
                _ => false,
            };
            command.users.iter().map(block).collect()
        });
        Ok(BlockedUsers { blocked, what_if: command.what_if.clone() })
    }
}

impl Tenant {
    fn synced_seat(&self, pool: &PoolId, needs_room: bool, admin: bool, glance: &Glance) -> Result<(), DenialReason> {
        if self.suspended {
            return Err(DenialReason::TenantSuspended);
        }
        self.license_guard(pool, false, glance).map_err(|denial| denial.reason)?;
        if !self.is_licensed(pool) {
            return Err(DenialReason::PoolNotLicensed);
        }
        if needs_room && self.is_taken(pool, admin, glance) { Err(DenialReason::SeatsExhausted) } else { Ok(()) }
    }

    /// Returns whether a named pool has no free seat, or other users wait for one.
    fn is_taken(&self, pool: &PoolId, administrator: bool, glance: &Glance) -> bool {
        let exempt = administrator && !self.policy.administrators_count_in_named;
        let waits = |user: &UserId| self.user(user).is_some_and(|user| user.blocked == Some(BlockCause::LicenseLimit));
        let others = self.seats.iter().any(|seat| seat.pool == *pool && waits(&seat.user));
        let named = self.entitlement(pool, glance).0 == Plan::Named;
        named && !exempt && (others || !self.has_named_room(pool, administrator, glance))
    }

    /// The seats that a user who waits, or is back in the directory, gives up: those in full pools that the entry does
    /// not want.
    fn given_up(&self, user: &User, entry: &SyncEntry, glance: &Glance) -> Vec<PoolId> {
        let waits = match user.blocked {
            Some(BlockCause::LicenseLimit) => true,
            Some(BlockCause::Directory) => false,
            _ => return Vec::new(),
        };
        if entry.seats.is_empty() || entry.blocked == Some(true) {
            return Vec::new();
        }
        let is_wanted = |seat: &super::Seat| entry.seats.iter().any(|requested| requested.pool == seat.pool);
        let theirs = self.seats.iter().filter(|seat| seat.user == user.id && !is_wanted(seat));
        let full = |pool: &PoolId| match waits {
            true => !self.has_named_room(pool, user.administrator, glance),
            false => self.is_taken(pool, user.administrator, glance),
        };
        let full = theirs.map(|seat| &seat.pool).filter(|pool| full(pool));
        full.filter(|pool| self.want_of(pool, glance) == DenialReason::SeatsExhausted).cloned().collect()
    }

    fn seats_of(&self, user: &UserId) -> Vec<(PoolId, Option<Vec<String>>)> {
        let only = |seat: &super::Seat| seat.only.as_ref().map(|only| only.iter().map(ToString::to_string).collect());
        let mut seats: Vec<_> =
            self.seats.iter().filter(|seat| seat.user == *user).map(|seat| (seat.pool.clone(), only(seat))).collect();
        seats.sort();
        seats
    }

    fn named_seats(&self, user: &UserId, glance: &Glance) -> Vec<PoolId> {
        let exempt =
            self.user(user).is_some_and(|user| user.administrator) && !self.policy.administrators_count_in_named;
        let seats = self.seats_of(user).into_iter().map(|(pool, _)| pool);
        seats.filter(|pool| !exempt && self.entitlement(pool, glance).0 == Plan::Named).collect()
    }
}
