//! Spans: their traces, their attributes, their links, and what they must not contain.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use tonic::Code;
use usher::proto::v1::check_out_response::Outcome;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    CreateOrganizationRequest, GetUsageRequest, HeartbeatRequest, Organization, WatchSessionsRequest,
};

use super::collector::{Collector, attributes, hex};
use super::{login, parent, with};
use crate::support::program::{Data, Program};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const OTHER: &str = "1bf7651916cd43dd8448eb211c80319c";

fn start(folder: &tempfile::TempDir, variables: &[(&str, String)]) -> Program {
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let data = folder.path().join("data");
    Program::launch(&Data::Folder(&data), &["--demo", "--max-watchers", "0"], &variables)
        .unwrap_or_else(|ended| panic!("{ended:?}"))
}

/// Returns the spans of a trace, by name.
fn named<'a>(spans: &'a [Span], trace: &str) -> BTreeMap<&'a str, &'a Span> {
    spans.iter().filter(|span| hex(&span.trace_id) == trace).map(|span| (span.name.as_str(), span)).collect()
}

fn has(spans: &[Span], trace: &str, name: &str) -> bool {
    named(spans, trace).contains_key(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_a_span_in_its_callers_trace_with_what_it_waited_for() {
    let (collector, folder) = (Collector::open().await, tempfile::tempdir().unwrap());
    let program = start(&folder, &collector.variables());
    let mut seats = program.seats();
    let headers = parent(TRACE, true);
    let request = with(login("ann"), &[("traceparent", &headers), ("tracestate", "vendor=opaque")]);
    let answer = seats.check_out(request).await.unwrap().into_inner();
    let Some(Outcome::Lease(lease)) = answer.outcome else { panic!("{answer:?}") };
    let beat = HeartbeatRequest { tenant_id: "demo".into(), session_id: lease.session_id.clone(), active: true };
    let headers = parent(OTHER, true);
    seats.heartbeat(with(beat, &[("traceparent", &headers)])).await.unwrap();

    let (check_out, heartbeat) = ("usher.v1.SeatService/CheckOut", "usher.v1.SeatService/Heartbeat");
    let all = |spans: &[Span]| {
        [check_out, "queue", "batch", "commit"].iter().all(|name| has(spans, TRACE, name))
            && [heartbeat, "queue"].iter().all(|name| has(spans, OTHER, name))
    };
    let spans = collector.until(all).await;
    let of = named(&spans, TRACE);
    let call = of[check_out];
    assert_eq!((hex(&call.parent_span_id).as_str(), &*call.trace_state), ("b7ad6b7169203331", "vendor=opaque"));
    assert_eq!(call.kind(), SpanKind::Server);
    let found = attributes(&call.attributes);
    for (name, value) in [
        ("rpc.system", "grpc"),
        ("rpc.service", "usher.v1.SeatService"),
        ("rpc.method", "CheckOut"),
        ("rpc.grpc.status_code", "0"),
        ("network.peer.address", "127.0.0.1"),
    ] {
        assert_eq!(found[name], value, "{name}");
    }
    for name in ["queue", "batch", "commit"] {
        let span = of[name];
        assert_eq!(span.parent_span_id, call.span_id, "{name}");
        assert!(call.start_time_unix_nano <= span.start_time_unix_nano, "{name}");
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano, "{name}");
    }
    assert!(of["queue"].end_time_unix_nano <= of["batch"].start_time_unix_nano);
    assert_eq!(of["batch"].end_time_unix_nano, of["commit"].start_time_unix_nano);
    let found = attributes(&of["commit"].attributes);
    assert_eq!((found["usher.shard"].as_str(), found["usher.batch.commands"].as_str()), ("0", "1"));
    assert_eq!(named(&spans, OTHER).into_keys().collect::<Vec<_>>(), ["queue", heartbeat], "it waits for no batch");
    assert_eq!(collector.resource()["service.name"], "usher");

    program.terminate();
    assert!(program.ended().status.success());
    let sent = String::from_utf8_lossy(&collector.bytes()).into_owned();
    for secret in ["ann", "demo.example", "toughbook", "firefox", &lease.session_id] {
        assert!(!sent.contains(secret), "{secret} left the house");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_of_the_server_is_one_and_a_mistake_of_the_caller_is_none() {
    let (collector, folder) = (Collector::open().await, tempfile::tempdir().unwrap());
    let program = start(&folder, &collector.variables());
    let mut tenants = TenantServiceClient::new(program.channel());
    let headers = parent(TRACE, true);
    let ghost = GetUsageRequest { tenant_id: "ghost".into() };
    let status = tenants.get_usage(with(ghost, &[("traceparent", &headers)])).await.unwrap_err();
    assert_eq!(status.code(), Code::NotFound);
    // This program admits no watch (`--max-watchers 0`).
    let headers = parent(OTHER, true);
    let watch = WatchSessionsRequest { tenant_id: "demo".into(), ..Default::default() };
    let mut sessions = SessionServiceClient::new(program.channel());
    let status = sessions.watch_sessions(with(watch, &[("traceparent", &headers)])).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let (usage, watch) = ("usher.v1.TenantService/GetUsage", "usher.v1.SessionService/WatchSessions");
    let spans = collector.until(|spans| has(spans, TRACE, usage) && has(spans, OTHER, watch)).await;
    for (trace, name, code, error) in [(TRACE, usage, "5", false), (OTHER, watch, "14", true)] {
        let span = named(&spans, trace)[name];
        assert_eq!(attributes(&span.attributes)["rpc.grpc.status_code"], code);
        let failed = span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error);
        assert_eq!(failed, error, "{span:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_caller_does_not_sample_is_not_traced_and_nonsense_begins_a_trace() {
    let (collector, folder) = (Collector::open().await, tempfile::tempdir().unwrap());
    let program = start(&folder, &collector.variables());
    let mut seats = program.seats();
    for headers in [parent(TRACE, false), "00-nonsense-01".to_owned(), parent(OTHER, true)] {
        seats.check_out(with(login("bob"), &[("traceparent", &headers)])).await.unwrap();
    }
    let check_out = "usher.v1.SeatService/CheckOut";
    let spans = collector.until(|spans| has(spans, OTHER, check_out)).await;
    assert!(named(&spans, TRACE).is_empty(), "{spans:#?}");
    let begun: Vec<_> = spans.iter().filter(|span| span.name == check_out && span.parent_span_id.is_empty()).collect();
    assert_eq!(begun.len(), 1, "of the nonsense: {spans:#?}");
}

/// Shows that commits of calls which share a batch are linked, with as many links as calls, not as many as pairs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_of_one_batch_are_linked() {
    const CALLS: usize = 48;
    let (collector, folder) = (Collector::open().await, tempfile::tempdir().unwrap());
    let program = start(&folder, &collector.variables());
    let directory = DirectoryServiceClient::new(program.channel());
    let mut shared = None;
    // Calls are likely to share a batch in each round.
    for round in 0..100 {
        let calls = (0..CALLS).map(|call| {
            let mut directory = directory.clone();
            let organization_id = format!("o-{round}-{call}");
            let organization = Organization { organization_id, display_name: "x".into(), ..Default::default() };
            let organization = Some(organization);
            let request = CreateOrganizationRequest { tenant_id: "demo".into(), organization };
            async move { directory.create_organization(request).await.unwrap() }
        });
        join_all(calls).await;
        let commits = |spans: &[Span]| spans.iter().filter(|span| span.name == "commit").count();
        let spans = collector.until(|spans| commits(spans) >= (round + 1) * CALLS).await;
        shared = spans.iter().find(|span| span.links.len() > 1).cloned();
        if shared.is_some() {
            break;
        }
    }
    let first = shared.expect("calls that shared a batch");
    let spans = collector.spans();
    let by_id: BTreeMap<_, _> = spans.iter().map(|span| (span.span_id.clone(), span)).collect();
    for link in &first.links {
        let other = by_id[&link.span_id];
        assert_eq!((&other.trace_id, other.name.as_str()), (&link.trace_id, "commit"));
        assert_ne!(other.trace_id, first.trace_id);
        let back: Vec<_> = other.links.iter().map(|link| link.span_id.clone()).collect();
        assert_eq!(back, std::slice::from_ref(&first.span_id));
    }
    let commands = attributes(&first.attributes)["usher.batch.commands"].parse::<usize>().unwrap();
    assert!(first.links.len() < commands, "{} links in a batch of {commands}", first.links.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_spans_are_sent_at_the_stop() {
    let (collector, folder) = (Collector::open().await, tempfile::tempdir().unwrap());
    let [endpoint, _] = collector.variables();
    let name = ("OTEL_SERVICE_NAME", "gate".to_owned());
    let program = start(&folder, &[endpoint, ("OTEL_BSP_SCHEDULE_DELAY", "3600000".to_owned()), name]);
    program.seats().check_out(login("ann")).await.unwrap();
    assert!(collector.spans().is_empty(), "an hour is not over");
    program.terminate();
    let ended = program.ended();
    assert!(ended.status.success(), "{ended:?}");
    assert!(collector.spans().iter().any(|span| span.name == "usher.v1.SeatService/CheckOut"));
    assert_eq!(collector.resource()["service.name"], "gate");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_away_costs_a_line_and_no_call() {
    let folder = tempfile::tempdir().unwrap();
    let variables = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1".to_owned())];
    let delay = ("OTEL_BSP_SCHEDULE_DELAY", "10".to_owned());
    let program = start(&folder, &[&variables[..], &[delay]].concat());
    let mut seats = program.seats();
    seats.check_out(login("ann")).await.unwrap();
    program.says("the collector does not accept traces");
    for _ in 0..200 {
        seats.check_out(login("ann")).await.unwrap();
    }
    program.terminate();
    let ended = program.ended();
    assert!(ended.status.success(), "{ended:?}");
    assert!(!ended.errors.contains("the collector does not accept traces;"), "once is enough: {}", ended.errors);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_setting_is_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let wrong = [("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"), ("OTEL_TRACES_SAMPLER", "sometimes")];
    let Err(ended) = Program::launch(&Data::Folder(&data), &[], &wrong) else { panic!("it started") };
    assert_eq!(ended.status.code(), Some(2));
    for name in ["OTEL_EXPORTER_OTLP_ENDPOINT: ", "OTEL_TRACES_SAMPLER: \"sometimes\""] {
        assert!(ended.errors.contains(name), "{}", ended.errors);
    }
}
