//! Leaves steps out of a failing run as long as it still fails: first halves, then smaller and smaller parts.

use super::step::Step;
use super::{Failure, replay};

/// Maximum number of runs that are tried, so that a list that does not get shorter ends.
const MAX_ATTEMPTS: usize = 2_000;

/// The kind of the difference: a shortened run must fail with the same kind.
fn kind(failure: &Failure) -> &str {
    failure.what.split([':', '\n']).next().unwrap_or_default()
}

pub fn shorten(seed: u64, failure: &Failure) -> Failure {
    let mut best = Failure { steps: failure.steps.clone(), what: failure.what.clone() };
    let mut tried = 0;
    let mut piece = best.steps.len().div_ceil(2);
    while piece > 0 {
        let before = best.steps.len();
        let mut from = 0;
        while from < best.steps.len() && tried < MAX_ATTEMPTS {
            let until = (from + piece).min(best.steps.len());
            let left: Vec<Step> = [&best.steps[..from], &best.steps[until..]].concat();
            tried += 1;
            match replay(seed, &left) {
                Err(shorter) if kind(&shorter) == kind(failure) => best = shorter,
                _ => from = until,
            }
        }
        // Single steps are tried once more as long as that helps: some can be left out only after another one.
        let done = piece == 1 && (best.steps.len() == before || tried >= MAX_ATTEMPTS);
        piece = if done { 0 } else { (piece / 2).max(1) };
    }
    best
}
