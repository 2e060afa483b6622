//! Limits the number of users that a full sync may block: a directory that suddenly lists only some of its users is
//! more often a mistake than the truth (R33).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tonic::Status;

use crate::ids::TenantId;
use crate::status;

/// By default, a full sync may block a tenth of the active users who were there before and are not administrators, but
/// at least 5 (R33).
const DEFAULT_DIVISOR: u64 = 10;
const MIN_DEFAULT: u64 = 5;
/// Tenants for which a count is kept, at some hundred bytes each.
const MAX_TENANTS: usize = 10_000;

/// Number of users of each tenant before its first full sync that was not completed. A sync with a wrong list creates
/// users even if it is stopped later; if the next attempt with the same list counted these, it could block all others.
#[derive(Default)]
pub struct Ceilings {
    had: Mutex<HashMap<TenantId, u64>>,
}

/// The ceiling of one sync that blocks users who are not listed.
#[derive(Debug, Clone, Copy)]
pub struct Ceiling {
    /// Number of users from which the default is computed.
    users: u64,
    /// Maximum that the caller gave.
    max_blocked: Option<u32>,
    dry_run: bool,
}

impl Ceilings {
    /// Begins such a sync. `users`: number of users who are there now.
    pub fn begin(&self, tenant: &TenantId, users: u64, max_blocked: Option<u32>, dry_run: bool) -> Ceiling {
        let mut had = self.had.lock().unwrap_or_else(PoisonError::into_inner);
        let users = had.get(tenant).map_or(users, |had| users.min(*had));
        if !dry_run {
            if had.len() >= MAX_TENANTS && !had.contains_key(tenant) {
                had.clear();
            }
            had.insert(tenant.clone(), users);
        }
        Ceiling { users, max_blocked, dry_run }
    }

    /// The sync was completed: the users who are there now count.
    pub fn mark_passed(&self, tenant: &TenantId) {
        self.had.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }
}

impl Ceiling {
    /// Checks the number of users to block, before any of them is blocked.
    ///
    /// # Errors
    /// `FAILED_PRECONDITION` with the reason `TOO_MANY_TO_BLOCK`.
    pub fn guard(self, to_block: u64) -> Result<(), Status> {
        let max = self.max_blocked.map_or_else(|| (self.users / DEFAULT_DIVISOR).max(MIN_DEFAULT), u64::from);
        if to_block <= max {
            return Ok(());
        }
        Err(status::too_many_to_block(to_block, self.users, max, self.dry_run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_may_be_blocked_or_five() {
        let check = |to_block, users, max_blocked, good: bool| {
            let ceiling = Ceiling { users, max_blocked, dry_run: false };
            assert_eq!(ceiling.guard(to_block).is_ok(), good, "{to_block} of {users}, {max_blocked:?}");
        };
        check(5, 8, None, true);
        check(6, 8, None, false);
        check(6, 59, None, false);
        check(6, 60, None, true);
        check(100, 1_000, None, true);
        check(101, 1_000, None, false);
        check(101, 1_000, Some(101), true);
        check(1, 1_000, Some(0), false);
        check(0, 0, Some(0), true);
    }

    #[test]
    fn who_came_with_a_sync_that_was_stopped_does_not_count() {
        let (ceilings, acme) = (Ceilings::default(), TenantId::stored("acme"));
        let begins = |users, dry_run| ceilings.begin(&acme, users, None, dry_run).users;
        assert_eq!([begins(100, true), begins(120, true)], [100, 120], "a dry run is no attempt");
        assert_eq!([begins(100, false), begins(1_100, false), begins(1_100, true)], [100; 3]);
        assert_eq!(begins(60, false), 60, "fewer than they were");
        ceilings.mark_passed(&acme);
        assert_eq!(begins(1_100, false), 1_100);
        let other = |no| TenantId::stored(&format!("t{no}"));
        for no in 0..MAX_TENANTS {
            ceilings.begin(&other(no), 1, None, false);
        }
        assert!(ceilings.had.lock().unwrap().len() <= MAX_TENANTS);
    }
}
