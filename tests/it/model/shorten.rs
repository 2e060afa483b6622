//! Leaves steps out of a failing run while it still fails: first halves, then ever smaller pieces.

use super::step::Step;
use super::{Failure, replay};

/// Runs that are tried at most; a long list that will not get shorter is no reason to wait.
const MAX_ATTEMPTS: usize = 2_000;

/// What sort of difference it is: one failure must not turn into another.
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
        // Once more with single steps while that helps: one may only be left out after another.
        let done = piece == 1 && (best.steps.len() == before || tried >= MAX_ATTEMPTS);
        piece = if done { 0 } else { (piece / 2).max(1) };
    }
    best
}
