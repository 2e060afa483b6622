//! The dependency rules between the modules of `src/`, checked by reading the code (docs/ARCHITECTURE.md). `rules.rs`
//! says what is allowed; everything else is a violation. What the code does not use any more must leave the rules.

mod graph;
mod rules;
mod source;

use std::collections::BTreeSet;

use graph::{Arrows, arrows, circles, file, inside};
use rules::{CIRCLES, CRATES, Circle, CrateRule, EXCLUSIONS, LEDGER, MODULES, Row};
use source::{Source, Used, is_ident, is_in, sources};

#[test]
fn modules_import_only_what_their_row_allows() {
    let sources = sources();
    assert!(sources.len() > 50, "only {} files were read", sources.len());
    nothing(&disagreements("", MODULES, &sources));
}

#[test]
fn layers_of_the_ledger_import_only_what_their_row_allows() {
    nothing(&disagreements("ledger", LEDGER, &sources()));
}

#[test]
fn other_crates_are_used_only_where_they_are_allowed() {
    let sources = sources();
    let violations = CRATES.iter().flat_map(|rule| misuses(rule, &sources).into_iter().chain(unused(rule, &sources)));
    nothing(&violations.collect::<Vec<_>>());
}

#[test]
fn excluded_paths_occur_only_where_an_exception_says_so() {
    let sources = sources();
    let violations = sources.iter().flat_map(exclusions);
    nothing(&violations.chain(unused_exceptions(&sources)).collect::<Vec<_>>());
}

#[test]
fn modules_form_no_circle_that_has_no_reason() {
    nothing(&unexplained(&sources(), CIRCLES));
}

#[test]
fn only_one_module_makes_a_status() {
    // Looks for constructors such as `Status::internal(…)`; reading a status is allowed everywhere.
    let made: Vec<_> = sources()
        .iter()
        // tonic's traits make a codec report unreadable bytes as a status; it gets the same details as tonic's own
        // errors.
        .filter(|source| !is_in(&source.module, "status") && source.module != "proto::codec")
        .flat_map(|source| statuses(&source.code).into_iter().map(|maker| format!("{}: {maker}", source.module)))
        .collect();
    nothing(&made);
}

#[test]
fn services_reach_a_tenant_only_through_tenant_access() {
    // Modules about no tenant, or about several: the list of tenants, and the tokens.
    let allowed = ["service::tenant_access", "service::tenant", "service::token", "service::context"];
    let services = sources().into_iter().filter(|source| is_in(&source.module, "service"));
    let bare: Vec<_> = services.filter(|source| source.code.contains(".journal")).map(|source| source.module).collect();
    assert!(bare.contains(&"service::tenant_access".to_owned()), "{bare:?}");
    let others: Vec<_> = bare.iter().filter(|module| !allowed.contains(&module.as_str())).collect();
    assert!(others.is_empty(), "{others:?}");
}

#[test]
fn an_arrow_without_an_entry_and_an_entry_without_an_arrow_are_found() {
    let code = [("a", ""), ("b", "use crate::a::A;"), ("b::c", "use crate::{a, b};"), ("d::e", "use super::super::b;")];
    let sources = code.map(|(module, code)| Source::new(module, code));
    let check = |rows: &[Row], found: &[&str]| assert_eq!(disagreements("", rows, &sources), found, "{rows:?}");
    check(&[("a", &[]), ("b", &["a"]), ("d", &["b"])], &[]);
    check(&[("a", &[]), ("b", &["a"]), ("d", &[])], &["d::e → b: d may not import b"]);
    check(&[("a", &[]), ("b", &["a"]), ("d", &["a", "b"])], &["d does not import a any more: remove it from its row"]);
    check(&[("a", &[]), ("b", &["a"])], &["d has no row", "d::e → b: d may not import b"]);
    check(&[("a", &[]), ("b", &["a"]), ("d", &["b"]), ("f", &[])], &["f is no module any more: remove its row"]);
    check(&[("b", &["a"]), ("a", &[]), ("d", &["b"])], &["b imports a, whose row is not above its own"]);
}

#[test]
fn a_module_that_no_longer_uses_a_crate_is_found() {
    let rule = CrateRule { crates: &["ring"], users: &["auth", "license::key"], why: "a reason" };
    let sources = [Source::new("auth::token", "use ring::digest;"), Source::new("license::key", "")];
    assert_eq!(unused(&rule, &sources), ["license::key does not use ring any more"]);
    assert_eq!(unused_exceptions(&sources).len(), EXCLUSIONS.iter().map(|rule| rule.except.len()).sum::<usize>());
}

#[test]
fn a_circle_without_a_reason_and_a_reason_without_a_circle_are_found() {
    let code = [
        ("ledger::a", "use super::b::B;"),
        ("ledger::b", "use super::c::C;"),
        ("ledger::c", "use crate::ledger::a::A;"),
        ("store::x", "use super::y::z::Z;"),
        ("store::y::z", "use super::super::x;"),
    ];
    let sources = code.map(|(module, code)| Source::new(module, code));
    let ledger = Circle { modules: &["ledger::a", "ledger::b", "ledger::c"], why: "a reason" };
    let store = Circle { modules: &["store::x", "store::y"], why: "a reason" };
    assert_eq!(unexplained(&sources, &[ledger, store]), [""; 0]);
    let found = unexplained(&sources, &[]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].starts_with("a circle that no entry explains: ledger::a, ledger::b, ledger::c"), "{found:?}");
    let gone = Circle { modules: &["store::x", "store::z"], why: "a reason" };
    assert_eq!(unexplained(&sources[..1], &[gone]), ["no circle any more: store::x, store::z (a reason)"]);
}

/// Shows that a violation of each list is found.
#[test]
fn a_violation_of_each_rule_is_found() {
    for (module, code, found) in [
        ("ledger::check_out", "use crate::clock::Clock;", "ledger may not import clock"),
        ("ledger", "use crate::{ids, store::Store};", "ledger may not import store"),
        ("license::verify", "use crate::clock::Clock;", "license may not import clock"),
        ("journal", "use crate::service;", "journal may not import service"),
        ("store", "use crate::journal::Journal;", "store may not import journal"),
        (
            "tasks::sweeper",
            "use crate::{\n    journal::Journal,\n    store::{self, Store},\n};",
            "may not import store",
        ),
        ("ops", "use crate::proto::v1;", "ops may not import proto"),
        ("server::call", "use crate::config::Limits;", "server may not import config"),
        ("service", "use crate::app::serve;", "service may not import app"),
        ("auth::principal", "use crate::store::Store;", "auth may not import store"),
        ("spans::call", "use crate::server::Stats;", "spans may not import server"),
        ("main", "use usher::store::Store;", "main may not import store"),
        ("license::trust", "use std::{fs, io};", "std::fs"),
        ("license::key", "use ring::rand::SystemRandom;", "ring::rand::SystemRandom"),
        ("commands::license::issue", "use ring::digest::digest;", "ring::digest::digest"),
        ("ledger::usage", "fn f() { tracing::info!(\"x\") }", "tracing::info"),
        ("ledger::time", "use std::time::{Duration, Instant};", "std::time::Instant"),
        ("tasks::notifier", "use lettre::Message;", "lettre::Message"),
        ("notify::webhook", "use hyper_rustls::HttpsConnector;", "hyper_rustls::HttpsConnector"),
        ("journal", "use opentelemetry::Context;", "opentelemetry::Context"),
        ("demo", "rusqlite::Connection::open_in_memory()", "rusqlite::Connection::open_in_memory"),
        ("config", "url.parse::<tokio_postgres::Config>()", "tokio_postgres::Config"),
        ("health", "fn f() -> anyhow::Result<()> {}", "anyhow::Result"),
        ("store::sqlite::load", "use super::super::postgres::url;", "store::postgres::url"),
        ("store::postgres", "use super::sqlite::{SqliteStore, migrate};", "store::sqlite::SqliteStore"),
        ("journal::writer", "let store = crate::store::sqlite::open();", "store::sqlite::open"),
        ("auth::oidc::jwt", "use crate::https;\nfn f() { https::client() }", "https::client"),
        ("license::trust", "use crate::files;", "license::trust → files: only one file"),
        ("app::serve", "use crate::proto::v1;", "app::serve → proto::v1"),
        ("commands::usage", "use crate::ledger::time::WallTime;", "commands::usage → ledger::time::WallTime"),
        ("commands::license::list", "use crate::status;", "commands may not import status"),
        ("commands::store", "use crate::app::serve;", "commands::store → app::serve"),
    ] {
        let violations = violations(module, code);
        assert!(violations.iter().any(|violation| violation.contains(found)), "{module}: {code}: {violations:?}");
    }
    assert_eq!(statuses("a::Status::internal(x); Status::from_header_map(h); MyStatus::new()"), ["Status::internal"]);
}

#[test]
fn what_is_allowed_is_no_violation() {
    for (module, code) in [
        ("ledger::check_out", "use super::change::Change; use crate::ids::UserId; use std::time::Duration;"),
        ("ledger", "//! No tokio::spawn here.\n/* crate::clock */ let text = \"crate::clock::Clock\";"),
        ("store::sqlite", "use rusqlite::Connection; use super::open::OpenError;"),
        ("service::parse", "use crate::proto::v1;"),
        ("commands::output::json", "use crate::proto::v1; use super::table::table;"),
        ("license::load", "use std::fs; use super::trust::Trust; use crate::files;"),
        ("license::claims", "use crate::ids::TenantId; use crate::ledger::change::Limit; use ring::digest;"),
        ("app", "use crate::app::failure; use anyhow::Context;"),
        ("app::mount", "use crate::proto::v1;"),
        ("tasks", "use crate::journal::Journal; let stored = restore::x();"),
        ("journal::start", "use super::status; let status = status::WriterStatus::new(); crate::VERSION"),
    ] {
        let violations = violations(module, code);
        assert!(violations.is_empty(), "{module}: {code}: {violations:?}");
    }
}

/// Returns the violations of a single file.
fn violations(module: &str, code: &str) -> Vec<String> {
    let named = MODULES.iter().map(|(module, _)| Source::new(module, ""));
    let sources: Vec<_> = named.chain([Source::new(module, code)]).collect();
    let imports = disagreements("", MODULES, &sources).into_iter().filter(|text| text.contains("may not import"));
    let crates = CRATES.iter().flat_map(|rule| misuses(rule, &sources));
    imports.chain(crates).chain(sources.iter().flat_map(exclusions)).collect()
}

fn nothing(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

/// Compares rows with the modules directly inside of `folder`, and with what these import. `folder` itself may import
/// all of them.
fn disagreements(folder: &str, rows: &[Row], sources: &[Source]) -> Vec<String> {
    let names = names(sources);
    let imports: Arrows = arrows(sources, |path| inside(folder, &names, path));
    let units = imports.keys().filter(|unit| *unit != folder);
    let row = |module: &str| rows.iter().position(|(name, _)| *name == module);
    let mut found: Vec<String> =
        units.clone().filter(|unit| row(unit).is_none()).map(|unit| format!("{unit} has no row")).collect();
    for (from, to, path) in units.flat_map(|from| imports[from].iter().map(move |(to, path)| (from, to, path))) {
        if !row(from).is_some_and(|row| rows[row].1.contains(&to.as_str())) {
            found.push(format!("{path}: {from} may not import {to}"));
        }
    }
    for (at, (module, allowed)) in rows.iter().enumerate() {
        let Some(imports) = imports.get(*module) else {
            found.push(format!("{module} is no module any more: remove its row"));
            continue;
        };
        for name in *allowed {
            if !imports.contains_key(*name) {
                found.push(format!("{module} does not import {name} any more: remove it from its row"));
            } else if row(name).is_none_or(|row| row >= at) {
                found.push(format!("{module} imports {name}, whose row is not above its own"));
            }
        }
    }
    found
}

fn names(sources: &[Source]) -> BTreeSet<&str> {
    let parents = sources.iter().filter_map(|source| Some(source.module.rsplit_once("::")?.0));
    sources.iter().map(|source| source.module.as_str()).chain(parents).collect()
}

/// Compares the circles in the code with those that have a reason.
fn unexplained(sources: &[Source], reasons: &[Circle]) -> Vec<String> {
    let names = names(sources);
    let imports = arrows(sources, |path| {
        let file = file(&names, path).filter(|file| file.contains("::"))?;
        if is_in(&file, "ledger") { Some(file) } else { inside(file.split("::").next()?, &names, &file) }
    });
    let circles = circles(&imports);
    let explained = |circle: &[&str]| reasons.iter().any(|reason| reason.modules == circle);
    let unexplained = circles.iter().filter(|circle| !explained(circle)).map(|circle| {
        let arrows = circle.iter().flat_map(|module| imports[*module].iter());
        let arrows = arrows.filter(|(to, _)| circle.contains(&to.as_str())).map(|(_, path)| path.as_str());
        format!(
            "a circle that no entry explains: {}\n    {}",
            circle.join(", "),
            arrows.collect::<Vec<_>>().join("\n    ")
        )
    });
    let gone = reasons.iter().filter(|reason| !circles.contains(reason.modules));
    let gone = gone.map(|reason| format!("no circle any more: {} ({})", reason.modules.join(", "), reason.why));
    unexplained.chain(gone).collect()
}

/// Returns the modules that a rule lists, and that do not use its crates.
fn unused(rule: &CrateRule, sources: &[Source]) -> Vec<String> {
    let needless = rule
        .users
        .iter()
        .filter(|user| !sources.iter().any(|source| is_in(&source.module, user) && !uses(rule, source).is_empty()));
    let needless = needless.map(|user| format!("{user} does not use {} any more", rule.crates.join(", ")));
    needless.collect()
}

fn misuses(rule: &CrateRule, sources: &[Source]) -> Vec<String> {
    let outside = sources.iter().filter(|source| !rule.users.iter().any(|user| is_in(&source.module, user)));
    outside.flat_map(|source| uses(rule, source)).map(|used| format!("{used}: {}", rule.why)).collect()
}

fn uses(rule: &CrateRule, source: &Source) -> Vec<String> {
    let of_rule = |path: &str| rule.crates.iter().any(|name| is_in(path, name));
    let paths = source.paths.iter().filter(|used| matches!(used, Used::Other(path) if of_rule(path)));
    paths.map(|used| format!("{} → {}", source.module, used.path())).collect()
}

fn exclusions(source: &Source) -> Vec<String> {
    let mut found = Vec::new();
    for rule in EXCLUSIONS {
        let excepted = rule.except.iter().any(|module| is_in(&source.module, module));
        if is_in(&source.module, rule.from) && !excepted {
            let excluded = source.paths.iter().filter(|used| rule.excludes(used));
            found.extend(excluded.map(|used| format!("{} → {}: {}", source.module, used.path(), rule.why)));
        }
    }
    found
}

/// Returns the exceptions that no code needs.
fn unused_exceptions(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for rule in EXCLUSIONS {
        for module in rule.except {
            let mut paths = sources.iter().filter(|source| is_in(&source.module, module)).flat_map(|from| &from.paths);
            if !paths.any(|used| rule.excludes(used)) {
                found.push(format!("{module} does not use {} any more", rule.never.join(", ")));
            }
        }
    }
    found
}

/// Returns the constructors of a status that the code calls.
fn statuses(code: &str) -> Vec<String> {
    let calls = code.match_indices("Status::").filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric()));
    let names =
        calls.map(|(at, call)| code[at + call.len()..].split(|c: char| !is_ident(c)).next().unwrap_or_default());
    let makes =
        |name: &&str| name.starts_with(char::is_lowercase) && !["from_header_map", "from", "into"].contains(name);
    names.filter(makes).map(|name| format!("Status::{name}")).collect()
}
