//! Sort keys of users, in columns of numbers: a long list reads only these of the users who are not on the page.

use super::numbers::UserIndex;
use super::user::User;
use crate::ledger::model::time::Tick;
use crate::unicode::order;

/// `None` for a tenant without users: a server can have a million such tenants.
#[derive(Debug, Default)]
pub(in crate::ledger) struct UserOrders(Option<Box<Columns>>);

#[derive(Debug, Default)]
struct Columns {
    /// Last sign-in (R9); [`Tick::NEVER`]: none.
    signed_in: Vec<Tick>,
    starts: Vec<Starts>,
}

/// First bytes of the user's sort keys: see [`order::start`].
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::ledger) struct Starts {
    pub id: u64,
    pub name: u64,
}

impl Starts {
    fn of(user: &User) -> Self {
        Self { id: order::start(user.id.as_str()), name: order::start(&user.sort_name()) }
    }
}

impl UserOrders {
    /// Adds a user who never signed in.
    pub fn put(&mut self, index: UserIndex, user: &User) {
        let columns = self.0.get_or_insert_default();
        let index = index.position();
        if columns.starts.len() <= index {
            columns.signed_in.resize(index + 1, Tick::NEVER);
            columns.starts.resize(index + 1, Starts::default());
        }
        columns.signed_in[index] = Tick::NEVER;
        columns.starts[index] = Starts::of(user);
    }

    pub fn signs_in(&mut self, index: UserIndex, at: Tick) {
        if let Some(columns) = &mut self.0 {
            columns.signed_in[index.position()] = at;
        }
    }

    /// Updates the keys after the user's id or names may have changed.
    pub fn sort(&mut self, index: UserIndex, user: &User) {
        if let Some(columns) = &mut self.0 {
            columns.starts[index.position()] = Starts::of(user);
        }
    }

    /// Returns `None` if the user never signed in.
    pub fn last_sign_in(&self, index: UserIndex) -> Option<Tick> {
        let columns = self.0.as_ref()?;
        Some(columns.signed_in[index.position()]).filter(|at| *at != Tick::NEVER)
    }

    pub fn starts(&self, index: UserIndex) -> Starts {
        self.0.as_ref().map_or_else(Starts::default, |columns| columns.starts[index.position()])
    }
}
