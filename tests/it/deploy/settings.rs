//! Every variable that is set in `deploy/` is one that Usher reads.

use std::collections::BTreeSet;
use std::process::Command;

use super::{read, run};

/// Variables of secrets that are read from files; `--help` does not show them.
const FILES: [&str; 1] = ["USHER_DATABASE_URL_FILE"];

/// Variables of the build, not of the server.
const BUILDS: [&str; 1] = ["USHER_COMMIT"];

const DEPLOYMENTS: [&str; 9] = [
    "Dockerfile",
    "compose.yaml",
    "systemd/usher.service",
    "systemd/usher.env",
    "systemd/postgresql.conf",
    "kubernetes/base/kustomization.yaml",
    "kubernetes/pod/pod.yaml",
    "kubernetes/postgresql/deployment.yaml",
    "kubernetes/postgresql/kustomization.yaml",
];

fn variables(text: &str) -> BTreeSet<&str> {
    let starts = text.match_indices("USHER_").filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric()));
    let whole = |at: usize| {
        let rest = &text[at..];
        &rest[..rest.find(|c: char| !c.is_ascii_uppercase() && c != '_').unwrap_or(rest.len())]
    };
    starts.map(|(at, _)| whole(at)).filter(|name| *name != "USHER_").collect()
}

#[test]
fn every_variable_is_an_option() {
    let help = run(Command::new(env!("CARGO_BIN_EXE_usher")).args(["serve", "--help"]));
    let options = variables(&help);
    assert!(options.contains("USHER_LISTEN") && options.len() > 30, "{options:?}");
    let known: BTreeSet<&str> = options.iter().copied().chain(FILES).chain(BUILDS).collect();
    for file in DEPLOYMENTS {
        let text = read(file);
        let unknown: Vec<_> = variables(&text).into_iter().filter(|name| !known.contains(name)).collect();
        assert!(unknown.is_empty(), "{file}: {unknown:?}");
    }
}

/// Shows that nothing that is deployed serves without credentials, which is for trials on one's own machine only.
#[test]
fn nothing_that_is_deployed_is_insecure() {
    for file in DEPLOYMENTS {
        assert!(!read(file).to_lowercase().contains("insecure"), "{file}");
        assert!(!read(file).contains("USHER_DEMO"), "{file}");
    }
}
