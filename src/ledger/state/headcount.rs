//! Numbers of a tenant's users by kind, maintained because usage is queried often and a tenant can have a million
//! users. Code that changes a user, a seat, or whether a user is live has to update them; [`crate::ledger::queries::invariants`]
//! recounts them.

use super::tenant::Tenant;
use super::user::User;
use crate::ledger::model::outcome::UserTotals;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::ledger) struct Headcount {
    /// Users with access to anything (R7).
    with_access: u32,
    /// Users with a live session but without access, by status: the session stays (R6), and the status shown is blank
    /// (R23).
    blank_active: u32,
    blank_idle: u32,
    pub blocked_administrators: u32,
}

impl Headcount {
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

impl Tenant {
    /// Recounts all users.
    pub fn counted_heads(&self) -> Headcount {
        let mut heads = Headcount::default();
        for user in self.users.iter() {
            heads.with_access += u32::from(user.has_access());
            *heads.blank(user.idle) += u32::from(user.live > 0 && !user.has_access());
            heads.blocked_administrators += u32::from(user.administrator && user.blocked.is_some());
        }
        heads
    }

    /// Numbers of users by state and status. The caller has called [`Self::mark_idle`].
    pub fn user_totals(&self) -> UserTotals {
        let Headcount { with_access, blank_active, blank_idle, blocked_administrators } = self.headcount;
        let total = self.users.len() as u64;
        let (active, idle) = (self.active.len() as u64, self.idle.len() as u64);
        let (active, idle, with_access) =
            (active - u64::from(blank_active), idle - u64::from(blank_idle), u64::from(with_access));
        UserTotals {
            total,
            active: total - self.blocked,
            blocked: self.blocked,
            administrators: self.administrators,
            active_ordinary: total - self.blocked - (self.administrators - u64::from(blocked_administrators)),
            with_access,
            status_active: active,
            status_idle: idle,
            status_inactive: with_access - active - idle,
        }
    }
}
