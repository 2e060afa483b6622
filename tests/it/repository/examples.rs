//! Worked examples (`docs/worked-examples/`): each kind of change takes few files, its patch fits this tree, and
//! CONTRIBUTING.md says what each file is for. `scripts/worked-examples.sh` compiles them.

use std::collections::BTreeSet;
use std::process::Command;

use super::{ROOT, files, text};

/// The most files of each kind of change, tests and pages included. If a patch needs more, ask of each file whether it
/// repeats what another one says already, and let it be derived.
const MAX_FILES: [(&str, usize); 4] = [("new-column", 6), ("new-denial-reason", 6), ("new-metric", 3), ("new-rpc", 16)];

/// Returns the files that a patch changes.
fn changed(patch: &str) -> Vec<String> {
    let sides = patch.lines().filter_map(|line| line.strip_prefix("diff --git a/")?.split_once(" b/"));
    sides.map(|(_, file)| file.to_owned()).collect()
}

fn path(name: &str) -> String {
    format!("docs/worked-examples/{name}.patch")
}

#[test]
fn each_kind_of_change_takes_few_files() {
    let patches: BTreeSet<_> = files(&["docs/worked-examples"], ".patch").into_iter().collect();
    assert_eq!(patches, MAX_FILES.map(|(name, _)| path(name)).into(), "left: the patches; right: those with a bound");
    for (name, most) in MAX_FILES {
        let files = changed(&text(&path(name)));
        assert!((1..=most).contains(&files.len()), "{name} takes {} files, {most} at most: {files:#?}", files.len());
    }
}

#[test]
fn each_patch_fits_this_tree_or_is_applied() {
    for (name, _) in MAX_FILES {
        let fits = |options: &[&str]| {
            let mut git = Command::new("git");
            git.arg("apply").arg("--check").args(options).arg(path(name)).current_dir(ROOT);
            let output = git.output().expect("git");
            if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
        };
        if let Err(error) = fits(&[]) {
            assert!(
                fits(&["--reverse"]).is_ok(),
                "{name} does not fit: commit, and run scripts/worked-examples.sh --refresh\n{error}"
            );
        }
    }
}

/// A path in backquotes stands for itself, and for everything below it.
#[test]
fn contributing_says_what_each_file_is_for() {
    let page = text("CONTRIBUTING.md");
    for (name, _) in MAX_FILES {
        let (_, section) = page.split_once(&format!("({})", path(name))).expect("a link to the patch");
        let section = section.split("\n### ").next().and_then(|rest| rest.split("\n## ").next()).expect("a section");
        let named: Vec<&str> = section.split('`').skip(1).step_by(2).collect();
        let unknown = changed(&text(&path(name)))
            .into_iter()
            .filter(|file| !named.iter().any(|path| file == path || path.ends_with('/') && file.starts_with(path)));
        assert_eq!(unknown.collect::<Vec<_>>(), [""; 0], "files of {name} that CONTRIBUTING.md does not name");
    }
}

#[test]
fn files_of_a_patch_are_found() {
    let patch =
        "diff --git a/a.rs b/a.rs\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n+diff --git a/x b/x\ndiff --git a/b b/b\n";
    assert_eq!(changed(patch), ["a.rs", "b"]);
}
