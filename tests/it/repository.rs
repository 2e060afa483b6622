//! Rules for the repository itself: every file must follow them, whoever wrote it.

mod citations;
mod error_reasons;
mod examples;
mod links;
mod mutations;
mod packages;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Most lines of a source file.
const MAX_LINES: usize = 400;

/// Longer files, each with the reason why it is not split.
const LONGER: [(&str, &str); 0] = [];

/// Marks of unfinished code, and functions that make a test depend on the speed of a machine. Each is written in two
/// parts, so that this file does not match.
const UNFINISHED: [&str; 5] = [
    concat!("to", "do!("),
    concat!("unimplemen", "ted!("),
    concat!("#[ig", "nore"),
    concat!("db", "g!("),
    concat!("FIX", "ME"),
];
const SLEEPING: [&str; 2] = [concat!("thread::sl", "eep"), concat!("time::sl", "eep")];

/// A second crypto provider, or a library that must be installed on the machine.
const NO_CRYPTO: [&str; 7] =
    ["aws-lc-rs", "aws-lc-sys", "aws-lc-fips-sys", "openssl", "openssl-sys", "native-tls", "boring"];

/// Returns the files under some folders whose names end with `ending`, as paths from the repository's root.
fn files(folders: &[&str], ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| Path::new(ROOT).join(folder)).collect();
    while let Some(folder) = folders.pop() {
        // A folder may be missing.
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().is_some_and(|path| path.ends_with(ending)) {
                let path = path.strip_prefix(ROOT).expect("under the root");
                found.push(path.to_str().expect("a plain name").to_owned());
            }
        }
    }
    found.sort();
    found
}

fn text(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn code() -> Vec<String> {
    let code = files(&["src", "tests", "benches", "examples"], ".rs");
    assert!(code.len() > 80, "only {} files were read", code.len());
    code
}

/// Returns the files that contain one of the texts.
fn holding(files: &[String], texts: &[&str]) -> Vec<String> {
    let holds =
        |file: &String| texts.iter().find(|needle| text(file).contains(**needle)).map(|it| format!("{file}: {it}"));
    files.iter().filter_map(holds).collect()
}

#[test]
fn no_file_is_long_without_a_reason() {
    let long: BTreeSet<_> = code().into_iter().filter(|file| text(file).lines().count() > MAX_LINES).collect();
    let allowed: BTreeSet<_> = LONGER.iter().map(|(file, _)| (*file).to_owned()).collect();
    assert_eq!(long, allowed, "left: longer than {MAX_LINES} lines; right: those that may be");
}

#[test]
fn nothing_is_left_unfinished() {
    assert_eq!(holding(&code(), &UNFINISHED), [""; 0]);
}

#[test]
fn no_test_sleeps() {
    assert_eq!(holding(&files(&["tests"], ".rs"), &SLEEPING), [""; 0]);
    // Unit tests may advance tokio's clock, and the service may wait by it. No thread may sleep.
    assert_eq!(holding(&code(), &SLEEPING[..1]), [""; 0]);
}

#[test]
fn every_integration_test_is_compiled() {
    let main = text("tests/it/main.rs");
    for file in files(&["tests/it"], ".rs") {
        let name = file.trim_start_matches("tests/it/").split('/').next().unwrap_or_default().trim_end_matches(".rs");
        let there = name == "main" || main.lines().any(|line| line == format!("mod {name};"));
        assert!(there, "{file} is not part of tests/it/main.rs");
    }
}

/// `scripts/release.sh` demands that every migration is locked.
#[test]
fn released_migrations_never_change() {
    let lock = text("tests/it/migrations.lock");
    let locked: BTreeSet<_> = lock.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect();
    let found: BTreeSet<_> = files(&["src/store/migrations"], ".sql").into_iter().map(|path| line(&path)).collect();
    let changed: Vec<_> = locked.difference(&found).collect();
    assert!(changed.is_empty(), "released, and changed since: {changed:#?}. Write a new migration, for both stores");
    let last = locked.iter().map(|line| version(line)).max().expect("migrations");
    found.difference(&locked).for_each(|line| println!("not released yet: {line}"));
    let late: Vec<_> = found.difference(&locked).filter(|line| version(line) <= last).collect();
    assert!(late.is_empty(), "not released, and before a released one: {late:#?}");
}

/// Returns a line of the lock file: a fingerprint and a path.
fn line(path: &str) -> String {
    format!("{:016x} {path}", fingerprint(text(path).as_bytes()))
}

/// Returns the FNV-1a hash, which finds accidental changes and needs no library.
fn fingerprint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[test]
fn both_stores_have_the_same_migrations_without_a_gap() {
    let versions = |store: &str| -> Vec<u32> {
        let folder = format!("src/store/migrations/{store}");
        let mut versions: Vec<_> = files(&[&folder], ".sql").iter().map(|path| version(path)).collect();
        versions.sort_unstable();
        versions
    };
    let (sqlite, postgres) = (versions("sqlite"), versions("postgres"));
    assert_eq!(sqlite, postgres);
    assert_eq!(sqlite, (1..=u32::try_from(sqlite.len()).unwrap()).collect::<Vec<_>>());
}

/// Returns the version in a migration's name: 7 for `…/V7__what_it_does.sql`.
fn version(path: &str) -> u32 {
    let name = path.rsplit('/').next().unwrap_or_default();
    let number =
        name.strip_prefix('V').and_then(|rest| rest.split_once("__")).and_then(|(number, _)| number.parse().ok());
    number.unwrap_or_else(|| panic!("{path} is not named like V1__initial.sql"))
}

#[test]
fn the_lock_file_is_committed_and_has_one_crypto_provider() {
    assert!(!text(".gitignore").lines().any(|line| line.contains("Cargo.lock")), "Cargo.lock is not committed");
    let packages = packages(&text("Cargo.lock"));
    assert!(packages.len() > 100, "{packages:?}");
    assert!(packages.iter().any(|name| name == "ring"), "ring is gone");
    let second: Vec<_> = packages.iter().filter(|name| NO_CRYPTO.contains(&name.as_str())).collect();
    assert!(second.is_empty(), "{second:?}");
}

fn packages(lock: &str) -> Vec<String> {
    let names = lock.lines().filter_map(|line| line.strip_prefix("name = \""));
    names.filter_map(|name| name.strip_suffix('"')).map(str::to_owned).collect()
}

#[test]
fn every_dependency_is_used() {
    let manifest = text("Cargo.toml");
    for (section, folders) in [
        ("[dependencies]", &["src"][..]),
        ("[dev-dependencies]", &["src", "tests", "benches", "examples"]),
        ("[build-dependencies]", &["build.rs"]),
    ] {
        let code: String = match folders {
            ["build.rs"] => text("build.rs"),
            _ => files(folders, ".rs").iter().map(|file| text(file)).collect(),
        };
        let unused: Vec<_> =
            dependencies(&manifest, section).into_iter().filter(|name| !mentions(&code, name)).collect();
        assert!(unused.is_empty(), "{section}: {unused:?}");
    }
}

fn dependencies(manifest: &str, section: &str) -> Vec<String> {
    let lines = manifest.lines().skip_while(|line| *line != section).skip(1).take_while(|line| !line.starts_with('['));
    let named = lines.filter_map(|line| line.split_once(" = ")).filter(|(name, _)| !name.starts_with('#'));
    named.map(|(name, _)| name.replace('-', "_")).collect()
}

/// Returns whether the code names a crate, and not only a longer name that contains it.
fn mentions(code: &str, name: &str) -> bool {
    // The generated code names these two; it is in none of the files that are read here.
    let generated = ["tonic_prost", "prost_types"].contains(&name);
    let whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    generated || code.match_indices(&format!("{name}::")).any(|(at, _)| whole(at))
}

#[test]
fn scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    let mut scripts = files(&["scripts"], ".sh");
    scripts.push(".ci/run".into());
    for script in scripts {
        let mode = fs::metadata(Path::new(ROOT).join(&script)).unwrap_or_else(|error| panic!("{script}: {error}"));
        assert!(mode.permissions().mode() & 0o111 != 0, "{script} is not executable");
        let text = text(&script);
        assert!(text.starts_with("#!/usr/bin/env bash\n") && text.contains("set -euo pipefail"), "{script}");
    }
}

#[test]
fn every_decision_is_listed_under_its_title() {
    let list = text("docs/decisions/README.md");
    let decisions = files(&["docs/decisions"], ".md").into_iter().filter(|path| !path.ends_with("README.md"));
    for path in decisions {
        let (_, name) = path.rsplit_once('/').expect("in a folder");
        let page = text(&path);
        let heading = page.lines().next().and_then(|line| line.strip_prefix("# "));
        let (number, title) = heading.and_then(|heading| heading.split_once(". ")).expect("a number and a title");
        assert!(name.starts_with(&format!("{number:0>4}-")), "{path} is not named after its number");
        assert!(list.contains(&format!("| {number} | [{title}]({name}) |")), "{path} is not listed");
    }
}

/// Shows that the helpers find what they look for, so that no test above passes because nothing was examined.
#[test]
fn the_helpers_find_what_they_look_for() {
    assert_eq!(fingerprint(b""), 0xcbf2_9ce4_8422_2325);
    assert_ne!(fingerprint(b"CREATE TABLE a"), fingerprint(b"CREATE TABLE b"));
    assert_eq!(version("src/store/migrations/sqlite/V12__more.sql"), 12);
    assert_eq!(packages("[[package]]\nname = \"openssl\"\nversion = \"1\"\n"), ["openssl"]);
    let manifest = "[dependencies]\n# why\na-b = \"1\"\nc = { version = \"1\" }\n\n[dev-dependencies]\nd = \"1\"\n";
    assert_eq!(dependencies(manifest, "[dependencies]"), ["a_b", "c"]);
    assert!(mentions("use a_b::C;", "a_b") && !mentions("use xa_b::C; use x::a_b::C;", "a_b"));
    assert!(holding(&["tests/it/repository.rs".into()], &["fn holding"]).len() == 1);
}
