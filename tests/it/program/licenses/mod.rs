//! `usher license request`, `fetch`, `install`, `list` and `delete` by the real program against the real program, and whom that
//! one trusts while it runs.

mod buying;
mod demo;
mod exchanging;
mod refusing;
mod trusting;

use super::*;
use crate::license::workspace::Workspace;

/// A vendor with a key, who is also the customer: a running Usher with the tenant `acme`, of which three users hold a
/// seat in `primary`.
struct Fixture {
    workspace: Workspace,
    program: Program,
}

impl Fixture {
    /// The vendor's keys are in the folder `trust`.
    async fn open(data: &Data<'_>) -> Self {
        Self::open_with(data, &[]).await
    }

    /// The same with more options.
    async fn open_with(data: &Data<'_>, more: &[&str]) -> Self {
        let workspace = Workspace::new();
        std::fs::create_dir(workspace.path("trust")).unwrap();
        workspace.succeeds("keygen --out vendor.pem --jwks trust/vendor.jwks");
        let trust = workspace.path("trust");
        let program = Program::start(data, &[&["--license-keys", trust.to_str().unwrap()], more].concat());
        tenant_with_users(&program, "acme", &users(3)).await;
        Self { workspace, program }
    }

    /// What an option more makes of a command.
    fn addressed(&self, words: &str) -> String {
        format!("{words} --address {}", self.program.api)
    }

    fn says(&self, words: &str) -> String {
        self.workspace.succeeds(&self.addressed(words))
    }

    /// The one line of a refusal.
    fn refuses(&self, words: &str, code: i32) -> String {
        let said = self.workspace.fails(&self.addressed(words), code);
        assert_eq!(said.len(), 1, "{words}: {said:?}");
        said.into_iter().next().expect("a line")
    }

    /// What is listed: license, revision and state of each.
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

/// The line is its own, whatever is beside it.
fn assert_line(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "no {line:?} in\n{text}");
}

/// The words in each line of a table, but for points in time.
fn words(table: &str) -> Vec<String> {
    let timeless =
        |line: &str| line.split_whitespace().filter(|word| !word.ends_with('Z')).collect::<Vec<_>>().join(" ");
    table.lines().map(timeless).collect()
}
