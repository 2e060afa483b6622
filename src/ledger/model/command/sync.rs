//! Commands of a directory sync (R33). A sync is many commands of a few users each. Its caller submits them one after
//! the other, so that other tenants' calls go between them, and a sync that is interrupted leaves a valid state.

use std::collections::BTreeMap;

use super::UserPatch;
use crate::ids::{EventNo, OrganizationId, PoolId, UserId};
use crate::ledger::model::change::BlockCause;
use crate::ledger::model::outcome::{DenialReason, Done};

/// Updates some users as a directory has them.
#[derive(Debug, Clone)]
pub struct SyncUsers {
    pub entries: Vec<SyncEntry>,
    pub when_full: WhenFull,
    /// `Some`: a dry run, which changes nothing; it counts the effects of former steps as done.
    pub what_if: Option<WhatIf>,
}

/// Effect of an entry for a user who is new, or would be active again, and wants a seat of a named pool that is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenFull {
    /// The user is created, or stays, blocked for want of a seat (R33).
    #[default]
    Block,
    /// Nothing is changed: an import creates nobody at the limit (R33).
    Refuse,
}

/// One user as the directory has it.
#[derive(Debug, Clone)]
pub struct SyncEntry {
    pub user: UserId,
    /// New values of the fields that the directory determines.
    pub patch: UserPatch,
    /// Wanted seats, each pool at most once; other seats stay.
    pub seats: Vec<WantedSeat>,
    /// True if the directory has the user as blocked; `None`: it does not say.
    pub blocked: Option<bool>,
}

/// A seat that the directory wants.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedSeat {
    pub pool: PoolId,
    /// Empty: all of the tenant for a new seat, and no change of a seat that the user holds (R7).
    pub organizations: Vec<OrganizationId>,
}

impl WantedSeat {
    /// Returns a seat in each pool, with access to the same organizations.
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

/// Blocks users whom the directory no longer lists. Administrators, and users who are blocked already, are not changed.
#[derive(Debug, Clone)]
pub struct BlockUnlisted {
    pub users: Vec<UserId>,
    /// As in [`SyncUsers`].
    pub what_if: Option<WhatIf>,
}

/// Changes that the former steps of a dry run would have made in each pool.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WhatIf {
    pub(in crate::ledger) pools: BTreeMap<PoolId, Shift>,
}

/// Changes that a dry run would have made in one pool.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(in crate::ledger) struct Shift {
    /// Seats taken; negative: freed.
    pub taken: i64,
    /// Users who began to wait for a seat; negative: who no longer wait.
    pub waiting: i64,
    /// Users whose live sessions began to count; negative: no longer count.
    pub live: i64,
}

/// A user whom a sync lists and who is blocked because no seat is free.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    pub user: UserId,
    /// Grant of the user's first seat, which orders users by when they were blocked. In a dry run, a user who is not
    /// blocked yet comes last.
    pub since: EventNo,
    /// Named pools that need a free seat.
    pub pools: Vec<PoolId>,
}

/// Result of one entry.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedUser {
    pub outcome: Synced,
    pub blocked: Option<BlockCause>,
    /// Seats that the user wants and cannot get or use.
    pub denials: Vec<(PoolId, DenialReason)>,
    /// `Some`: the user can be activated after all entries.
    pub waiting: Option<Waiting>,
}

/// Outcome of one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synced {
    Unchanged,
    Created,
    Updated,
    Activated,
    /// Because no seat is free, see [`WhenFull::Refuse`].
    Refused,
}

/// Answer of [`SyncUsers`].
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedUsers {
    /// In the order of the entries. A refusal of one affects no other.
    pub users: Vec<Done<SyncedUser>>,
    /// State of the dry run for the next step.
    pub what_if: Option<WhatIf>,
}

/// Answer of [`BlockUnlisted`].
#[derive(Debug, Clone, PartialEq)]
pub struct BlockedUsers {
    /// Flag for each user: it was blocked by this command.
    pub blocked: Vec<bool>,
    /// State of the dry run for the next step.
    pub what_if: Option<WhatIf>,
}

/// Answer of [`ActivateUsers`].
#[derive(Debug, Clone, PartialEq)]
pub struct ActivatedUsers {
    /// For each user the full pools, with reasons; empty: the user is active now.
    pub full: Vec<Vec<(PoolId, DenialReason)>>,
    /// State of the dry run for the next step.
    pub what_if: Option<WhatIf>,
}
