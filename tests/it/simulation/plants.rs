//! The checks can fail: each planted bug is found, and a failure is shortened and printed with the command that runs it
//! again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use usher::faults::{Plant, plant};

use super::plan::plan;
use super::run::{Failure, run};
use super::shorten::{kind, report, shorten};

/// Each planted bug is found within this number of seeds (docs/PROOF.md).
const SEEDS: u64 = 1_000;
const STEPS: usize = 600;

/// The first seed that finds the planted bug, and its failure.
fn find(planted: Plant) -> Option<(u64, Failure)> {
    let _planted = plant(planted);
    (0..SEEDS).find_map(|seed| run(seed, &plan(seed, STEPS), false).err().map(|failure| (seed, failure)))
}

#[test]
fn every_planted_mistake_is_found() {
    let (next, found) = (AtomicU64::new(0), AtomicU64::new(0));
    let failed = AtomicBool::new(false);
    let hunt = || {
        while let Some(planted) = Plant::ALL.get(next.fetch_add(1, Relaxed) as usize) {
            match find(*planted) {
                Some((seed, failure)) => {
                    found.fetch_add(1, Relaxed);
                    let (seeds, step) = (seed + 1, failure.steps.len());
                    println!("{planted:?}: {seeds} seeds, step {step}: {}", first_line(&failure.what));
                }
                None => {
                    failed.store(true, Relaxed);
                    println!("{planted:?}: not found by {SEEDS} seeds of {STEPS} steps");
                }
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(hunt);
        hunt();
    });
    assert!(!failed.into_inner(), "a planted mistake was not found; its name is above");
    assert_eq!(found.into_inner(), Plant::ALL.len() as u64);
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(160).collect()
}

#[test]
fn a_failure_is_shortened_and_says_how_to_see_it_again() {
    let (seed, failure) = find(Plant::SecondSeatOnReLogin).expect("found");
    let _planted = plant(Plant::SecondSeatOnReLogin);
    let short = shorten(seed, &failure);
    assert_eq!(kind(&short.what), kind(&failure.what), "{} became {}", failure.what, short.what);
    assert!(short.steps.len() < failure.steps.len(), "{} of {}", short.steps.len(), failure.steps.len());
    let report = report(seed, STEPS, &failure);
    let again = format!("USHER_SIM_FIRST={seed} make sim SEEDS=1 STEPS={STEPS}");
    assert!(report.contains(&again), "{report}");
    assert!(report.contains("store: process 1 commits"), "{report}");
}
