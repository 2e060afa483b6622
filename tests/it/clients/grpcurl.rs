//! grpcurl, which reads the contract by reflection v1alpha.

use std::process::Command;

use serde_json::{Value, json};

use super::{Demo, Ran, assert_has, login, tools};

/// Time limit of each call in seconds; none takes nearly as long.
const TIMEOUT: &str = "20";

fn grpcurl(options: &[&str], demo: &Demo, what: &[&str]) -> Ran {
    let mut command = Command::new(tools().join("grpcurl"));
    Ran::new(command.args(["-plaintext", "-max-time", TIMEOUT]).args(options).arg(demo.address()).args(what))
}

fn call(demo: &Demo, method: &str, request: &Value) -> Ran {
    grpcurl(&["-d", &request.to_string()], demo, &[method])
}

fn check_out(demo: &Demo, user: &str, device: &str) -> Value {
    call(demo, "usher.v1.SeatService/CheckOut", &login(user, device)).json()
}

#[test]
fn lists_and_describes_what_there_is() {
    let demo = Demo::start();
    let listed = grpcurl(&[], &demo, &["list"]).text();
    let services: Vec<&str> = listed.lines().filter(|name| !name.starts_with("grpc.reflection.")).collect();
    let ours = [
        "AuditService",
        "DirectoryService",
        "LicenseService",
        "NotificationService",
        "SeatService",
        "ServerService",
        "SessionService",
        "TenantService",
        "TokenService",
    ];
    let ours: Vec<String> = ours.iter().map(|name| format!("usher.v1.{name}")).collect();
    assert_eq!(services[0], "grpc.health.v1.Health");
    assert_eq!(services[1..], ours);

    for service in services {
        let described = grpcurl(&[], &demo, &["describe", service]).text();
        assert!(described.contains("rpc "), "{described}");
    }
    // Types in other files are found as well, down to the last one.
    let described = grpcurl(&[], &demo, &["describe", "usher.v1.CheckOutResponse"]).text();
    assert!(described.contains(".usher.v1.Lease lease = 1;"), "{described}");
    let template = grpcurl(&["-msg-template"], &demo, &["describe", "usher.v1.UpdateTenantRequest"]).text();
    assert!(template.contains("\"whenAlreadySignedIn\""), "{template}");
}

#[test]
fn a_seat_is_taken_and_returned() {
    let demo = Demo::start();
    let yes = check_out(&demo, "ann", "laptop");
    assert_has(
        &yes,
        &json!({
            "lease": {
                "tenantId": "demo", "poolId": "primary", "userId": "ann@demo.example", "deviceId": "laptop",
                "organizationId": "north", "ttl": "600s", "heartbeatInterval": "200s", "remaining": "36000s",
            },
            "usage": {"poolId": "primary", "limit": "5", "inUse": "1", "active": "1"},
        }),
    );
    assert_eq!(yes["lease"].get("renewed"), None);

    let again = check_out(&demo, "ann", "laptop");
    let session = &yes["lease"]["sessionId"];
    assert_has(&again, &json!({"lease": {"sessionId": session, "renewed": true}, "usage": {"inUse": "1"}}));

    let request = json!({"tenant_id": "demo", "session_id": session});
    let returned = call(&demo, "usher.v1.SeatService/CheckIn", &request).json();
    assert_eq!(returned, json!({"endedNow": true, "endReason": "SESSION_END_REASON_CHECKED_IN"}));
    let returned = call(&demo, "usher.v1.SeatService/CheckIn", &request).json();
    assert_eq!(returned, json!({"endReason": "SESSION_END_REASON_CHECKED_IN"}));
}

#[test]
fn a_full_pool_is_a_decision_and_no_error() {
    let demo = Demo::start();
    for (at, user) in ["ann", "bob", "cid", "dee", "eve"].into_iter().enumerate() {
        assert_has(&check_out(&demo, user, "desk"), &json!({"usage": {"inUse": (at + 1).to_string()}}));
    }
    let no = check_out(&demo, "fay", "desk");
    assert_has(&no, &json!({"denial": {"reason": "DENIAL_REASON_SEATS_EXHAUSTED"}, "usage": {"inUse": "5"}}));
    assert!(no["denial"]["message"].as_str().unwrap().contains("(5 of 5)"), "{no}");
    // The first lease runs out 600 s after the first login, which was a moment ago.
    let wait: f64 = no["denial"]["retryAfter"].as_str().unwrap().trim_end_matches('s').parse().unwrap();
    assert!((1.0..=600.0).contains(&wait), "{no}");
}

#[test]
fn a_check_in_that_means_a_check_out_is_told_so() {
    let demo = Demo::start();
    let error = call(&demo, "usher.v1.SeatService/CheckIn", &login("ann", "laptop")).failure();
    // grpcurl knows the fields by reflection, and rejects a field that does not exist.
    assert!(error.contains("CheckInRequest has no known field named "), "{error}");

    let error = call(&demo, "usher.v1.SeatService/CheckIn", &json!({"tenant_id": "demo"})).failure();
    for said in ["Code: InvalidArgument", "BadRequest", "session_id", "CheckOut takes a seat"] {
        assert!(error.contains(said), "{said} is not in {error}");
    }
}

#[test]
fn health_is_served() {
    let demo = Demo::start();
    for service in ["", "usher.v1.SeatService", "usher.v1.AuditService"] {
        let answer = call(&demo, "grpc.health.v1.Health/Check", &json!({"service": service})).json();
        assert_eq!(answer, json!({"status": "SERVING"}), "{service}");
    }
    let error = call(&demo, "grpc.health.v1.Health/Check", &json!({"service": "nobody"})).failure();
    assert!(error.contains("Code: NotFound"), "{error}");
}
