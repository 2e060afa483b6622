//! The checks of the simulation can fail: it finds each mutation, shortens the failure, and prints it with the command
//! that runs it again. `scripts/mutations.sh` compiles this file in the mutated copy, in place of `tests/it/main.rs`.

#![allow(dead_code)] // Other tests use the rest of what is included here.

mod model {
    pub mod rng;
}
mod simulation;
mod support {
    pub mod adds_up;
    pub mod member;
    pub mod memory;
    pub mod nodes;
    pub mod rows;
}

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use simulation::plan::plan;
use simulation::run::{Failure, run};
use simulation::shorten::{kind, report, shorten};
use usher::mutations::switch_on;

/// Each mutation is found within this number of seeds (docs/PROOF.md).
const SEEDS: u64 = 1_000;
const STEPS: usize = 600;

/// Mutations that no seed has shown so far (docs/PROOF.md).
const NOT_FOUND: [&str; 3] = ["declare-by-generation-alone", "lease-from-batch", "no-grace"];

/// Returns the first seed that finds the mutation, and its failure.
fn find(mutation: &'static str) -> Option<(u64, Failure)> {
    let _mutation = switch_on(mutation);
    (0..SEEDS).find_map(|seed| run(seed, &plan(seed, STEPS), false).err().map(|failure| (seed, failure)))
}

/// Returns the names of the patches, in order.
fn mutations() -> Vec<&'static str> {
    let folder = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mutations")).expect("a folder");
    let names = folder.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    let mut names: Vec<&'static str> = names.filter_map(|name| (*name.leak()).strip_suffix(".patch")).collect();
    names.sort_unstable();
    names
}

#[test]
fn every_mutation_is_found() {
    let mut mutations = mutations();
    for name in NOT_FOUND {
        assert!(mutations.contains(&name), "there is no patch {name}");
    }
    mutations.retain(|name| !NOT_FOUND.contains(name));
    assert!(mutations.len() >= 18, "only {mutations:?}");
    let (next, missed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let hunt = || {
        while let Some(mutation) = mutations.get(next.fetch_add(1, Relaxed)) {
            match find(mutation) {
                Some((seed, failure)) => {
                    let (seeds, step) = (seed + 1, failure.steps.len());
                    println!("{mutation}: {seeds} seeds, step {step}: {}", first_line(&failure.what));
                }
                None => missed.lock().expect("one at a time").push(mutation),
            }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(hunt);
        hunt();
    });
    let missed = missed.into_inner().expect("every thread is done");
    assert!(missed.is_empty(), "not found by {SEEDS} seeds of {STEPS} steps: {missed:?}");
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(160).collect()
}

#[test]
fn a_failure_is_shortened_and_says_how_to_see_it_again() {
    let mutation = "second-seat-on-re-login";
    let (seed, failure) = find(mutation).expect("found");
    let _mutation = switch_on(mutation);
    let short = shorten(seed, &failure);
    assert_eq!(kind(&short.what), kind(&failure.what), "{} became {}", failure.what, short.what);
    assert!(short.steps.len() < failure.steps.len(), "{} of {}", short.steps.len(), failure.steps.len());
    let report = report(seed, STEPS, &failure);
    let again = format!("USHER_SIM_FIRST={seed} make sim SEEDS=1 STEPS={STEPS}");
    assert!(report.contains(&again), "{report}");
    assert!(report.contains("store: process 1 commits"), "{report}");
}
