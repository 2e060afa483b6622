//! Dependencies keep the rules of `deny.toml`, checked without cargo-deny: their licenses, and their sources.

use std::process::Command;

use serde_json::Value;

use super::{ROOT, text};

/// Returns the packages that are compiled on Linux, as cargo sees them.
fn packages() -> Vec<Value> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--offline", "--locked", "--format-version=1"]).current_dir(ROOT);
    command.arg(format!("--filter-platform={}-unknown-linux-gnu", std::env::consts::ARCH));
    let output = command.output().expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let nodes = metadata["resolve"]["nodes"].as_array().expect("nodes");
    let all = metadata["packages"].as_array().expect("packages");
    let used = |package: &&Value| nodes.iter().any(|node| node["id"] == package["id"]);
    all.iter().filter(used).cloned().collect()
}

/// Returns the licenses that `deny.toml` allows.
fn allowed() -> Vec<String> {
    let deny = text("deny.toml");
    let list = deny.split_once("\nallow = [\n").and_then(|(_, rest)| rest.split_once("]\n")).expect("a list").0;
    list.lines().map(|line| line.trim().trim_matches(['"', ',']).to_owned()).collect()
}

/// Returns whether the allowed licenses satisfy an SPDX expression: one alternative of OR, every part of AND. `/` means
/// OR in old manifests. An exception only adds permissions.
fn met(expression: &str, allowed: &[String]) -> bool {
    let expression = expression.replace('/', " OR ");
    let one = |license: &str| {
        let license = license.trim_matches(|c: char| "() ".contains(c)).split(" WITH ").next().unwrap_or_default();
        allowed.iter().any(|allowed| allowed == license)
    };
    // Inside an AND, an OR occurs only in parentheses, so the expression can be split in this order.
    let any = |part: &str| part.split(" OR ").any(one);
    if expression.contains('(') {
        expression.split(" AND ").all(any)
    } else {
        expression.split(" OR ").any(|part| part.split(" AND ").all(one))
    }
}

#[test]
fn every_package_has_a_license_that_is_allowed() {
    let (packages, allowed) = (packages(), allowed());
    assert!(packages.len() > 100 && allowed.len() > 3, "{} packages, {allowed:?}", packages.len());
    let refused = packages.iter().filter(|package| !package["license"].as_str().is_some_and(|it| met(it, &allowed)));
    let refused: Vec<_> = refused.map(|package| format!("{}: {}", package["name"], package["license"])).collect();
    assert!(refused.is_empty(), "{refused:?}");
    // Every allowed license is used by a package.
    let texts: Vec<_> = packages.iter().filter_map(|package| package["license"].as_str()).collect();
    for license in &allowed {
        assert!(texts.iter().any(|text| text.contains(license.as_str())), "{license} is allowed, and nobody has it");
    }
}

#[test]
fn every_package_is_from_the_registry() {
    for package in packages() {
        let source = package["source"].as_str();
        let ours = package["name"] == "usher" && source.is_none();
        assert!(
            ours || source.is_some_and(|source| source.starts_with("registry+")),
            "{}: {source:?}",
            package["name"]
        );
    }
}

#[test]
fn expressions_are_read() {
    let allowed = ["MIT".to_owned(), "ISC".into(), "Apache-2.0".into()];
    for yes in ["MIT", "GPL-3.0 OR MIT", "Unlicense/MIT", "MIT AND ISC", "(MIT OR GPL-3.0) AND ISC"] {
        assert!(met(yes, &allowed), "{yes}");
    }
    assert!(met("Apache-2.0 WITH LLVM-exception", &allowed));
    for no in ["GPL-3.0", "MIT AND GPL-3.0", "(MIT OR ISC) AND GPL-3.0", "", "LGPL-2.1/GPL-3.0"] {
        assert!(!met(no, &allowed), "{no}");
    }
}
