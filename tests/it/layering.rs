//! The dependency rules between the modules of `src/`, checked by reading the code (docs/ARCHITECTURE.md).
//! Unit tests inside a file may use any module: the code after its first `#[cfg(test)]` is not checked.

mod rules;

use std::fs;
use std::path::Path;

use rules::RULES;

/// A source file: its module (`store::sqlite::load`) and its code.
struct Source {
    module: String,
    code: String,
}

#[test]
fn no_path_breaks_a_dependency_rule() {
    let sources = sources();
    assert!(sources.len() > 50, "only {} files were read", sources.len());
    let violations: Vec<_> = sources.iter().flat_map(violations).collect();
    assert!(violations.is_empty(), "\n{}", violations.join("\n"));
}

#[test]
fn only_one_file_makes_a_status() {
    // Looks for constructors such as `Status::internal(…)`; reading a status is allowed everywhere.
    let made: Vec<_> = sources()
        .iter()
        // tonic's traits make a codec report unreadable bytes as a status; it gets the same details as tonic's own
        // errors.
        .filter(|source| !is_in(&source.module, "service::status") && source.module != "proto::codec")
        .flat_map(|source| statuses(&source.code).into_iter().map(|maker| format!("{}: {maker}", source.module)))
        .collect();
    assert!(made.is_empty(), "\n{}", made.join("\n"));
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

/// Returns the constructors of a status that the code calls.
fn statuses(code: &str) -> Vec<String> {
    let calls = code.match_indices("Status::").filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric()));
    let names =
        calls.map(|(at, call)| code[at + call.len()..].split(|c: char| !is_ident(c)).next().unwrap_or_default());
    let makes =
        |name: &&str| name.starts_with(char::is_lowercase) && !["from_header_map", "from", "into"].contains(name);
    names.filter(makes).map(|name| format!("Status::{name}")).collect()
}

/// Shows that a violation of each rule is found.
#[test]
fn a_violation_of_each_rule_is_found() {
    for (module, code, found) in [
        ("ledger::check_out", "use crate::clock::Clock;", "clock::Clock"),
        ("ledger", "use crate::{ids, store::Store};", "store::Store"),
        ("ledger::entitlement", "use crate::license::Claims;", "license::Claims"),
        ("license::verify", "use crate::clock::Clock;", "clock::Clock"),
        ("license::trust", "use std::{fs, io};", "std::fs"),
        ("license::key", "use ring::rand::SystemRandom;", "ring::rand::SystemRandom"),
        ("commands::license::issue", "use ring::digest::digest;", "ring::digest::digest"),
        ("ledger::usage", "fn f() { tracing::info!(\"x\") }", "tracing::info"),
        ("ledger::time", "use std::time::{Duration, Instant};", "std::time::Instant"),
        ("store::sqlite::load", "use super::super::postgres::url;", "store::postgres::url"),
        ("store::postgres", "use super::sqlite::{SqliteStore, migrate};", "store::sqlite::SqliteStore"),
        (
            "journal::writer",
            "let store = crate::store::sqlite::SqliteStore::open();",
            "store::sqlite::SqliteStore::open",
        ),
        ("journal", "use crate::service;", "service"),
        ("store", "use crate::journal::Journal;", "journal::Journal"),
        ("tasks::sweeper", "use crate::{\n    journal::Journal,\n    store::{self, Store},\n};", "store::self"),
        ("ops", "use crate::proto::v1;", "proto::v1"),
        ("commands::usage", "use crate::ledger::time::Wall;", "ledger::time::Wall"),
        ("commands::license::list", "use crate::service::status;", "service::status"),
        ("service", "use crate::app::serve;", "app::serve"),
        ("notify::smtp", "use crate::journal::Journal;", "journal::Journal"),
        ("exchange::folder", "use crate::service::Licensing;", "service::Licensing"),
        ("tasks::notifier", "use lettre::Message;", "lettre::Message"),
        ("notify::webhook", "use hyper_rustls::HttpsConnector;", "hyper_rustls::HttpsConnector"),
        ("auth::principal", "use crate::store::Store;", "store::Store"),
        ("auth::oidc::jwt", "use crate::https;\nfn f() { https::client() }", "https::client"),
        ("license::trust", "use crate::files;", "files"),
        ("spans::call", "use crate::server::Stats;", "server::Stats"),
        ("journal", "use opentelemetry::Context;", "opentelemetry::Context"),
        ("demo", "rusqlite::Connection::open_in_memory()", "rusqlite::Connection::open_in_memory"),
        ("config", "url.parse::<tokio_postgres::Config>()", "tokio_postgres::Config"),
        ("health", "fn f() -> anyhow::Result<()> {}", "anyhow::Result"),
    ] {
        let source = Source { module: module.into(), code: code.into() };
        let violations = violations(&source);
        assert!(
            violations.iter().any(|violation| violation.contains(&format!(" {found}: "))),
            "{module}: {code}: {violations:?}"
        );
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
        ("license::load", "use std::fs; use super::trust::Trust;"),
        ("license::claims", "use crate::ids::TenantId; use crate::ledger::change::Limit; use ring::digest;"),
        ("app", "use crate::app::failure; use anyhow::Context;"),
        ("tasks", "use crate::journal::Journal; let stored = restore::x();"),
    ] {
        let code = stripped(code);
        let violations = violations(&Source { module: module.into(), code });
        assert!(violations.is_empty(), "{violations:?}");
    }
}

fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    read(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), "", &mut sources);
    sources
}

fn read(folder: &Path, module: &str, sources: &mut Vec<Source>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let inner = if module.is_empty() { name.clone() } else { format!("{module}::{name}") };
        if path.is_dir() {
            read(&path, &inner, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") && name != "tests" {
            let module = if name == "mod" || name == "lib" { module.to_owned() } else { inner };
            let text = fs::read_to_string(&path).expect("a file");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            sources.push(Source { module, code: stripped(code) });
        }
    }
}

fn violations(source: &Source) -> Vec<String> {
    let paths = paths(source);
    let mut found = Vec::new();
    for rule in &RULES {
        let inside = |rooms: &[&str]| rooms.iter().any(|module| is_in(&source.module, module));
        if !inside(rule.from) || inside(rule.except) {
            continue;
        }
        for path in paths.iter().filter(|path| rule.never.iter().any(|module| is_in(path, module))) {
            found.push(format!("{} → {path}: {}", source.module, rule.why));
        }
    }
    found
}

/// Returns whether a path is a module or inside of it. Everything is inside of "".
fn is_in(path: &str, module: &str) -> bool {
    module.is_empty() || path == module || path.strip_prefix(module).is_some_and(|rest| rest.starts_with("::"))
}

/// Returns every path in the code, as seen from the root of the crate; paths into other crates stay as they are.
fn paths(source: &Source) -> Vec<String> {
    let code = source.code.as_str();
    let mut paths = Vec::new();
    let mut at = 0;
    while let Some(start) = code[at..].find(is_ident).map(|offset| at + offset) {
        let end = end_of_path(code, start);
        let before = code[..start].trim_end();
        // An identifier after `.` is a method, and one after `::` continues another path, such as `<T>::`.
        if code[start..end].contains("::") && !before.ends_with(['.', ':']) {
            expand(&code[start..end], "", &mut |path| paths.extend(absolute(&source.module, path)));
        }
        at = end.max(start + 1);
    }
    paths
}

fn is_ident(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Returns the end of the path that starts here, including a group in braces.
fn end_of_path(code: &str, start: usize) -> usize {
    let bytes = code.as_bytes();
    let mut end = start;
    loop {
        end += code[end..].find(|c| !is_ident(c)).unwrap_or(code.len() - end);
        if !code[end..].starts_with("::") {
            return end;
        }
        match bytes.get(end + 2) {
            Some(b'{') => return end + 2 + closing(&code[end + 2..]),
            Some(c) if is_ident(*c as char) => end += 2,
            _ => return end,
        }
    }
}

/// Returns the length of a group in braces.
fn closing(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// Expands a group: `a::{b, c::d}` becomes `a::b` and `a::c::d`.
fn expand(tree: &str, prefix: &str, found: &mut dyn FnMut(&str)) {
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split(" as ").next().unwrap_or_default().trim();
        return found(&format!("{prefix}{name}"));
    };
    let group = group.trim_end().strip_suffix('}').unwrap_or(group);
    let prefix = format!("{prefix}{}", head.trim());
    let mut depth = 0;
    for branch in group.split(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    }) {
        if !branch.trim().is_empty() {
            expand(branch.trim(), &prefix, found);
        }
    }
}

/// Returns a path as seen from the root of the crate. `None`: the path stays within the file.
fn absolute(module: &str, path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    let mut rest = path;
    let mut parts: Vec<&str> = module.split("::").collect();
    while let Some(after) = rest.strip_prefix("super::") {
        parts.pop();
        rest = after;
    }
    if rest != path {
        parts.push(rest);
        return Some(parts.join("::"));
    }
    (!path.starts_with("self::") && path.starts_with(char::is_lowercase)).then(|| path.to_owned())
}

/// Returns the code without comments and string literals.
fn stripped(code: &str) -> String {
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(['/', '"', '\'']) {
        kept.push_str(&rest[..at]);
        rest = &rest[at..];
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if rest.starts_with('"') {
            end_of_text(rest)
        } else if rest.starts_with("'\"'") {
            3
        } else {
            kept.push_str(&rest[..1]);
            1
        };
        rest = &rest[skipped..];
    }
    kept + rest
}

/// Returns the length of a string literal. Raw strings that contain quotes do not occur in this code.
fn end_of_text(code: &str) -> usize {
    let mut escaped = false;
    for (at, c) in code.char_indices().skip(1) {
        match c {
            '"' if !escaped => return at + 1,
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    code.len()
}
