//! Numbers of a tenant's users by kind, maintained because usage is queried often and a tenant can have a million
//! users. Code that changes a user, a seat, or whether a user is live has to update them; the invariants
//! recount them.

use super::user::User;
use super::users::Users;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ledger) struct Headcount {
    /// Users with access to anything (R7).
    pub with_access: u32,
    /// Users with a live session but without access, by status: the session stays (R6), and the status shown is blank
    /// (R23).
    pub blank_active: u32,
    pub blank_idle: u32,
    pub blocked_administrators: u32,
}

impl Headcount {
    /// Recounts all users.
    pub fn recounted(users: &Users) -> Self {
        let mut heads = Self::default();
        for user in users.iter() {
            heads.with_access += u32::from(user.has_access());
            *heads.blank(user.idle) += u32::from(user.live > 0 && !user.has_access());
            heads.blocked_administrators += u32::from(user.administrator && user.blocked.is_some());
        }
        heads
    }

    fn blank(&mut self, idle: bool) -> &mut u32 {
        if idle { &mut self.blank_idle } else { &mut self.blank_active }
    }

    /// Updates the numbers after seats or blocking changed. `had`: true if the user had access before.
    pub fn access(&mut self, user: &User, had: bool) {
        let lives = u32::from(user.live > 0);
        match (had, user.has_access()) {
            (false, true) => {
                self.with_access += 1;
                *self.blank(user.idle) -= lives;
            }
            (true, false) => {
                self.with_access -= 1;
                *self.blank(user.idle) += lives;
            }
            _ => {}
        }
    }

    /// Counts a user whose first session starts.
    pub fn begins(&mut self, user: &User) {
        self.blank_active += u32::from(!user.has_access());
    }

    /// Counts a user whose last session ended. `idle`: the user was Idle until then.
    pub fn ends(&mut self, user: &User, idle: bool) {
        *self.blank(idle) -= u32::from(!user.has_access());
    }

    /// Counts a user who became Idle, or became active again.
    pub fn turns(&mut self, user: &User) {
        let blank = u32::from(!user.has_access());
        *self.blank(!user.idle) -= blank;
        *self.blank(user.idle) += blank;
    }
}
