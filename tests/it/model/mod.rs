//! The ledger against an independent model: a second, naive implementation, which recounts everything from lists,
//! judges each random command (docs/PROOF.md). Every answer must be the same; from time to time all stored state
//! (counters, rows, audit) must agree with the model's recount.
//!
//! A failing seed is shortened, and printed with the command that runs it again.

mod generate;
mod naive;
mod pair;
mod plain;
mod renaming;
pub mod rng;
mod rows;
mod shorten;
mod step;

use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use generate::Generator;
use pair::Pair;
use step::Step;

const SEEDS: u64 = 1_000;
const STEPS: usize = 2_000;

/// A run that failed at its last step, and the difference.
struct Failure {
    steps: Vec<Step>,
    what: String,
}

/// Runs many seeds. `USHER_SEEDS` and `USHER_STEPS` set their number and their length, `USHER_SEED` sets the first
/// seed.
#[test]
fn the_ledger_answers_as_the_model_does() {
    let (first, seeds) = (setting("USHER_SEED", 0), setting("USHER_SEEDS", SEEDS));
    let steps = usize::try_from(setting("USHER_STEPS", STEPS as u64)).expect("a number of steps");
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let threads = std::thread::available_parallelism().map_or(2, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + seeds {
                        return;
                    }
                    if let Err(failure) = run(seed, steps) {
                        failed.store(true, Ordering::Relaxed);
                        panic!("{}", report(seed, &failure));
                    }
                }
            });
        }
    });
}

/// Runs one seed again: `USHER_SEED=17 cargo test --test it model::one_seed -- --exact`.
#[test]
fn one_seed() {
    let steps = usize::try_from(setting("USHER_STEPS", STEPS as u64)).expect("a number of steps");
    let seed = setting("USHER_SEED", 0);
    if let Err(failure) = run(seed, steps) {
        panic!("{}", report(seed, &failure));
    }
}

#[allow(clippy::disallowed_methods)] // The length of a test is not a setting of the service.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")),
        Err(_) => default,
    }
}

/// Generates and runs one step after the other.
fn run(seed: u64, count: usize) -> Result<(), Failure> {
    let mut generator = Generator::new(seed);
    let mut pair = Pair::new(seed, generator.now);
    let mut steps = Vec::new();
    for _ in 0..count {
        let step = generator.next(&pair.model);
        steps.push(step.clone());
        if let Err(what) = carry_out(&mut pair, &step) {
            return Err(Failure { steps, what });
        }
    }
    let now = steps.last().map_or(generator.now, |step| step.now);
    pair.adds_up(now).map_err(|what| Failure { steps, what })
}

/// Runs recorded steps again, until one fails.
fn replay(seed: u64, steps: &[Step]) -> Result<(), Failure> {
    let mut pair = Pair::new(seed, Generator::new(seed).now);
    for (at, step) in steps.iter().enumerate() {
        if let Err(what) = carry_out(&mut pair, step) {
            return Err(Failure { steps: steps[..=at].to_vec(), what });
        }
    }
    let now = steps.last().map_or(Generator::new(seed).now, |step| step.now);
    pair.adds_up(now).map_err(|what| Failure { steps: steps.to_vec(), what })
}

fn carry_out(pair: &mut Pair, step: &Step) -> Result<(), String> {
    // After a panic the pair is not used again.
    catch_unwind(AssertUnwindSafe(|| pair.step(step))).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
        Err(format!("a panic: {}", text.unwrap_or("(no text)")))
    })
}

fn report(seed: u64, failure: &Failure) -> String {
    let at = failure.steps.last().map_or(0, |step| step.no);
    let short = shorten::shorten(seed, failure);
    let mut text = format!("seed {seed} step {at}: {}\n\n", failure.what);
    text += &format!("again: USHER_SEED={seed} cargo test --test it model::one_seed -- --exact\n\n");
    text += &format!("shortened to {} of {} steps: {}\n", short.steps.len(), failure.steps.len(), short.what);
    for step in &short.steps {
        text += &format!("{:>5} at {} (wall {}): {:?}\n", step.no, step.now.tick.0, step.now.wall, step.kind);
    }
    text
}
