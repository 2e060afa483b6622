//! Python's grpcio: the contract by reflection, errors by grpcio-status, health by grpcio-health-checking.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{Demo, Ran, assert_has, python, repository};

fn script(name: &str) -> Command {
    python(&repository().join("tests/it/clients/python").join(name))
}

#[test]
fn walks_by_reflection_v1() {
    walks("v1");
}

#[test]
fn walks_by_reflection_v1alpha() {
    walks("v1alpha");
}

fn walks(reflection: &str) {
    let demo = Demo::start();
    let answers = Ran::new(script("walk.py").args([&demo.address(), reflection])).json();
    let session = &answers["lease"]["session_id"];
    for service in ["AuditService", "DirectoryService", "SeatService", "SessionService", "TenantService"] {
        assert!(answers["services"].as_array().unwrap().contains(&format!("usher.v1.{service}").into()), "{service}");
    }
    assert_has(&answers["lease"], &json!({"user_id": "ann@demo.example", "ttl": "600s", "heartbeat_interval": "200s"}));
    assert_has(&answers["renewed"], &json!({"session_id": session, "renewed": true}));
    assert_has(&answers["heartbeat"], &json!({"lease": {"session_id": session, "renewed": true}}));
    assert_has(&answers["denial"], &json!({"reason": "DENIAL_REASON_SEATS_EXHAUSTED"}));
    assert_has(
        &answers["usage"],
        &json!([
            {"pool_id": "crm", "plan": "PLAN_NAMED", "limit": "3", "in_use": "3", "granted": "3"},
            {"pool_id": "primary", "plan": "PLAN_CONCURRENT", "limit": "5", "in_use": "5", "active": "5"},
        ]),
    );
    assert_pages(&answers["pages"], &["ann", "bob", "cid", "dee", "eve"]);
    assert_eq!(answers["check_in"], json!({"ended_now": true, "end_reason": "SESSION_END_REASON_CHECKED_IN"}));
    assert_has(&answers["late_heartbeat"], &json!({"ended": {"reason": "SESSION_END_REASON_CHECKED_IN"}}));
    watched(&answers);
    refused(&answers);
}

/// Asserts that pages of two contain every user exactly once. Sessions are listed in the order of sign-in; those of the
/// same millisecond may have any order.
fn assert_pages(pages: &Value, users: &[&str]) {
    let pages = pages.as_array().expect("pages").iter().map(|page| page.as_array().expect("a page"));
    let sizes: Vec<usize> = pages.clone().map(Vec::len).collect();
    assert_eq!(sizes, [2, 2, 1]);
    let mut listed: Vec<&str> = pages.flatten().filter_map(Value::as_str).collect();
    listed.sort_unstable();
    assert_eq!(listed, users.iter().map(|user| format!("{user}@demo.example")).collect::<Vec<_>>());
}

/// Asserts that a watch reports one start (a renewal is none) and the end, each with a new cursor.
fn watched(answers: &Value) {
    let session = &answers["lease"]["session_id"];
    assert_has(&answers["watching"], &json!({"watching": {}}));
    assert_has(&answers["started"], &json!({"started": {"session": {"session_id": session}}}));
    let ended = json!({"session": {"session_id": session}, "reason": "SESSION_END_REASON_CHECKED_IN"});
    assert_has(&answers["ended"], &json!({"ended": ended}));
    let cursors: Vec<_> = ["watching", "started", "ended"].map(|event| answers[event]["cursor"].as_str()).into();
    assert!(cursors.iter().all(|cursor| cursor.is_some_and(|cursor| !cursor.is_empty())), "{cursors:?}");
    assert!(cursors[0] != cursors[1] && cursors[1] != cursors[2], "{cursors:?}");
}

/// Asserts that grpcio-status decodes the details of errors.
fn refused(answers: &Value) {
    let fields: Vec<_> = ["tenant_id", "pool_id", "user_id", "device_id"]
        .map(|field| json!({"field": field, "description": "must not be empty"}))
        .into();
    assert_has(
        &answers["bad_request"],
        &json!({
            "code": "INVALID_ARGUMENT",
            "details": {"ErrorInfo": {"domain": "usher"}, "BadRequest": {"field_violations": fields}},
        }),
    );
    let missing = json!({"domain": "usher", "metadata": {"resource": "user", "id": "zoe@demo.example"}});
    assert_has(&answers["not_found"], &json!({"code": "NOT_FOUND", "details": {"ErrorInfo": missing}}));
}

/// Shows that a health check and a health watch report the state, and that a drain is reported before connections
/// close.
#[test]
fn health_is_checked_and_watched_until_the_drain() {
    let demo = Demo::start();
    let mut command = script("health.py");
    command.arg(demo.address()).arg(demo.program.ops.to_string()).args(["", "usher.v1.SeatService", "nobody"]);
    let mut client = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(client.stdout.take().unwrap()).lines().map(|line| {
        let line = line.unwrap();
        serde_json::from_str::<Value>(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    });
    let checked =
        json!({"livez": 200, "readyz": 200, "": "SERVING", "usher.v1.SeatService": "SERVING", "nobody": "NOT_FOUND"});
    assert_eq!(lines.next(), Some(checked));
    assert_eq!(lines.next(), Some("SERVING".into()));
    demo.program.terminate();
    assert_eq!(lines.next(), Some("NOT_SERVING".into()));
    assert!(client.wait().unwrap().success());
    assert_eq!(demo.program.ended().status.code(), Some(0));
}
