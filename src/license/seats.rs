//! Seats of a new license: those of the revised license, plus what a request adds and moves, or what the vendor sets.

use std::collections::BTreeMap;

use super::claims::Entitlement;
use super::overdraft::Overdraft;
use super::request::Request;
use super::terms::Terms;
use crate::ids::PoolId;
use crate::json::MAX_NUMBER;
use crate::ledger::change::{Limit, Plan};

/// The entitlements of the next revision: those of the revised license, with the additions and moves of the request. A
/// number that the vendor sets for a pool overrides the request.
pub(super) fn entitlements(
    base: &[Entitlement],
    request: Option<&Request>,
    terms: &Terms,
    problems: &mut Vec<String>,
) -> Vec<Entitlement> {
    let requested = |pool: &PoolId| request?.pools.iter().find(|known| known.pool == *pool).map(|known| known.plan);
    let mut pools: BTreeMap<PoolId, Entitlement> =
        base.iter().map(|entitlement| (entitlement.pool.clone(), entitlement.clone())).collect();
    let mut limit_of = |pool: &PoolId, change: &mut dyn FnMut(Limit) -> Limit| {
        let fresh = || Entitlement {
            pool: pool.clone(),
            // A pool that the license did not have gets the plan that the installation has for it, because plans must
            // agree (R27).
            plan: requested(pool).unwrap_or(Plan::Concurrent),
            limit: Limit::Seats(0),
            overdraft: Overdraft::NONE,
        };
        let entitlement = pools.entry(pool.clone()).or_insert_with(fresh);
        entitlement.limit = change(entitlement.limit);
    };

    for (pool, difference) in request.map(differences).unwrap_or_default() {
        if !terms.seats.contains_key(&pool) {
            limit_of(&pool, &mut |limit| changed(&pool, limit, difference, problems));
        }
    }
    for (pool, limit) in &terms.seats {
        limit_of(pool, &mut |_| *limit);
    }
    for (pool, plan) in &terms.plans {
        match pools.get_mut(pool) {
            Some(entitlement) => entitlement.plan = *plan,
            None => problems.push(format!("--plan {pool}: the license has no such pool; add --seats {pool}=NUMBER")),
        }
    }
    for (pool, overdraft) in &terms.overdrafts {
        match pools.get_mut(pool) {
            Some(entitlement) => entitlement.overdraft = *overdraft,
            None => {
                problems.push(format!("--overdraft {pool}: the license has no such pool; add --seats {pool}=NUMBER"))
            }
        }
    }
    for given in pools.values().filter(|given| given.overdraft != Overdraft::NONE) {
        let pool = &given.pool;
        if given.plan == Plan::Named {
            problems
                .push(format!("--overdraft {pool}: the pool is named, and only a concurrent one can have overdraft"));
        } else if given.limit == Limit::Unlimited {
            problems.push(format!("--overdraft {pool}: the pool is unlimited; --overdraft {pool}=0 takes it away"));
        }
    }
    pools.into_values().collect()
}

/// The sum of all additions and moves for each pool, so that the order of moves does not matter.
fn differences(request: &Request) -> BTreeMap<PoolId, i128> {
    let mut differences: BTreeMap<PoolId, i128> = BTreeMap::new();
    let mut add = |pool: &PoolId, seats: i128| *differences.entry(pool.clone()).or_default() += seats;
    for wanted in &request.seats {
        add(&wanted.pool, wanted.seats.into());
    }
    for moved in &request.moves {
        add(&moved.from, -i128::from(moved.seats));
        add(&moved.to, moved.seats.into());
    }
    differences
}

fn changed(pool: &PoolId, limit: Limit, difference: i128, problems: &mut Vec<String>) -> Limit {
    // Seats moved out of an unlimited pool would be created from nothing, and seats moved into one would be lost.
    let Limit::Seats(seats) = limit else {
        problems.push(format!(
            "--request: the pool {pool} is unlimited, so no seats can be added to it or moved; set it: --seats \
             {pool}=NUMBER|unlimited"
        ));
        return limit;
    };
    let sum = i128::from(seats) + difference;
    match u64::try_from(sum) {
        Ok(sum) if sum <= MAX_NUMBER => Limit::Seats(sum),
        Ok(_) => {
            problems.push(format!("--request: the pool {pool} would have {sum} seats, more than {MAX_NUMBER}"));
            limit
        }
        Err(_) => {
            let leaving = if difference == -1 { "1 seat is".into() } else { format!("{} seats are", -difference) };
            problems.push(format!("--request: {leaving} to leave the pool {pool}, of which the license has {seats}"));
            limit
        }
    }
}
