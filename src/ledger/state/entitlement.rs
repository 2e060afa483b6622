//! Entitlements that a tenant's licenses give at a moment (R27 to R30). Computed for each decision, by no timer.

use std::time::Duration;

use super::licenses::Licenses;
use crate::ids::PoolNo;
use crate::ledger::model::change::{Limit, Plan};
use crate::ledger::model::license::{LicenseRow, Standing};
use crate::ledger::model::outcome::{DenialReason, LicenseState};
use crate::ledger::model::time::WallTime;

/// Time before its end from which a license causes a notice (R29).
pub(in crate::ledger) const EXPIRY_NOTICE_PERIOD: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Standing of a license at a moment, best first: the best of several licenses is their minimum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ledger) enum Force {
    Holds,
    Expired,
    NotYet,
}

/// A revoked license counts as expired, and no clock revives it (R27).
pub(in crate::ledger) fn force(license: &LicenseRow, at: WallTime) -> Force {
    if license.standing == Standing::Revoked {
        return Force::Expired;
    }
    if license.not_before.is_some_and(|from| at < from) {
        Force::NotYet
    } else if license.expires.is_some_and(|end| at >= end) {
        Force::Expired
    } else {
        Force::Holds
    }
}

/// True if any license names the pool, in force or not.
pub(in crate::ledger) fn is_licensed(licenses: &Licenses, pool: Option<PoolNo>) -> bool {
    pool.is_some_and(|pool| licenses.giving(pool).next().is_some())
}

/// Guards 2 and 3: passes if a license in force gives this pool. Where licenses name the pool, only these are looked
/// at; else all of them. `wall` is what the clock says: a license that is in force only by a clock that was set back is
/// not in force (R31).
pub(in crate::ledger) fn admit(
    licenses: &Licenses,
    pool: Option<PoolNo>,
    at: WallTime,
    wall: WallTime,
) -> Result<(), DenialReason> {
    if licenses.heads().is_empty() {
        return Ok(()); // Demo mode (R30).
    }
    let licensed = is_licensed(licenses, pool);
    let best = |at: WallTime| match pool.filter(|_| licensed) {
        Some(pool) => licenses.giving(pool).map(|(license, _)| force(license, at)).min(),
        None => licenses.heads().iter().map(|license| force(license, at)).min(),
    };
    match best(at) {
        Some(Force::Holds) if licensed => Ok(()),
        Some(Force::Holds) => Err(DenialReason::PoolNotLicensed),
        Some(Force::Expired) if best(wall) == Some(Force::Holds) => Err(DenialReason::ClockSuspect),
        Some(Force::NotYet) => Err(DenialReason::LicenseNotYetValid),
        Some(Force::Expired) | None => Err(DenialReason::LicenseExpired),
    }
}

/// Plan and limit of a pool. Licenses in force add up (R27). If none of the licenses that name the pool is in force,
/// the limit is 0 and the plan is theirs.
pub(in crate::ledger) fn entitled(licenses: &Licenses, pool: PoolNo, at: WallTime, demo_seats: u64) -> (Plan, Limit) {
    if licenses.heads().is_empty() {
        return (Plan::Concurrent, Limit::Seats(demo_seats));
    }
    let mut plan = None;
    let mut limit = Limit::Seats(0);
    for (license, entitlement) in licenses.giving(pool) {
        // Plans for one pool agree: `install_license` refuses others.
        plan = Some(entitlement.plan);
        if force(license, at) == Force::Holds {
            limit = limit.plus(entitlement.limit);
        }
    }
    (plan.unwrap_or(Plan::Concurrent), limit)
}

/// Seats that may be in use above the limit of a pool: those of all licenses in force (R41).
pub(in crate::ledger) fn overdraft(licenses: &Licenses, pool: PoolNo, at: WallTime) -> u64 {
    let in_force = licenses.giving(pool).filter(|(license, _)| force(license, at) == Force::Holds);
    in_force.fold(0, |sum, (_, entitlement)| sum.saturating_add(entitlement.overdraft))
}

/// True if no license is in force, but one would be by the clock alone (R31).
pub(in crate::ledger) fn is_suspect(licenses: &[LicenseRow], at: WallTime, wall: WallTime) -> bool {
    state(licenses, at) == LicenseState::Expired && state(licenses, wall) == LicenseState::Valid
}

/// Time until the first of the pool's licenses in force ends, if that is within 30 days.
pub(in crate::ledger) fn expiring(licenses: &Licenses, pool: PoolNo, at: WallTime) -> Option<Duration> {
    let in_force = licenses.giving(pool).filter(|(license, _)| force(license, at) == Force::Holds);
    let end = in_force.filter_map(|(license, _)| license.expires).min()?;
    Some(end.since(at)).filter(|left| *left <= EXPIRY_NOTICE_PERIOD)
}

/// State of all licenses together: the best of them; `Demo` without any.
pub(in crate::ledger) fn state(licenses: &[LicenseRow], at: WallTime) -> LicenseState {
    match licenses.iter().map(|license| force(license, at)).min() {
        None => LicenseState::Demo,
        Some(Force::Holds) => LicenseState::Valid,
        Some(Force::Expired) => LicenseState::Expired,
        Some(Force::NotYet) => LicenseState::NotYetValid,
    }
}
