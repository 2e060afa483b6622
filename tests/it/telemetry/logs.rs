//! Log lines: their content, and changes of the log filter at run time.

use serde_json::Value;
use tonic::Code;
use tonic_types::StatusExt;
use usher::proto::v1::server_service_client::ServerServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{SetLogFilterRequest, SuspendTenantRequest};

use super::{login, parent, with};
use crate::support::program::{Data, Program};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn suspend(headers: &[(&'static str, &str)]) -> tonic::Request<SuspendTenantRequest> {
    with(SuspendTenantRequest { tenant_id: "demo".into() }, headers)
}

fn filter(text: &str, seconds: Option<i64>) -> SetLogFilterRequest {
    let duration = seconds.map(|seconds| prost_types::Duration { seconds, nanos: 0 });
    SetLogFilterRequest { filter: text.into(), duration }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_act_is_a_line_with_the_ids_of_its_call() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(&folder.path().join("data")), &["--demo"]);
    let mut tenants = TenantServiceClient::new(program.channel());
    let headers = parent(TRACE, false);
    tenants.suspend_tenant(suspend(&[("x-request-id", "r-1"), ("traceparent", &headers)])).await.unwrap();
    let line = program.says("action=\"SuspendTenant\"");
    for part in [
        " INFO ",
        "method=\"usher.v1.TenantService/SuspendTenant\"",
        "request_id=\"r-1\"",
        &format!("trace_id=\"{TRACE}\""),
        "actor=\"anonymous\"",
        "tenant=demo",
    ] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    // A request id that cannot be logged or is too long is replaced.
    for id in ["a b", &"x".repeat(129)] {
        tenants.suspend_tenant(suspend(&[("x-request-id", id)])).await.unwrap();
        let line = program.says("action=\"SuspendTenant\"");
        let given = line.split("request_id=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("an id");
        assert!(given.len() == 16 && given.bytes().all(|byte| byte.is_ascii_hexdigit()), "{line}");
        assert!(!line.contains("trace_id"), "{line}");
    }
    let refused = SuspendTenantRequest { tenant_id: "ghost".into() };
    assert_eq!(tenants.suspend_tenant(refused).await.unwrap_err().code(), Code::NotFound);
    program.terminate();
    let ended = program.ended();
    assert!(!ended.errors.contains("ghost"), "what was refused is no act: {}", ended.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn machines_read_the_same_in_json() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start_in_json(&Data::Folder(&folder.path().join("data")), &["--demo"]);
    let mut tenants = TenantServiceClient::new(program.channel());
    tenants.suspend_tenant(suspend(&[("x-request-id", "r-1")])).await.unwrap();
    let line: Value = serde_json::from_str(&program.says("SuspendTenant")).expect("JSON");
    assert_eq!((&line["level"], &line["action"]), (&"INFO".into(), &"SuspendTenant".into()), "{line}");
    assert_eq!((&line["actor"], &line["tenant"]), (&"anonymous".into(), &"demo".into()));
    let call = &line["span"];
    assert_eq!((&call["name"], &call["request_id"]), (&"call".into(), &"r-1".into()), "{line}");
    assert_eq!(call["method"], "usher.v1.TenantService/SuspendTenant");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn decisions_are_told_to_who_asks_for_them_and_for_as_long() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(&folder.path().join("data")), &["--demo"]);
    let (mut seats, mut server) = (program.seats(), ServerServiceClient::new(program.channel()));
    seats.check_out(login("ann")).await.unwrap();
    let changed = server.set_log_filter(filter("info,usher::decisions=debug", Some(1))).await.unwrap().into_inner();
    assert_eq!((&*changed.previous, &*changed.current), ("info", "info,usher::decisions=debug"));
    let line = program.says("action=\"SetLogFilter\"");
    assert!(line.contains("filter=\"info,usher::decisions=debug\"") && line.contains("anonymous"), "{line}");
    seats.check_out(with(login("bob"), &[("x-request-id", "r-2")])).await.unwrap();
    let line = program.says("decision=");
    for part in ["DEBUG", "request_id=\"r-2\"", "decision=\"GRANTED\"", "user=bob@demo.example", "pool=primary"] {
        assert!(line.contains(part), "no {part} in {line}");
    }
    // After a second the previous filter is back.
    program.says("the log filter was reset");
    seats.check_out(login("cid")).await.unwrap();
    program.terminate();
    let ended = program.ended();
    assert!(!ended.errors.contains("decision="), "{}", ended.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_is_none_is_refused_by_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let program = Program::start(&Data::Folder(&folder.path().join("data")), &["--demo"]);
    let mut server = ServerServiceClient::new(program.channel());
    for (request, field) in [
        (filter("usher=loud", None), "filter"),
        (filter("infoo", None), "filter"),
        (filter("", None), "filter"),
        (filter(&"a".repeat(1_025), None), "filter"),
        (filter("info", Some(0)), "duration"),
    ] {
        let status = server.set_log_filter(request).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument);
        let fields = status.get_details_bad_request().expect("fields").field_violations;
        assert_eq!(fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), [field]);
    }
}
