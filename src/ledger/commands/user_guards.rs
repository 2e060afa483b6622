//! Guards of commands that let a user's seats count (R5, R15).

use crate::error_reason::ErrorReason;
use crate::ids::PoolNo;
use crate::ledger::model::command::WhatIf;
use crate::ledger::model::outcome::{DenialReason, Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::entitlement;
use crate::ledger::state::limit_basis::LimitBasis;
use crate::ledger::state::tenant::Tenant;
use crate::ledger::state::user::User;

impl Tenant {
    /// Refuses if a named pool of the user's seats has no seat free.
    pub fn guard_room(&self, user: &User, what_if: Option<&WhatIf>, ctx: &Context) -> Done<()> {
        let mut pools = user.seats.iter().map(|seat| seat.pool);
        match pools.find(|pool| !self.has_room_if(*pool, what_if, ctx)) {
            None => Ok(()),
            Some(pool) => Err(Refusal::Precondition {
                reason: ErrorReason::SeatsExhausted,
                subject: self.pools.get(pool).id.to_string(),
                text: "the user's seat would begin to count, and the pool has none free".into(),
            }),
        }
    }

    /// Named pools of the user's seats without a free seat, with reasons: the user cannot be unblocked for these (R5).
    pub fn full_pools(&self, user: &User, basis: LimitBasis) -> impl Iterator<Item = (PoolNo, DenialReason)> {
        let counts = user.counts_in_named(&self.policy);
        let pools = user.seats.iter().map(|seat| seat.pool);
        let full = pools.filter(move |pool| counts && !self.has_seats(*pool, 1, basis));
        full.map(move |pool| (pool, self.want_of(pool, basis)))
    }

    /// Reason why a named pool has no seat free: if its license is not in force, that says more than `SeatsExhausted`.
    pub fn want_of(&self, pool: PoolNo, basis: LimitBasis) -> DenialReason {
        let admitted = entitlement::admit(&self.licenses, Some(pool), basis.license_time, basis.now.wall);
        admitted.err().unwrap_or(DenialReason::SeatsExhausted)
    }
}
