//! `buf curl` over the protocols of other gRPC implementations: gRPC and gRPC-Web.

use std::process::Command;

use serde_json::{Value, json};

use super::{Demo, Ran, assert_has, login, repository};

fn check_out(demo: &Demo, protocol: &str, reflection: &str, user: &str) -> Value {
    let script = repository().join("scripts/buf.sh");
    let installed = std::fs::read_dir(repository().join(".tools"))
        .is_ok_and(|found| found.flatten().any(|found| found.file_name().to_string_lossy().starts_with("buf-")));
    assert!(installed, "run 'make tools': buf is not in .tools/");
    let url = format!("http://{}/usher.v1.SeatService/CheckOut", demo.address());
    let mut command = Command::new(script);
    command.args(["curl", "--http2-prior-knowledge", "--protocol", protocol, "--reflect-protocol", reflection]);
    Ran::new(command.args(["--data", &login(user, "laptop").to_string(), &url])).json()
}

#[test]
fn calls_over_grpc_and_grpc_web() {
    let demo = Demo::start();
    let yes = check_out(&demo, "grpc", "grpc-v1", "ann");
    assert_has(&yes, &json!({"lease": {"userId": "ann@demo.example"}, "usage": {"inUse": "1"}}));
    let again = check_out(&demo, "grpcweb", "grpc-v1alpha", "ann");
    let session = &yes["lease"]["sessionId"];
    assert_has(&again, &json!({"lease": {"sessionId": session, "renewed": true}, "usage": {"inUse": "1"}}));
    let no = check_out(&demo, "grpcweb", "grpc-v1", "zoe");
    assert_has(&no, &json!({"denial": {"reason": "DENIAL_REASON_USER_NOT_FOUND"}}));
}
