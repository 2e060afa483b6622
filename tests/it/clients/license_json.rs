//! `usher license … --json` prints the same as grpcurl, with the contract's field names.

use std::process::Command;

use serde_json::{Value, json};

use super::{Demo, Ran, tools};
use crate::license::workspace::{self, Workspace};

fn grpcurl(demo: &Demo, method: &str, request: &Value) -> Value {
    let mut command = Command::new(tools().join("grpcurl"));
    command.args([
        "-plaintext",
        "-emit-defaults",
        "-max-time",
        "20",
        "-d",
        &request.to_string(),
        &demo.address(),
        method,
    ]);
    named(Ran::new(&mut command).json())
}

/// Removes `installed_at`: it is a tick shown as wall time, which can differ by a millisecond between two answers.
fn steady(mut answer: Value) -> Value {
    let is_time = |at: Option<Value>| at.is_some_and(|at| at.as_str().is_some_and(|at| at.ends_with('Z')));
    let mut licenses: Vec<&mut Value> = match answer.get_mut("license") {
        Some(license) => vec![license],
        None => answer["licenses"].as_array_mut().expect("licenses").iter_mut().collect(),
    };
    for license in &mut licenses {
        assert!(is_time(license.as_object_mut().and_then(|license| license.remove("installed_at"))));
    }
    assert!(!licenses.is_empty());
    answer
}

/// Renames JSON members to the contract's names, such as `licenseId` to `license_id`.
fn named(answer: Value) -> Value {
    match answer {
        Value::Object(members) => members.into_iter().map(|(name, value)| (snake(&name), named(value))).collect(),
        Value::Array(items) => items.into_iter().map(named).collect(),
        other => other,
    }
}

fn snake(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() };
    name.chars().map(letter).collect()
}

#[test]
fn answers_in_json_are_those_of_the_calls() {
    let demo = Demo::start();
    let vendor = Workspace { folder: tempfile::tempdir().unwrap() };
    let key = demo.folder.path().join("demo-vendor.pem");
    vendor.succeeds(&format!(
        "issue --key {} --tenant demo --license-id more --seats primary=2,all=unlimited --feature API_ALLOWED \
         --limit MAX_ARCHIVES=unlimited,MAX_TREES=3 --tier silver --host * --not-before 2020-01-01 --expires 2999-01-01 \
         --out more.lic",
        key.display()
    ));
    let usher = |words: &str| {
        workspace::json(&vendor.succeeds(&format!("{words} --tenant demo --json --address {}", demo.address())))
    };
    let first = usher("install more.lic");
    assert_eq!(first["changed"], true);
    let mut pools = first["pools"].as_array().unwrap().iter();
    let fresh = pools.find(|pool| pool["after"]["pool_id"] == "all").expect("a pool that no license had named");
    assert_eq!(fresh["before"], Value::Null);
    let again = json!({"tenant_id": "demo", "document": vendor.read("more.lic")});
    let (install, list) = ("usher.v1.LicenseService/InstallLicense", "usher.v1.LicenseService/ListLicenses");
    assert_eq!(steady(usher("install more.lic")), steady(grpcurl(&demo, install, &again)));
    let tenant = json!({"tenant_id": "demo"});
    assert_eq!(steady(usher("list")), steady(grpcurl(&demo, list, &tenant)));

    // Commands that change something are run once with each client.
    let deleted = usher("delete more");
    assert_eq!(grpcurl(&demo, install, &again)["changed"], true);
    let one = json!({"tenant_id": "demo", "license_id": "more"});
    assert_eq!(deleted, grpcurl(&demo, "usher.v1.LicenseService/DeleteLicense", &one));
    assert!(deleted["pools"].as_array().is_some_and(|pools| !pools.is_empty()), "{deleted:#}");
    let all = usher("delete --all");
    assert_eq!((&all["changed"], all["pools"][0]["after"]["demo"].as_bool()), (&json!(true), Some(true)));
    assert_eq!(usher("delete --all"), grpcurl(&demo, "usher.v1.LicenseService/DeleteLicenses", &tenant));
}
