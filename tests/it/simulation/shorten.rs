//! Leaves steps out of a failing run while the same invariant is still violated: first halves, then smaller pieces.

use super::run::{Failure, run};
use super::step::Step;

/// Runs that are tried at most: a run that will not get shorter is no reason to wait.
const MAX_ATTEMPTS: usize = 400;

/// Which invariant: one failure must not turn into another.
pub fn kind(what: &str) -> &str {
    what.split([':', ' ']).next().unwrap_or_default()
}

/// The same failure with fewer steps, and its trace.
pub fn shorten(seed: u64, failure: &Failure) -> Failure {
    let mut steps = failure.steps.clone();
    let mut tried = 0;
    let mut shard_disk = steps.len().div_ceil(2);
    while shard_disk > 0 {
        let before = steps.len();
        let mut from = 0;
        while from < steps.len() && tried < MAX_ATTEMPTS {
            let until = (from + shard_disk).min(steps.len());
            let left: Vec<Step> = [&steps[..from], &steps[until..]].concat();
            tried += 1;
            match run(seed, &left, false) {
                Err(shorter) if kind(&shorter.what) == kind(&failure.what) => steps = shorter.steps,
                _ => from = until,
            }
        }
        // Single steps once more while that helps: one may only be left out after another.
        let done = shard_disk == 1 && (steps.len() == before || tried >= MAX_ATTEMPTS);
        shard_disk = if done { 0 } else { (shard_disk / 2).max(1) };
    }
    match run(seed, &steps, true) {
        Err(shorter) => shorter,
        Ok(_) => unreachable!("a run is the same each time"),
    }
}

/// For people: what was violated, how to see it again, the steps that are left, and what happened.
pub fn report(seed: u64, count: usize, failure: &Failure) -> String {
    let short = shorten(seed, failure);
    let mut text = format!("seed {seed}, step {}: {}\n\n", failure.steps.len(), failure.what);
    text += &format!("again: USHER_SIM_FIRST={seed} make sim SEEDS=1 STEPS={count}\n\n");
    text += &format!("shortened to {} of {} steps: {}\n", short.steps.len(), failure.steps.len(), short.what);
    for step in &short.steps {
        text += &format!("{:>5} after {} ms: {:?}\n", step.no, step.after, step.kind);
    }
    text + "\n" + &short.trace
}
