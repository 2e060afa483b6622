//! Leaves steps out of a failing run while the same invariant is still violated: first halves, then smaller parts.

use super::run::{Failure, run};
use super::step::Step;

/// Maximum number of runs that are tried, so that a run that does not get shorter ends.
const MAX_ATTEMPTS: usize = 400;

/// The number of the violated invariant: a shortened run must violate the same one.
pub fn kind(what: &str) -> &str {
    what.split([':', ' ']).next().unwrap_or_default()
}

/// The same failure with fewer steps, and its trace.
pub fn shorten(seed: u64, failure: &Failure) -> Failure {
    let mut steps = failure.steps.clone();
    let mut tried = 0;
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 {
        let before = steps.len();
        let mut from = 0;
        while from < steps.len() && tried < MAX_ATTEMPTS {
            let until = (from + chunk).min(steps.len());
            let left: Vec<Step> = [&steps[..from], &steps[until..]].concat();
            tried += 1;
            match run(seed, &left, false) {
                Err(shorter) if kind(&shorter.what) == kind(&failure.what) => steps = shorter.steps,
                _ => from = until,
            }
        }
        // Single steps are tried once more as long as that helps: some can be left out only after another one.
        let done = chunk == 1 && (steps.len() == before || tried >= MAX_ATTEMPTS);
        chunk = if done { 0 } else { (chunk / 2).max(1) };
    }
    match run(seed, &steps, true) {
        Err(shorter) => shorter,
        Ok(_) => unreachable!("a run is the same each time"),
    }
}

/// A report for people: the violation, the command that repeats the run, the steps that are left, and their trace.
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
