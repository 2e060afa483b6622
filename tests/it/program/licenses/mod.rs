//! `usher license request`, `fetch`, `install`, `list` and `delete` with the real program against the real program, and
//! the keys that a server trusts while it runs.

mod buying;
mod demo;
mod exchanging;
mod refusing;
mod trusting;

use super::*;
use crate::license::workspace::Workspace;

/// A vendor with a key, and the vendor's customer: a running server with the tenant `acme`, in which three users hold a
/// seat in `primary`.
struct Fixture {
    workspace: Workspace,
    program: Program,
}

impl Fixture {
    /// Starts the server. The vendor's keys are in the folder `trust`.
    async fn open(data: &Data<'_>) -> Self {
        Self::open_with(data, &[]).await
    }

    /// Starts the server with more options.
    async fn open_with(data: &Data<'_>, more: &[&str]) -> Self {
        let workspace = Workspace::new();
        std::fs::create_dir(workspace.path("trust")).unwrap();
        workspace.succeeds("keygen --out vendor.pem --jwks trust/vendor.jwks");
        let trust = workspace.path("trust");
        let program = Program::start(data, &[&["--license-keys", trust.to_str().unwrap()], more].concat());
        tenant_with_users(&program, "acme", &users(3)).await;
        Self { workspace, program }
    }

    /// Returns the command with the server's address.
    fn addressed(&self, words: &str) -> String {
        format!("{words} --address {}", self.program.api)
    }

    fn says(&self, words: &str) -> String {
        self.workspace.succeeds(&self.addressed(words))
    }

    /// Returns the only line of a refusal.
    fn refuses(&self, words: &str, code: i32) -> String {
        let said = self.workspace.fails(&self.addressed(words), code);
        assert_eq!(said.len(), 1, "{words}: {said:?}");
        said.into_iter().next().expect("a line")
    }

    /// Returns license, revision and state of each license in the list.
    fn listed(&self) -> Vec<(String, u64, String)> {
        let list = crate::license::workspace::json(&self.says("list --tenant acme --json"));
        let licenses = list["licenses"].as_array().expect("a list");
        let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
        let state =
            |value: &serde_json::Value| text(value).strip_prefix("LICENSE_VALIDITY_").expect("a state").to_owned();
        let row = |it: &serde_json::Value| {
            (text(&it["license_id"]), text(&it["revision"]).parse().unwrap(), state(&it["validity"]))
        };
        licenses.iter().map(row).collect()
    }

    async fn check_out(&self, user: usize) -> Result<Lease, DenialReason> {
        check_out(&mut self.program.seats(), &users(3)[user]).await
    }
}

fn row(license: &str, revision: u64, state: &str) -> (String, u64, String) {
    (license.into(), revision, state.into())
}

/// Asserts that the text has this line.
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no {line:?} in\n{text}");
}

/// Returns the words of each line of a table, without times.
fn words(table: &str) -> Vec<String> {
    let timeless =
        |line: &str| line.split_whitespace().filter(|word| !word.ends_with('Z')).collect::<Vec<_>>().join(" ");
    table.lines().map(timeless).collect()
}
