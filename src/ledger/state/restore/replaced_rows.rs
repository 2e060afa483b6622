//! Rows of a tenant that a later batch deletes or replaces, during a load.

use crate::ids::{OrganizationNo, PoolNo, SessionNo, UserNo};
use crate::ledger::model::change::{Change, UserRow};
use crate::ledger::state::session::SessionSlot;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

impl Tenant {
    /// Removes the row of a deletion, if it is there.
    ///
    /// # Errors
    /// Other rows still refer to it.
    pub(super) fn forget(&mut self, row: &Change) -> Result<(), String> {
        match row {
            Change::DeleteLicense(_, id, revision) => self.licenses.unload(id, *revision),
            Change::DeleteOrganization(_, no) => self.forget_organization(*no),
            Change::DeleteUser(_, no) => return self.forget_user(*no),
            Change::DeleteSeat(_, user, pool) => self.forget_seat(*user, *pool),
            Change::DeleteSession(_, user, no) => self.forget_session(*user, *no),
            Change::DeleteNotification(_, topic) => self.notifications.remove(topic),
            _ => {}
        }
        Ok(())
    }

    /// Removes the row that a put replaces, if there is one. Returns false if the put changes nothing: pools have no
    /// other columns than their key and their id.
    pub(super) fn make_room_for(&mut self, row: &Change) -> bool {
        match row {
            Change::PutLicense(row) => self.licenses.unload(&row.id, row.revision),
            Change::PutPool(row) => return self.pools.find(&row.id) != Some(row.no),
            Change::PutOrganization(row) => self.forget_organization(row.no),
            Change::PutSeat(row) => self.forget_seat(row.user, row.pool),
            Change::PutSession(row) => self.forget_session(row.user, row.no),
            _ => {}
        }
        true
    }

    /// Replaces the row of a user, who keeps seats and sessions.
    pub(super) fn replace_user(&mut self, row: UserRow) {
        let user = self.users.get_mut(row.no);
        self.blocked = self.blocked + u64::from(row.blocked.is_some()) - u64::from(user.blocked.is_some());
        self.administrators = self.administrators + u64::from(row.administrator) - u64::from(user.administrator);
        let (no, kept) = (row.no, std::mem::take(&mut user.seats));
        let (slots, id) = (std::mem::take(&mut user.slots), row.id.clone());
        for slot in slots.iter().filter(|slot| **slot != SessionSlot::NONE) {
            let session = self.sessions.get_mut(*slot);
            (session.user_id, session.administrator) = (id.clone(), row.administrator);
        }
        // The index finds the user by the id in the list, so the id changes only together with it.
        let former = user.id.clone();
        *user = User { seats: kept, slots, id: former, ..User::new(row) };
        if user.id == id { self.users.sort(no) } else { self.users.rename(no, id) }
    }

    fn forget_organization(&mut self, no: OrganizationNo) {
        // A tenant without organizations has no list of them.
        if self.organizations.get(no).is_some() {
            self.organizations.remove(no);
        }
    }

    fn forget_user(&mut self, no: UserNo) -> Result<(), String> {
        let Some(user) = self.users.at(no) else { return Ok(()) };
        if !user.seats.is_empty() || !user.slots.is_empty() {
            return Err(format!("user {} is deleted, and has seats or sessions", user.id));
        }
        self.blocked -= u64::from(user.blocked.is_some());
        self.administrators -= u64::from(user.administrator);
        self.users.remove(no);
        Ok(())
    }

    fn forget_seat(&mut self, user: UserNo, pool: PoolNo) {
        if self.users.at(user).is_some() {
            self.users.get_mut(user).seats.retain(|seat| seat.pool != pool);
        }
    }

    fn forget_session(&mut self, user: UserNo, no: SessionNo) {
        if self.users.at(user).is_none() {
            return;
        }
        let slots = &mut self.users.get_mut(user).slots;
        let Some(slot) = slots.get_mut(usize::from(no.0)) else { return };
        let gone = std::mem::replace(slot, SessionSlot::NONE);
        while slots.last() == Some(&SessionSlot::NONE) {
            slots.pop();
        }
        if gone != SessionSlot::NONE {
            self.sessions.remove(gone);
        }
    }
}
