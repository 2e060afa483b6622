//! README.md, docs/TOUR.md and docs/AUTHENTICATION.md are correct: their commands run as written, and the `make`
//! targets that pages name exist.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::{Demo, Ran, read, repository, tools};
use crate::support::program::Program;

const QUICK_START: &str = "## Quick start\n";
const SEATS: &str = "## Seats in five minutes\n";
const PURCHASE: &str = "## From purchase to login in six commands\n";
const API_TOKENS: &str = "## API tokens\n";
const ACCESS_FILE: &str = "## Access file\n";
/// Address of the server in the pages.
pub const ADDRESS: &str = "127.0.0.1:50051";
const CALLS: usize = 20;

/// A command of the tour, and the promise in the comments on and after it.
#[derive(Debug, Default)]
pub struct Step {
    pub line: String,
    pub promise: String,
}

impl Step {
    /// Returns the words of the promise that the output must contain: reasons, codes and types. These are words that
    /// begin with a capital letter and have another one.
    pub fn words(&self) -> Vec<&str> {
        let words = self.promise.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_');
        let capitals = |word: &str| word.chars().filter(char::is_ascii_uppercase).count();
        words.filter(|word| word.starts_with(|sign: char| sign.is_ascii_uppercase()) && capitals(word) > 1).collect()
    }

    /// Returns whether the command must fail: grpcurl prints `Code:` for an RPC error and then fails.
    fn fails(&self) -> bool {
        self.promise.contains("Code:")
    }
}

/// Returns the blocks of shell commands in a text.
fn shell_blocks(text: &str) -> Vec<&str> {
    let after = |start| text.split(start).skip(1).map(|rest: &str| rest.split("\n```").next().unwrap_or_default());
    after("\n```sh\n").chain(after("\n```console\n")).collect()
}

pub fn steps(tour: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in shell_blocks(tour).into_iter().flat_map(str::lines) {
        let (command, promise) = match line.trim_start().strip_prefix('#') {
            Some(promise) => ("", promise),
            None => line.split_once("  # ").or_else(|| line.split_once(" # ")).unwrap_or((line, "")),
        };
        if !command.trim().is_empty() {
            steps.push(Step { line: command.trim().into(), ..Step::default() });
        }
        if let Some(step) = steps.last_mut() {
            write!(step.promise, " {promise}").unwrap();
        }
    }
    steps
}

/// Returns a script that runs all steps in one shell, because they define functions and variables. Each step writes its
/// output and its exit status to files of its own.
fn script(steps: &[Step]) -> String {
    let mut script = String::new();
    for (at, step) in steps.iter().enumerate() {
        writeln!(script, "{{ {}\n}} >$OUT/{at}.text 2>&1; echo $? >$OUT/{at}.status", step.line).unwrap();
    }
    script
}

/// Shows that the README's first calls work from the root of the repository. Commands like `make run` are left out;
/// another test checks that their targets exist.
#[test]
fn the_first_calls_work() {
    let demo = Demo::start();
    let readme = read("README.md").replace(ADDRESS, &demo.address());
    let steps = steps(section(&readme, QUICK_START));
    let steps: Vec<_> = steps.into_iter().filter(|step| !step.line.starts_with("make ")).collect();
    let [path, calls @ ..] = &*steps else { panic!("a path and calls: {steps:#?}") };
    let promised = ["sessionId", "ann@demo.example", "primary"];
    assert_eq!(calls.len(), promised.len(), "{calls:#?}");

    let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().expect("a folder");
    let out = tempfile::tempdir().unwrap();
    let lines = format!("{}\nPATH={}:$PATH\n{}", path.line, usher.display(), script(calls));
    let mut shell = Command::new("bash");
    shell.args(["-c", &lines]).current_dir(repository());
    Ran::new(shell.env("OUT", out.path()).env("USHER_ADDRESS", demo.address())).text();
    for (at, (call, promised)) in calls.iter().zip(promised).enumerate() {
        assert_kept(call, out.path(), at);
        let printed = std::fs::read_to_string(out.path().join(format!("{at}.text"))).unwrap();
        assert!(printed.contains(promised), "{}\n{printed}", call.line);
    }
}

#[test]
fn the_tour_goes_as_it_is_written() {
    let demo = Demo::start();
    let page = read("docs/TOUR.md").replace(ADDRESS, &demo.address());
    let steps = steps(section(&page, SEATS));
    assert!(steps.len() >= CALLS, "the tour has become short: {steps:#?}");

    let out = tempfile::tempdir().unwrap();
    let mut shell = Command::new("bash");
    shell.args(["-c", &format!("PATH={}:$PATH\n{}", tools().display(), script(&steps))]);
    Ran::new(shell.env("OUT", out.path())).text();
    for (at, step) in steps.iter().enumerate() {
        assert_kept(step, out.path(), at);
    }
}

pub fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let found = text.split(heading).nth(1).unwrap_or_else(|| panic!("the page has no {heading:?}"));
    found.split("\n## ").next().unwrap_or(found)
}

/// Shows that the six commands work as written, in an empty folder. Only the server's port differs.
#[test]
fn six_commands_lead_from_purchase_to_login() {
    let page = read("docs/TOUR.md");
    let steps = steps(section(&page, PURCHASE));
    let [keygen, serve, request, issue, install, check_out] = &*steps else { panic!("six commands: {steps:#?}") };
    let folder = tempfile::tempdir().unwrap();
    let run = |step: &Step, address: &str| {
        let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().expect("a folder");
        let line = step.line.replace(ADDRESS, address);
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("PATH={}:{}:$PATH\n{line}", usher.display(), tools().display())]);
        Ran::new(shell.current_dir(&folder).env("USHER_ADDRESS", address)).text()
    };
    run(keygen, ADDRESS);
    let options = serve.line.strip_prefix("usher serve ").expect("the second one serves");
    let program = Program::start_in(folder.path(), &options.split(' ').collect::<Vec<_>>());
    let address = program.api.to_string();
    run(request, &address);
    run(issue, &address);
    let installed = run(install, &address);
    assert!(installed.contains("primary  concurrent  5       15     0       0"), "{installed}");
    let answer: serde_json::Value = serde_json::from_str(&run(check_out, &address)).unwrap();
    assert!(answer["lease"]["sessionId"].is_string(), "{answer:#}");
    assert_eq!(answer["usage"]["limit"], "15", "{answer:#}");
}

/// Shows that the commands about API tokens work as written, in an empty folder.
#[test]
fn a_token_lets_a_login_service_in_and_no_further() {
    let page = read("docs/AUTHENTICATION.md");
    let steps = steps(section(&page, API_TOKENS));
    let [generate, serve, calls @ ..] = &*steps else { panic!("{steps:#?}") };
    let folder = tempfile::tempdir().unwrap();
    let usher = Path::new(env!("CARGO_BIN_EXE_usher")).parent().expect("a folder");
    let shell = |lines: &str| {
        let mut shell = Command::new("bash");
        shell.args(["-c", &format!("PATH={}:{}:$PATH\n{lines}", usher.display(), tools().display())]);
        shell.current_dir(&folder);
        shell
    };
    Ran::new(&mut shell(&generate.line)).text();
    let options = serve.line.strip_prefix("usher serve ").expect("the second one serves");
    let program = Program::start_in(folder.path(), &options.split(' ').collect::<Vec<_>>());
    let address = program.api.to_string();
    let out = tempfile::tempdir().unwrap();
    let script = script(calls).replace(ADDRESS, &address);
    Ran::new(shell(&script).env("OUT", out.path()).env("USHER_ADDRESS", &address)).text();
    (0..calls.len()).for_each(|at| assert_kept(&calls[at], out.path(), at));
    let listed = std::fs::read_to_string(out.path().join(format!("{}.text", calls.len() - 1))).unwrap();
    assert!(listed.contains("login-eu") && listed.contains("application"), "{listed}");
}

#[test]
fn the_access_file_that_is_shown_is_one() {
    let page = read("docs/AUTHENTICATION.md");
    let shown = section(&page, ACCESS_FILE).split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let access = usher::auth::Access::parse(shown.expect("a file"), Path::new("")).expect("an access file");
    let login = access.certificate(&["spiffe://example.org/login/eu"], &[]).expect("a login service");
    assert_eq!(&*login.actor.0, "cert:login");
    assert_eq!(access.oidc.expect("an identity provider").rules.len(), 1);
}

fn assert_kept(step: &Step, out: &Path, at: usize) {
    let read = |kind: &str| std::fs::read_to_string(out.join(format!("{at}.{kind}"))).unwrap();
    let (status, text) = (read("status"), read("text"));
    assert_eq!(status.trim() != "0", step.fails(), "{}\nended with {status}{text}", step.line);
    for word in step.words() {
        assert!(text.contains(word), "{}\npromises {word:?}, and says\n{text}", step.line);
    }
}

/// Shows that the calls which the program prints at its start can be pasted and run.
#[test]
fn the_calls_to_try_work() {
    let demo = Demo::start();
    for call in usher::demo::calls_to_try(demo.program.api) {
        let answer = Ran::new(Command::new("bash").args(["-c", &format!("PATH={}:$PATH; {call}", tools().display())]));
        assert!(answer.json().as_object().is_some_and(|answer| !answer.is_empty()), "{call}");
    }
}

#[test]
fn the_targets_exist() {
    let makefile = read("Makefile");
    let exists = |target: &str| makefile.lines().any(|line| line.starts_with(&format!("{target}:")));
    for file in ["README.md", "CONTRIBUTING.md", "docs/TOUR.md", "docs/FIGURES.md", "examples/python/README.md"] {
        let text = read(file);
        let named = targets(&text);
        assert!(!named.is_empty(), "{file} names no target");
        for target in named {
            assert!(exists(target), "{file} names `make {target}`, and the Makefile has no such target");
        }
    }
}

/// Returns the targets that code names; prose uses "make" with another meaning.
fn targets(text: &str) -> Vec<&str> {
    let quoted = text.split("`make ").skip(1);
    let lines = shell_blocks(text).into_iter().flat_map(str::lines).filter_map(|line| line.strip_prefix("make "));
    quoted
        .chain(lines)
        .map(|rest| rest.split(|sign: char| sign != '-' && !sign.is_ascii_lowercase()).next().unwrap())
        .collect()
}
