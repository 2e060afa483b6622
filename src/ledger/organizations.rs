//! The administrator's acts on organizations (R3, R7).

use super::change::{Access, Action, Change, OrganizationRow};
use super::command::{CreateOrganization, DeleteOrganization, UpdateOrganization};
use super::organization::view;
use super::outcome::{Done, OrganizationView, Refusal};
use super::step::Step;
use super::tenant::Tenant;
use crate::ids::{OrganizationId, OrganizationNo, PoolNo, UserNo};

impl Tenant {
    pub fn create_organization(&mut self, ask: CreateOrganization, step: &mut Step) -> Done<OrganizationView> {
        if self.organizations.find(&ask.organization).is_some() {
            return Err(Refusal::exists("organization", &ask.organization));
        }
        let row = OrganizationRow {
            tenant: self.no,
            no: self.organizations.next_no(),
            id: ask.organization.clone(),
            display_name: ask.display_name,
            created: step.now.tick,
            version: 1,
        };
        step.put(Change::PutOrganization(row.clone()));
        step.log(self.about(Action::OrganizationCreated).organization(Some(ask.organization)));
        let shown = view(&row, step.now);
        self.organizations.put(row);
        Ok(shown)
    }

    pub fn update_organization(&mut self, ask: UpdateOrganization, step: &mut Step) -> Done<OrganizationView> {
        let no = self.known_organization(&ask.organization)?;
        let mut row = self.organizations.get(no).expect("found just now").clone();
        if ask.version.is_some_and(|version| version != row.version) {
            return Err(Refusal::StaleEtag);
        }
        let mut what = Vec::new();
        super::users::set(&mut row.display_name, ask.display_name, "display_name", &mut what);
        if !what.is_empty() {
            row.version += 1;
            step.put(Change::PutOrganization(row.clone()));
            let about = self.about(Action::OrganizationUpdated).organization(Some(ask.organization));
            step.log(about.detail(what.join(", ")));
            self.organizations.put(row.clone());
        }
        Ok(view(&row, step.now))
    }

    /// Takes the organization out of every seat; a seat for it alone is revoked. Live sessions stay (R6).
    pub fn delete_organization(&mut self, ask: &DeleteOrganization, step: &mut Step) -> Done<()> {
        let no = self.known_organization(&ask.organization)?;
        for (user, pool) in self.seats_naming(no) {
            let seat = self.users.get(user).seat(pool).expect("listed just now");
            let (held, order) = (seat.access.clone(), seat.order);
            match self.without(&held, &Access::Only(vec![no])) {
                Some(access) => self.put_seat(user, pool, access, order, step),
                None => {
                    let about = self.about(Action::SeatRevoked).user(&self.users.get(user).id);
                    step.log(about.pool(&self.pools.get(pool).id).detail("its only organization was deleted"));
                    self.drop_seat(user, pool, step);
                }
            }
        }
        self.leave_organization(no, step);
        self.organizations.remove(no);
        step.put(Change::DeleteOrganization(self.no, no));
        step.log(self.about(Action::OrganizationDeleted).organization(Some(ask.organization.clone())));
        Ok(())
    }

    fn known_organization(&self, id: &OrganizationId) -> Done<OrganizationNo> {
        self.organizations.find(id).ok_or_else(|| Refusal::not_found("organization", id))
    }

    fn seats_naming(&self, no: OrganizationNo) -> Vec<(UserNo, PoolNo)> {
        let names = |access: &Access| matches!(access, Access::Only(list) if list.contains(&no));
        let seats = self.users.iter().flat_map(|user| user.seats.iter().map(move |seat| (user.no, seat)));
        seats.filter(|(_, seat)| names(&seat.access)).map(|(user, seat)| (user, seat.pool)).collect()
    }

    /// No row may name an organization that is gone: its number may be given again after a restart.
    fn leave_organization(&mut self, no: OrganizationNo, step: &mut Step) {
        let slots: Vec<u32> =
            self.sessions.iter().filter(|(_, s)| s.organization == Some(no)).map(|(slot, _)| slot).collect();
        for slot in slots {
            let session = self.sessions.get_mut(slot);
            session.organization = None;
            step.put(Change::PutSession(session.row(self.no)));
        }
        let users: Vec<UserNo> =
            self.users.iter().filter(|user| user.last_organization == Some(no)).map(|user| user.no).collect();
        for user in users {
            self.users.get_mut(user).last_organization = None;
        }
    }
}
