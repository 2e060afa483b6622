//! Fuzzing of every parser of external bytes: none panics, and a value that is accepted and can be written stays the
//! same when it is read again.
//!
//! The seeds in `corpus/TARGET/` are always tried. `USHER_FUZZ_CASES` more cases for each target are made from them at
//! random (default: [`CASES`]); `USHER_FUZZ_SEED` makes a run repeatable. A failing case is written to a file whose
//! name is printed: moved into the corpus, it stays as a test.

mod api_token;
mod config;
mod ids;
mod license;
mod mutate;
mod oidc;
mod requests;
mod server;
mod service;
mod stored;
mod tokens;
mod users_file;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};

use crate::model::rng::Rng;
use mutate::mutated;

/// Default number of random cases for each target.
const CASES: u64 = 20_000;
const SEED: u64 = 1;

#[allow(clippy::disallowed_methods)] // The user decides how long fuzzing takes.
fn setting(name: &str, default: u64) -> u64 {
    let given = std::env::var(name).ok().filter(|text| !text.is_empty());
    given.map_or(default, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}

/// A case that is always tried, and where it is from.
pub type Seed = (PathBuf, Vec<u8>);

pub fn corpus(target: &str) -> Vec<Seed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fuzz/corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// Tries the seeds of a target, and random cases made from them. `share` divides the number of cases, for targets that
/// are slower than a parser.
fn fuzz(target: &str, share: u64, check: impl FnMut(&[u8])) {
    fuzz_from(corpus(target), target, share, check);
}

fn fuzz_from(seeds: Vec<Seed>, target: &str, share: u64, mut check: impl FnMut(&[u8])) {
    assert!(!seeds.is_empty(), "{target} has no seeds");
    let mut attempt = |bytes: &[u8], whence: &dyn Fn() -> String| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(bytes))) {
            eprintln!("fuzz {target}: {}\n{}", whence(), String::from_utf8_lossy(bytes).escape_debug());
            resume_unwind(panic);
        }
    };
    for (file, bytes) in &seeds {
        attempt(bytes, &|| format!("the seed {}", file.display()));
    }
    let seeds: Vec<_> = seeds.into_iter().map(|(_, bytes)| bytes).collect();
    let seed = setting("USHER_FUZZ_SEED", SEED);
    let mut rng = Rng::new(seed);
    for case in 0..setting("USHER_FUZZ_CASES", CASES) / share {
        let bytes = mutated(&mut rng, &seeds);
        attempt(&bytes, &|| {
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{target}-{seed}-{case}"));
            fs::write(&file, &bytes).expect("a file");
            format!("case {case} of USHER_FUZZ_SEED={seed}; keep {} in tests/it/fuzz/corpus/{target}/", file.display())
        });
    }
}
