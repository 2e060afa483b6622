//! Gives seats, and creates the users who get them.

use super::seat_guards::union;
use crate::ids::{PoolNo, UserId, UserNo};
use crate::ledger::model::change::{Access, Action, Profile, UserRow};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

/// Longest list of names in an audit event, in bytes; the rest is given as a number.
const MAX_DETAIL_BYTES: usize = 4_000;

impl Tenant {
    /// Gives the user a seat, or adds access to the seat that the user holds.
    pub fn give_access(&mut self, no: UserNo, pool: PoolNo, wanted: &Access, ctx: &mut Context) {
        let user = self.users.get(no);
        let held = user.seat(pool).map(|seat| (seat.access.clone(), seat.order));
        ctx.budget.spend_each(wanted.len() + held.as_ref().map_or(0, |(held, _)| held.len()), 60);
        let access = held.as_ref().map_or(wanted.clone(), |(held, _)| union(held, wanted));
        if held.as_ref().is_none_or(|(held, _)| *held != access) {
            let about = self.about(Action::SeatGranted).user(&user.id).pool(&self.pools.get(pool).id);
            let event = ctx.log(about.detail(self.describe(&access)));
            let order = held.map_or(event, |(_, order)| order);
            self.put_seat(no, pool, access, order, ctx);
        }
    }

    /// Text for the audit: the organizations of an access.
    pub fn describe(&self, access: &Access) -> String {
        let Access::Only(list) = access else { return "all organizations".into() };
        let mut text = String::new();
        for (at, no) in list.iter().enumerate() {
            let Some(row) = self.organizations.get(*no) else { continue };
            if text.len() + row.id.as_str().len() > MAX_DETAIL_BYTES {
                return format!("{text} and {} more", list.len() - at);
            }
            text.push_str(if text.is_empty() { "" } else { ", " });
            text.push_str(row.id.as_str());
        }
        text
    }

    /// Creates a user without seats.
    pub fn create(
        &mut self,
        id: &UserId,
        administrator: bool,
        profile: Profile,
        how: &str,
        ctx: &mut Context,
    ) -> UserNo {
        let row = UserRow {
            tenant: self.no,
            no: self.users.next_no(),
            id: id.clone(),
            administrator,
            blocked: None,
            profile,
            former: Box::default(),
            created: ctx.now.tick,
            version: 1,
        };
        let no = row.no;
        self.add_user(User::new(row), ctx);
        ctx.log(self.about(Action::UserCreated).user(id).detail(how));
        no
    }
}
