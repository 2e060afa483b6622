//! Scenarios: texts that a reader who does not program can read, and two interpreters that run them.
//!
//! - `language/` parses a text into typed steps ([`language::steps::Verb`]); its page has the whole language.
//! - `runner.rs` carries out the steps with an [`Interpreter`](runner::Interpreter), which is asked for five things:
//!   the time, that time passes, the regular work, a command, and a query. It keeps the names that a text gives to
//!   sessions, and compares the answers with the expected ones.
//! - `answers/` says every answer in the words of the language.
//! - `ledger/` is the interpreter over the ledger itself: nothing runs beside it. After every line it checks the
//!   ledger's counts, and that a restart would lose nothing.
//! - `grpc/` is the interpreter over a running server: each command and each query is an RPC, and what the server
//!   answers is read back into the ledger's own types, so that `answers/` says it in the same words.
//!
//! A text is run by every interpreter that has all of its steps. Most steps are common to both; a
//! [`LedgerVerb`](language::steps::LedgerVerb) is one that a server has no call for (a crash, a clock that jumps, the
//! audit log in its exact order), and a [`Directory`](language::steps::Directory) is a call that is made of many
//! commands. Both are types of their own, so that no interpreter meets a step that it does not know. A few scenarios of
//! common steps expect what no RPC answers so; `ledger_only.txt` lists them, with the reasons.
//!
//! The texts of the rules are in `rules/`; they run on servers that they share, in a tenant each. The texts of an
//! administrator's day are the files in this folder: one for each kind of system that Usher serves. They run on a
//! server of their own, once with each store.

mod answers;
mod failing;
mod grpc;
mod language;
mod ledger;
mod pages;
mod runner;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use language::steps::Verb;

/// Runs a rule's scenario with every interpreter that has all of its steps. Its title begins with the rules.
///
/// # Panics
/// With the line that does not hold, its expectation, and what happened.
pub fn check(title: &str, scenario: &str) {
    if let Err(why) = in_ledger(scenario) {
        panic!("\n{title}\n{why}\n");
    }
    if has_ledger_steps(scenario) || ledger_only().contains(title) {
        return;
    }
    if let Err(why) = over_grpc(scenario) {
        panic!("\n{title}\nover gRPC:\n{why}\n");
    }
}

/// The titles of scenarios whose steps a server has, and which expect something that no RPC answers so.
const LEDGER_ONLY: &str = "tests/it/scenarios/ledger_only.txt";

fn ledger_only() -> &'static BTreeSet<String> {
    static TITLES: OnceLock<BTreeSet<String>> = OnceLock::new();
    let title = |line: &&str| !line.is_empty() && !line.starts_with('#');
    TITLES.get_or_init(|| file(LEDGER_ONLY).lines().filter(title).map(str::to_owned).collect())
}

fn in_ledger(scenario: &str) -> Result<(), String> {
    ledger::judge(&language::read(scenario)?)
}

fn over_grpc(scenario: &str) -> Result<(), String> {
    grpc::judge(&language::read(scenario)?)
}

fn has_ledger_steps(scenario: &str) -> bool {
    let lines = language::read(scenario).unwrap_or_default();
    lines.iter().any(|line| matches!(line.verb, Verb::Ledger(_)))
}

/// Declares a test of each text with each store.
macro_rules! texts {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                let backend = async { crate::conformance::Backend::sqlite() };
                super::hold(stringify!($name), |text| super::grpc::judge_on(backend, &super::language::read(text)?));
            })+
        }
        mod postgres {
            $(#[test]
            fn $name() {
                let backend = crate::conformance::Backend::postgres();
                super::hold(stringify!($name), |text| super::grpc::judge_on(backend, &super::language::read(text)?));
            })+
        }
    };
}

texts![a_fixed_number_of_users, products_in_bulk, a_small_flexible_pool, two_organizations];

/// The texts without a whole directory sync, in the ledger as well.
mod in_the_ledger {
    #[test]
    fn products_in_bulk() {
        super::hold("products_in_bulk", super::in_ledger);
    }

    #[test]
    fn two_organizations() {
        super::hold("two_organizations", super::in_ledger);
    }
}

/// Runs a text, and panics at the first line that does not hold.
fn hold(name: &str, judge: impl FnOnce(&str) -> Result<(), String>) {
    let file = format!("tests/it/scenarios/{name}.txt");
    let text = self::file(&file);
    assert!(text.lines().count() > 20, "{file} is no text");
    if let Err(wrong) = judge(&text) {
        panic!("{}", wrong.replacen("line ", &format!("{file}:"), 1));
    }
}

fn file(path: &str) -> String {
    std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).expect(path)
}
