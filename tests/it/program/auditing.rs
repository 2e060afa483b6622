//! The audit of a running service: export as a file, and retention.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use tonic::transport::Channel;
use tonic::{Code, Status, Streaming};
use tonic_types::StatusExt;
use usher::ids::{EventNo, OwnerToken, Seq, ShardId, TenantNo};
use usher::ledger::change::{Action, Actor, AuditEvent};
use usher::ledger::time::WallTime;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::{
    AuditAction, AuditEvent as Listed, AuditExportFormat, ExportAuditEventsRequest, ExportAuditEventsResponse,
    ListAuditEventsRequest,
};
use usher::store::postgres::{DatabaseUrl, PostgresStore};
use usher::store::sqlite::SqliteStore;
use usher::store::{Batch, Position, Store, audit_block};

use super::{check_out, start, tenant_with_users, users};
use crate::conformance::audit::everything;
use crate::shell::page;
use crate::support::memory::installation;
use crate::support::program::{Data, Program};

super::on_both_stores!(an_export_is_what_the_list_is, old_events_are_forgotten_while_it_serves);

fn audit(program: &Program) -> AuditServiceClient<Channel> {
    AuditServiceClient::new(program.channel())
}

async fn list(program: &Program, request: ListAuditEventsRequest) -> Vec<Listed> {
    let mut request = ListAuditEventsRequest { tenant_id: "acme".into(), page_size: 700, ..request };
    let mut events = Vec::new();
    loop {
        let page = audit(program).list_audit_events(request.clone()).await.expect("a page").into_inner();
        events.extend(page.events);
        if page.next_page_token.is_empty() {
            return events;
        }
        request.page_token = page.next_page_token;
    }
}

async fn exporting(
    program: &Program,
    request: ExportAuditEventsRequest,
) -> Result<Streaming<ExportAuditEventsResponse>, Status> {
    let request = ExportAuditEventsRequest { tenant_id: "acme".into(), ..request };
    audit(program).export_audit_events(request).await.map(tonic::Response::into_inner)
}

/// Exports the whole file. Its chunks are whole lines.
async fn export(program: &Program, request: ExportAuditEventsRequest) -> Result<String, Status> {
    let mut pieces = exporting(program, request).await?;
    let mut file = Vec::new();
    while let Some(piece) = pieces.message().await? {
        assert!(piece.data.ends_with(b"\n"), "a piece ends with its line");
        file.extend(piece.data);
    }
    Ok(String::from_utf8(file).expect("UTF-8"))
}

fn json_lines() -> ExportAuditEventsRequest {
    ExportAuditEventsRequest { format: AuditExportFormat::JsonLines.into(), ..Default::default() }
}

async fn an_export_is_what_the_list_is(data: &Data<'_>) {
    let program = start(data, 2);
    tenant_with_users(&program, "acme", &users(1_500)).await;
    let mut seats = program.seats();
    for user in ["user0@acme.example", "user1@acme.example", "user2@acme.example", "nobody"] {
        let _ = check_out(&mut seats, user).await;
    }
    // A denial's event is written with the next batch (R21).
    let denials = ListAuditEventsRequest { action: AuditAction::CheckOutDenied.into(), ..Default::default() };
    while list(&program, denials.clone()).await.len() < 2 {}
    let listed = list(&program, ListAuditEventsRequest::default()).await;
    assert!(listed.len() > 3_000, "{} events", listed.len());
    assert_eq!(listed.iter().map(|event| &event.event_id).collect::<BTreeSet<_>>().len(), listed.len());

    let lines = export(&program, json_lines()).await.unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let fields = ["event_id", "actor", "tenant_id", "user_id", "pool_id", "session_id", "reason", "detail"];
    let event_fields = |event: &Listed| {
        let Listed { event_id, actor, tenant_id, user_id, pool_id, session_id, reason, detail, .. } = event.clone();
        [event_id, actor, tenant_id, user_id, pool_id, session_id, reason, detail]
    };
    assert_eq!(lines.len(), listed.len());
    for (line, event) in lines.iter().zip(&listed) {
        assert_eq!(fields.map(|field| line[field].as_str().expect(field).to_owned()), event_fields(event));
        assert_eq!(line["action"], event.action().as_str_name());
        assert_eq!(line["occurred_at"], event.occurred_at.expect("a time").to_string());
    }

    let denied = ExportAuditEventsRequest {
        columns: ["action", "reason", "user_id", "count"].map(str::to_owned).to_vec(),
        delimiter: ";".into(),
        action: AuditAction::CheckOutDenied.into(),
        ..Default::default()
    };
    let expected = "action;reason;user_id;count\r\n\
        CHECK_OUT_DENIED;DENIAL_REASON_USER_NOT_FOUND;nobody;1\r\n\
        CHECK_OUT_DENIED;DENIAL_REASON_SEATS_EXHAUSTED;user2@acme.example;1\r\n";
    assert_eq!(export(&program, denied).await.unwrap(), expected);
    let of = |user: &str| ExportAuditEventsRequest { user_id: user.into(), ..json_lines() };
    assert_eq!(export(&program, of("user1@acme.example")).await.unwrap().lines().count(), 3);
    assert_eq!(export(&program, of("user9999@acme.example")).await.unwrap(), "");
    let nothing = ExportAuditEventsRequest { user_id: "x".into(), columns: vec!["actor".into()], ..Default::default() };
    assert_eq!(export(&program, nothing).await.unwrap(), "actor\r\n", "a file without events has a header");

    let strange = ExportAuditEventsRequest { tenant_id: "ghost".into(), ..Default::default() };
    let error = audit(&program).export_audit_events(strange).await.unwrap().into_inner().message().await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "{error:?}");
}

/// Shows that exports are limited, that an unread export keeps its slot, and that the stop of the service ends an
/// export with an error, which says that the file is not whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_are_few_and_say_when_they_are_not_whole() {
    let folder = tempfile::tempdir().unwrap();
    let program = start(&Data::Folder(folder.path()), 2);
    tenant_with_users(&program, "acme", &users(10_000)).await;
    let mut open = Vec::new();
    // A tenant may have a quarter of the eight slots.
    for _ in 0..2 {
        open.push(exporting(&program, json_lines()).await.expect("a place"));
    }
    let refused = exporting(&program, json_lines()).await.expect_err("no place");
    let reason = refused.get_details_error_info().expect("details").reason;
    assert_eq!((refused.code(), reason.as_str()), (Code::Unavailable, "TOO_MANY_EXPORTS"));
    let mut last = open.pop().expect("one is left");
    drop(open);
    // The slots are free as soon as the service notices the cancellation.
    while exporting(&program, json_lines()).await.is_err() {}
    program.terminate();
    let error = loop {
        match last.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("it was not whole"),
            Err(status) => break status,
        }
    };
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    assert!(error.message().contains("not whole"), "{error:?}");
    assert_eq!(program.ended().status.code(), Some(0));
}

/// Returns the wall time.
#[allow(clippy::disallowed_methods)] // The program uses the machine's clock.
fn now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    WallTime(i64::try_from(since.as_millis()).expect("a while to go"))
}

/// Writes the audit of a deleted tenant: a block 500 days ago, a block yesterday, and a few events today.
async fn write_history(store: &dyn Store) {
    store.installation(installation(1)).await.expect("a store");
    let (owner, mut position) = store.claim(ShardId(0), None, OwnerToken::random().into()).await.expect("a claim");
    let mut next = 1;
    for (days, count) in [(500, audit_block::MAX_BLOCK_EVENTS), (1, audit_block::MAX_BLOCK_EVENTS), (0, 10)] {
        let at = now().minus(Duration::from_secs(days * 24 * 60 * 60));
        let event = |no| AuditEvent {
            no: EventNo(no),
            tenant: TenantNo(1),
            at,
            actor: Actor::service(),
            action: Action::TenantUpdated,
            reason: None,
            user: None,
            pool: None,
            session: None,
            organization: None,
            count: 1,
            detail: "".into(),
        };
        let events: Vec<_> = (next..).take(count).map(event).collect();
        next += count as u64;
        let seq = Seq(position.seq.0 + 1);
        let last_event = EventNo(next - 1);
        position = Position { seq, wall: at, wall_high: at, last_tenant: TenantNo(1), last_event, ..position };
        store.commit(ShardId(0), owner, Arc::new(Batch { position, rows: vec![], events })).await.expect("a commit");
    }
    store.release(ShardId(0), owner, None).await.expect("a release");
    store.close().await;
}

/// Waits until the metrics have this line.
fn shows(program: &Program, line: &str) {
    while !page(program.ops, "/metrics").1.lines().any(|shown| shown == line) {
        std::thread::yield_now();
    }
}

async fn old_events_are_forgotten_while_it_serves(data: &Data<'_>) {
    match data {
        Data::Folder(folder) => write_history(&SqliteStore::open(folder).expect("a store")).await,
        Data::Postgres(url) => {
            let url = DatabaseUrl::parse(&(*url).into()).expect("a URL");
            write_history(&PostgresStore::open(&url, true).await.expect("a store")).await;
        }
    }
    let program = Program::start(data, &["--shards", "1", "--audit-retention", "400d"]);
    let expected = format!("usher_audit_events_expired_total {}", audit_block::MAX_BLOCK_EVENTS);
    shows(&program, &expected);
    tenant_with_users(&program, "acme", &users(10)).await;
    assert!(list(&program, ListAuditEventsRequest::default()).await.len() >= 20, "what happens is audited as ever");
    shows(&program, &expected);
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
    // The deleted tenant has no name any more, so its events are counted in the store.
    let left = match data {
        Data::Folder(folder) => left(&SqliteStore::open(folder).expect("a store")).await,
        Data::Postgres(url) => {
            let url = DatabaseUrl::parse(&(*url).into()).expect("a URL");
            left(&PostgresStore::open(&url, true).await.expect("a store")).await
        }
    };
    assert_eq!(left, audit_block::MAX_BLOCK_EVENTS + 10);
}

/// Returns the number of events before those of the present tenant.
async fn left(store: &dyn Store) -> usize {
    let last = EventNo(2 * audit_block::MAX_BLOCK_EVENTS as u64 + 11);
    let mut query = everything(1);
    query.before = Some(last);
    let mut count = 0;
    loop {
        let page = store.audit(query.clone()).await.expect("an audit");
        count += page.events.len();
        if page.next.is_none() {
            return count;
        }
        query.before = page.next;
    }
}
