//! Mutations are patches (docs/PROOF.md): every patch applies to the code of today, and the code itself contains none.

use std::process::Command;

use super::{ROOT, code, files, holding, text};

/// The switch of a mutation, in two parts, so that this file does not match.
const SWITCH: &str = concat!("mutations::", "on(");

#[test]
fn every_mutation_applies_to_the_code() {
    let patches = files(&["tests/mutations"], ".patch");
    assert!(patches.len() > 10, "{patches:?}");
    let mut git = Command::new("git");
    let checked = git.args(["apply", "--check"]).args(&patches).current_dir(ROOT).output().expect("git");
    assert!(
        checked.status.success(),
        "{}The code was changed where a patch of tests/mutations/ changes it, too. Rewrite the patches with \
         `scripts/mutations.sh --refresh`, review them, and commit them with your change (CONTRIBUTING.md).",
        String::from_utf8_lossy(&checked.stderr)
    );
}

#[test]
fn every_mutation_has_the_switch_of_its_name() {
    for patch in files(&["tests/mutations"], ".patch") {
        let name = patch.trim_start_matches("tests/mutations/").trim_end_matches(".patch");
        assert!(text(&patch).contains(&format!("{SWITCH}\"{name}\")")), "{patch} does not ask for its own switch");
    }
}

#[test]
fn no_mutation_is_in_the_code() {
    assert_eq!(holding(&code(), &[SWITCH]), [""; 0]);
}
