//! Users: created, changed, blocked, unblocked, deleted (R5, R6, R15).

use usher::ids::{PoolId, TenantId, UserId};
use usher::ledger::change::{BlockCause, Profile};
use usher::ledger::command::{
    BlockUser, Command, CreateUser, DeleteUser, Outcome, RenameUser, UnblockUser, UpdateUser, UserPatch,
};
use usher::ledger::outcome::{Denial, DenialReason, Done, PoolUsage, SessionEndReason, UserView};
use usher::ledger::time::{Moment, Tick};

use super::tenants::stale;
use super::{Glance, Model, Tenant, User, exists, missing};

impl Model {
    /// Applies a command about users.
    pub fn on_users(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::CreateUser(command) => Outcome::CreateUser(self.create_user(id, command, now)),
            Command::UpdateUser(command) => Outcome::UpdateUser(self.update_user(id, command, now)),
            Command::RenameUser(command) => Outcome::RenameUser(self.rename_user(id, command, now)),
            Command::BlockUser(command) => Outcome::BlockUser(self.block_user(id, command, now)),
            Command::UnblockUser(command) => Outcome::UnblockUser(self.unblock_user(id, command, now)),
            Command::DeleteUser(command) => Outcome::DeleteUser(self.delete_user(id, command, now)),
            _ => return None,
        })
    }

    pub fn new_user(&mut self, id: &UserId, administrator: bool, now: Tick) -> User {
        User {
            id: id.clone(),
            made: self.next_made(),
            administrator,
            blocked: None,
            profile: Profile::default(),
            former: Vec::new(),
            created: now,
            version: 1,
            last_sign_in: None,
            last_activity: None,
            last_organization: None,
        }
    }

    pub fn create_user(
        &mut self,
        id: &TenantId,
        command: &CreateUser,
        now: Moment,
    ) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        let at = self.find(id)?;
        if self.tenants[at].user(&command.user).is_some() {
            return Err(exists("user", &command.user));
        }
        let glance = self.glance(now);
        let mut user = self.new_user(&command.user, command.administrator, now.tick);
        user.profile = command.profile.clone();
        // Works on a copy, which becomes the tenant if every seat can be given (R15).
        let mut copy = self.tenants[at].clone();
        copy.users.push(user);
        let mut denied = None;
        for pool in &command.pools {
            denied = denied.or(copy.grant_guards(pool, &command.user, &glance).err());
            if copy.seat(&command.user, pool).is_none() {
                copy.seats.push(self.new_seat(&command.user, pool, None, now.tick));
                copy.know(pool);
            }
        }
        let decision = match denied {
            Some(denial) => Err(denial),
            None => {
                self.tenants[at] = copy;
                let tenant = &self.tenants[at];
                Ok(tenant.user_view(tenant.user(&command.user).expect("the new user"), &glance))
            }
        };
        let tenant = &self.tenants[at];
        let usage =
            command.pools.iter().filter(|pool| tenant.pools.contains(pool)).map(|pool| tenant.usage(pool, &glance));
        Ok((decision, usage.collect()))
    }

    pub fn update_user(&mut self, id: &TenantId, command: &UpdateUser, now: Moment) -> Done<UserView> {
        let at = self.find(id)?;
        let glance = self.glance(now);
        if self.tenants[at].loses_role(&command.user, &command.patch) {
            self.end_overdue_around(at, &command.user, now.tick);
        }
        let before = &self.tenants[at];
        let user = before.user(&command.user).ok_or_else(|| missing("user", &command.user))?;
        stale(command.version, user.version)?;
        let (patch, mut new) = (command.patch.clone(), user.clone());
        patched(patch, &mut new);
        let changed = (new.administrator, &new.profile) != (user.administrator, &user.profile);
        new.version += u64::from(changed);
        let mut after = before.clone();
        *after.user_mut(&command.user)? = new;
        after.take_role(&command.user);
        before.room_for(&after, &glance)?;
        self.tenants[at] = after;
        Ok(self.tenants[at].view_of(&command.user, &glance))
    }

    /// A repetition changes nothing: the new id belongs to the user who got it last.
    pub fn rename_user(&mut self, id: &TenantId, command: &RenameUser, now: Moment) -> Done<UserView> {
        let at = self.find(id)?;
        let (glance, tenant) = (self.glance(now), &mut self.tenants[at]);
        let given = tenant.user(&command.new).map(|user| user.former.last() == Some(&command.user));
        match (tenant.user(&command.user).is_some(), given) {
            (true, _) if command.new == command.user => {}
            (true, Some(_)) => return Err(exists("user", &command.new)),
            (true, None) => tenant.rename(&command.user, &command.new),
            (false, Some(true)) => {}
            (false, _) => return Err(missing("user", &command.user)),
        }
        Ok(tenant.view_of(&command.new, &glance))
    }

    pub fn block_user(&mut self, id: &TenantId, command: &BlockUser, now: Moment) -> Done<UserView> {
        let at = self.find(id)?;
        let user = self.tenants[at].user_mut(&command.user)?;
        if user.blocked != Some(BlockCause::Administrator) {
            user.blocked = Some(BlockCause::Administrator);
            user.version += 1;
        }
        if command.end_sessions {
            self.end_all(at, |user| *user == command.user, SessionEndReason::Closed, now.tick);
        }
        Ok(self.tenants[at].view_of(&command.user, &self.glance(now)))
    }

    /// Returns the usage of the pools of the user's seats too, by id.
    pub fn unblock_user(
        &mut self,
        id: &TenantId,
        command: &UnblockUser,
        now: Moment,
    ) -> Done<(Result<UserView, Denial>, Vec<PoolUsage>)> {
        let at = self.find(id)?;
        self.tenants[at].user_mut(&command.user)?;
        let glance = self.glance(now);
        let decision = self.unblock(at, &command.user, &glance);
        let tenant = &self.tenants[at];
        let seats = tenant.seats.iter().filter(|seat| seat.user == command.user);
        let mut usage: Vec<PoolUsage> = seats.map(|seat| tenant.usage(&seat.pool, &glance)).collect();
        usage.sort_by(|a, b| a.pool.cmp(&b.pool));
        Ok((decision, usage))
    }

    pub fn unblock(&mut self, at: usize, id: &UserId, glance: &Glance) -> Result<UserView, Denial> {
        let tenant = &self.tenants[at];
        let user = tenant.user(id).expect("a known user");
        if user.blocked.is_none() {
            return Ok(tenant.user_view(user, glance));
        }
        if let Some((_, reason)) = tenant.without_seat(user, glance).first() {
            return Err(Denial::because(*reason));
        }
        // All seats are granted anew at the same time, so that they are the youngest (R14).
        let order = self.next_made();
        for seat in self.tenants[at].seats.iter_mut().filter(|seat| seat.user == *id) {
            (seat.order, seat.granted) = (order, glance.now.tick);
        }
        let user = self.tenants[at].user_mut(id).expect("a known user");
        user.blocked = None;
        user.version += 1;
        Ok(self.tenants[at].view_of(id, glance))
    }

    pub fn delete_user(&mut self, id: &TenantId, command: &DeleteUser, now: Moment) -> Done<()> {
        let at = self.find(id)?;
        self.tenants[at].user_mut(&command.user)?;
        self.end_all(at, |user| *user == command.user, SessionEndReason::UserDeleted, now.tick);
        let tenant = &mut self.tenants[at];
        tenant.seats.retain(|seat| seat.user != command.user);
        tenant.users.retain(|user| user.id != command.user);
        Ok(())
    }
}

pub fn patched(patch: UserPatch, user: &mut User) {
    user.administrator = patch.administrator.unwrap_or(user.administrator);
    user.profile.given_name = patch.given_name.unwrap_or(std::mem::take(&mut user.profile.given_name));
    user.profile.family_name = patch.family_name.unwrap_or(std::mem::take(&mut user.profile.family_name));
    user.profile.groups = patch.groups.unwrap_or(std::mem::take(&mut user.profile.groups));
    user.profile.attributes = patch.attributes.unwrap_or(std::mem::take(&mut user.profile.attributes));
    for (name, value) in patch.some_attributes {
        let known = &mut user.profile.attributes;
        if value.is_empty() {
            known.retain(|(other, text)| *other != name || text.is_empty());
        } else {
            known.retain(|(other, _)| *other != name);
            known.push((name, value));
            known.sort();
        }
    }
}

impl Tenant {
    /// The pools of the user's seats that have no seat for the user, in the order of the grants; each with its reason
    /// (R5).
    pub fn without_seat(&self, user: &User, glance: &Glance) -> Vec<(PoolId, DenialReason)> {
        let mut seats: Vec<_> = self.seats.iter().filter(|seat| seat.user == user.id).collect();
        let first_known = |pool: &PoolId| self.pools.iter().position(|known| known == pool);
        seats.sort_by_key(|seat| (seat.order, first_known(&seat.pool)));
        let full = seats.into_iter().filter(|seat| !self.has_named_room(&seat.pool, user.administrator, glance));
        full.map(|seat| (seat.pool.clone(), self.want_of(&seat.pool, glance))).collect()
    }

    /// A license that is not in force is the reason before the number of seats is.
    pub fn want_of(&self, pool: &PoolId, glance: &Glance) -> DenialReason {
        self.license_guard(pool, false, glance).err().map_or(DenialReason::SeatsExhausted, |denial| denial.reason)
    }

    /// Returns whether the patch makes an administrator an ordinary user.
    pub fn loses_role(&self, id: &UserId, patch: &UserPatch) -> bool {
        patch.administrator == Some(false) && self.user(id).is_some_and(|user| user.administrator)
    }

    fn rename(&mut self, old: &UserId, new: &UserId) {
        for user in self.users.iter_mut().filter(|user| user.id == *old) {
            user.id = new.clone();
            user.former.push(old.clone());
            user.version += 1;
        }
        self.seats.iter_mut().filter(|seat| seat.user == *old).for_each(|seat| seat.user = new.clone());
        self.sessions.iter_mut().filter(|session| session.user == *old).for_each(|session| session.user = new.clone());
    }

    fn view_of(&self, user: &UserId, glance: &Glance) -> UserView {
        self.user_view(self.user(user).expect("a known user"), glance)
    }

    fn user_mut(&mut self, id: &UserId) -> Done<&mut User> {
        self.users.iter_mut().find(|user| user.id == *id).ok_or_else(|| missing("user", id))
    }
}
