//! Users of a tenant, by index, by number and by id.

use super::map::{Index, Seed};
use super::numbers::{Numbers, UserIndex};
use super::paged_vec::PagedVec;
use super::user::User;
use super::user_orders::{Starts, UserOrders};
use crate::ids::{UserId, UserNo};
use crate::ledger::model::time::Tick;

/// Users of a tenant, by index and by number.
#[derive(Debug)]
pub(in crate::ledger) struct Users {
    /// By index; the index of a deleted user is reused.
    list: PagedVec<Option<User>>,
    free: Vec<UserIndex>,
    orders: UserOrders,
    numbers: Numbers,
    /// Finds the index of a user by id.
    by_id: Index,
}

impl Users {
    pub fn new(seed: Seed) -> Self {
        let (list, free, orders, numbers) = (PagedVec::new(), Vec::new(), UserOrders::default(), Numbers::default());
        Self { list, free, orders, numbers, by_id: Index::new(seed) }
    }

    pub fn next_no(&self) -> UserNo {
        UserNo(self.numbers.given())
    }

    /// Count of the assigned user numbers, including those of deleted users.
    pub fn numbers(&self) -> u32 {
        self.numbers.given()
    }

    /// See [`Numbers::gone`].
    pub fn gone(&self, no: UserNo) -> Option<std::ops::Range<UserNo>> {
        self.numbers.gone(no)
    }

    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    pub fn find(&self, id: &UserId) -> Option<UserNo> {
        self.by_id.find(&id, id_in(&self.list)).map(|index| self.at_index(UserIndex(index)).no)
    }

    /// # Panics
    /// When there is no such user.
    fn index(&self, no: UserNo) -> UserIndex {
        self.numbers.index(no).expect("a user with this number")
    }

    /// # Panics
    /// When there is no user at this index.
    fn at_index(&self, index: UserIndex) -> &User {
        self.list[index.position()].as_ref().expect("a user at this index")
    }

    /// Returns `None` if the user was deleted.
    pub fn at(&self, no: UserNo) -> Option<&User> {
        self.list[self.numbers.index(no)?.position()].as_ref()
    }

    pub fn last_sign_in(&self, no: UserNo) -> Option<Tick> {
        self.orders.last_sign_in(self.numbers.index(no)?)
    }

    pub fn signs_in(&mut self, no: UserNo, at: Tick) {
        let index = self.index(no);
        self.orders.signs_in(index, at);
        if at != Tick::NEVER {
            self.numbers.signs_in(no, at);
        }
    }

    /// See [`Numbers::around`].
    pub fn around(&self, no: UserNo) -> Option<(std::ops::Range<UserNo>, Tick)> {
        self.numbers.around(no)
    }

    /// Sort prefixes of the user's id and name; for an unknown user the default, which is lowest.
    pub fn starts(&self, no: UserNo) -> Starts {
        self.numbers.index(no).map_or_else(Starts::default, |index| self.orders.starts(index))
    }

    /// Updates the sort order after the user's id or names may have changed.
    pub fn sort(&mut self, no: UserNo) {
        let index = self.index(no);
        let user = self.list[index.position()].as_ref().expect("a user with this number");
        self.orders.sort(index, user);
    }

    /// # Panics
    /// When there is no such user: a number must come from this tenant's own rows.
    pub fn get(&self, no: UserNo) -> &User {
        self.at_index(self.index(no))
    }

    pub fn get_mut(&mut self, no: UserNo) -> &mut User {
        let index = self.index(no);
        self.list[index.position()].as_mut().expect("a user with this number")
    }

    pub fn iter(&self) -> impl Iterator<Item = &User> + '_ {
        self.list.iter().flatten()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut User> + '_ {
        self.list.iter_mut().flatten()
    }

    /// Returns a user as long as there is one, and drops free indexes at the end of the list: for deleting all users.
    pub fn last(&mut self) -> Option<UserNo> {
        self.free.clear();
        while let Some(None) = self.list.last() {
            self.list.pop();
        }
        self.list.last().and_then(Option::as_ref).map(|user| user.no)
    }

    pub fn put(&mut self, user: User) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.list.push(None);
            UserIndex(u32::try_from(self.list.len() - 1).expect("fewer than 2^32 users"))
        });
        self.orders.put(index, &user);
        self.numbers.put(user.no, index);
        self.list[index.position()] = Some(user);
        self.by_id.insert(index.0, id_in(&self.list));
    }

    /// # Panics
    /// When there is no such user.
    pub fn rename(&mut self, no: UserNo, id: UserId) {
        let index = self.index(no);
        self.by_id.remove(index.0, id_in(&self.list));
        self.get_mut(no).id = id;
        self.by_id.insert(index.0, id_in(&self.list));
        self.sort(no);
    }

    pub fn remove(&mut self, no: UserNo) {
        let Some(index) = self.numbers.index(no) else { return };
        self.by_id.remove(index.0, id_in(&self.list));
        self.numbers.remove(no);
        self.list[index.position()] = None;
        self.free.push(index);
    }
}

/// Id of the user at an index.
fn id_in<'a>(list: &'a PagedVec<Option<User>>) -> impl Fn(u32) -> &'a UserId {
    |index| &list[index as usize].as_ref().expect("a user at this index").id
}
