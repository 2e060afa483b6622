//! The commands of a directory sync (R33). A sync is many steps of a few users each: its caller submits one after the
//! other, so that other tenants' calls go between them, and a sync that is broken off leaves a valid state.

use std::collections::BTreeMap;

use super::UserPatch;
use crate::ids::{EventNo, OrganizationId, PoolId, UserId};
use crate::ledger::change::BlockCause;
use crate::ledger::outcome::{DenialReason, Done};

/// Brings some users in line with a directory.
#[derive(Debug, Clone)]
pub struct SyncUsers {
    pub entries: Vec<SyncEntry>,
    pub when_full: WhenFull,
    /// `Some`: nothing is changed; what the steps before would have done counts as done.
    pub what_if: Option<WhatIf>,
}

/// What becomes of a user who would be new, or active again, and wants a seat of a named pool that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// Kept, and blocked for want of a seat (R33).
    #[default]
    Block,
    /// Nothing is done: no creation at the limit by a file.
    Refuse,
}

/// One user, as the directory has it.
#[derive(Debug, Clone)]
pub struct SyncEntry {
    pub user: UserId,
    /// The new values of the fields that the directory decides.
    pub patch: UserPatch,
    /// Each pool once; other seats stay.
    pub seats: Vec<WantedSeat>,
    /// Whether the directory has the user as blocked; `None`: it does not say.
    pub blocked: Option<bool>,
}

/// A seat, as the directory wants it.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedSeat {
    pub pool: PoolId,
    /// None named: all of the tenant for a new seat, and nothing more for one that is held (R7).
    pub organizations: Vec<OrganizationId>,
}

impl WantedSeat {
    /// A seat in each pool, with access to the same organizations.
    #[must_use]
    pub fn each(pools: &[PoolId], organizations: &[OrganizationId]) -> Vec<Self> {
        pools.iter().map(|pool| Self { pool: pool.clone(), organizations: organizations.to_vec() }).collect()
    }
}

/// Unblocks users who wait for a seat, as far as seats are free, in the order given: first blocked first (R33).
#[derive(Debug, Clone)]
pub struct ActivateUsers {
    pub waiting: Vec<Waiting>,
    /// As in [`SyncUsers`].
    pub what_if: Option<WhatIf>,
}

/// Blocks users whom the directory does not have any more. Administrators, and who is blocked already, stay as they are.
#[derive(Debug, Clone)]
pub struct BlockUnlisted {
    pub users: Vec<UserId>,
    /// As in [`SyncUsers`].
    pub what_if: Option<WhatIf>,
}

/// What the steps of a dry run would have changed so far, in each pool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WhatIf {
    pub(in crate::ledger) pools: BTreeMap<PoolId, Shift>,
}

/// What would have changed in a pool.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::ledger) struct Shift {
    /// Seats taken; below zero: freed.
    pub taken: i64,
    /// Users waiting for a seat; below zero: who do not wait any more.
    pub waiting: i64,
    /// Users whose live sessions count; below zero: whose do not any more.
    pub live: i64,
}

/// A user who is blocked for want of a seat, and listed in a sync.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    pub user: UserId,
    /// The grant of the first of the seats: who was blocked first comes first. After all others: not blocked yet, in a
    /// dry run.
    pub since: EventNo,
    /// The named pools that need room.
    pub pools: Vec<PoolId>,
}

/// What became of an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedUser {
    pub outcome: Synced,
    pub blocked: Option<BlockCause>,
    /// Seats that the user wants and cannot have or use.
    pub denials: Vec<(PoolId, DenialReason)>,
    /// To be activated when every entry was looked at.
    pub waiting: Option<Waiting>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    Unchanged,
    Created,
    Updated,
    Activated,
    /// For want of a seat, see [`WhenFull::Refuse`].
    Refused,
}

/// Answer of [`SyncUsers`].
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedUsers {
    /// In the order of the entries. A refusal stops nobody else.
    pub users: Vec<Done<SyncedUser>>,
    /// For the next step.
    pub what_if: Option<WhatIf>,
}

/// Answer of [`BlockUnlisted`].
#[derive(Debug, Clone, PartialEq)]
pub struct BlockedUsers {
    /// Whether each user was blocked.
    pub blocked: Vec<bool>,
    /// For the next step.
    pub what_if: Option<WhatIf>,
}

/// Answer of [`ActivateUsers`].
#[derive(Debug, Clone, PartialEq)]
pub struct ActivatedUsers {
    /// Of each user the pools that have no seat, and why; none: the user is active now.
    pub full: Vec<Vec<(PoolId, DenialReason)>>,
    /// For the next step.
    pub what_if: Option<WhatIf>,
}
