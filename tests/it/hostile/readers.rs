//! Clients that do not read answers, that send half of a request, and that cancel calls.

use bytes::Bytes;
use http_body_util::StreamBody;
use tokio::task::JoinSet;
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint};
use tower::{Service, ServiceExt};
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    AuditAction, BatchGrantSeatsRequest, CheckInRequest, GetUsageRequest, ListAuditEventsRequest, ListSessionsRequest,
};

use super::*;

/// `INITIAL_WINDOW_SIZE` 0: the server may send no data.
const NO_WINDOW: &[(u16, u32)] = &[(4, 0)];

/// Calls per connection: the most that the program allows.
const CALLS: u32 = 1_000;

/// Returns a request that contains a tenant only.
fn tenant_alone() -> Vec<u8> {
    [&[0x0a, neighbor::TENANT.len() as u8][..], neighbor::TENANT.as_bytes()].concat()
}

/// Opens a connection with many calls, and never reads an answer.
async fn unread(api: std::net::SocketAddr, path: &str, settings: &[(u16, u32)]) -> TcpStream {
    let mut socket = wire::connect(api).await;
    let calls = (0..CALLS).flat_map(|number| wire::call(2 * number + 1, path, &tenant_alone()));
    let all: Vec<u8> = wire::hello(settings).into_iter().chain(calls).collect();
    socket.write_all(&all).await.unwrap();
    socket
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_nobody_reads() {
    let scene = Scene::set(&["--max-calls", "5500", "--max-deadline", "4s", "--deadline", "4s"]).await;
    let mut sockets = Vec::new();
    for _ in 0..5 {
        sockets.push(unread(scene.program.api, "/usher.v1.SessionService/ListSessions", NO_WINDOW).await);
    }
    // The answers are ready, but their calls stay open: unread answers count as calls in flight.
    scene.until(&format!("usher_calls_in_flight {}", 5 * CALLS)).await;
    scene.neighbor_is_well("unread answers");
    // The server closes the connections within two deadlines; this client closes none.
    scene.until("usher_connections 1").await;
    drop(sockets);
    scene.end("unread answers", 128.0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watchers_that_do_not_read() {
    // One tenant may have a quarter of all watches.
    let scene = Scene::set(&["--max-watchers", "4000"]).await;
    // First connections without a window; then with a window, but with a socket that is never read.
    let stuck = unread(scene.program.api, wire::WATCH, NO_WINDOW).await;
    scene.until(&format!("usher_calls_in_flight {CALLS}")).await;
    // Each login of the neighbor sends two events to every watch.
    scene.neighbor_is_well("stuck watchers");
    drop(stuck);
    scene.until("usher_connections 1").await;
    let stuck = unread(scene.program.api, wire::WATCH, &[]).await;
    scene.until(&format!("usher_calls_in_flight {CALLS}")).await;
    scene.neighbor_is_well("slow watchers");
    drop(stuck);
    scene.end("watchers", 200.0).await;
}

/// Returns a request of 4 MiB whose last byte never comes.
fn half(api: std::net::SocketAddr) -> http::Request<Body> {
    const LENGTH: usize = 4 * 1024 * 1024;
    const CHUNK: usize = 64 * 1024;
    let first = [&[0][..], &(LENGTH as u32).to_be_bytes(), &[0; CHUNK - 6]].concat();
    let rest = std::iter::repeat_n(vec![0; CHUNK], LENGTH / CHUNK - 1);
    let frames = std::iter::once(first)
        .chain(rest)
        .map(|bytes| Ok::<_, tonic::Status>(http_body::Frame::data(Bytes::from(bytes))));
    let body = futures_util::StreamExt::chain(tokio_stream::iter(frames), tokio_stream::pending());
    let body = Body::new(StreamBody::new(body));
    let request = http::Request::post(format!("http://{api}/usher.v1.DirectoryService/CreateUser"));
    request.header("content-type", "application/grpc").header("te", "trailers").body(body).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_that_never_become_whole() {
    let scene = Scene::set(&["--deadline", "3s"]).await;
    let api = scene.program.api;
    let mut halves = JoinSet::new();
    for _ in 0..2 {
        let channel = Endpoint::from_shared(format!("http://{api}")).unwrap().connect().await.unwrap();
        for _ in 0..100 {
            let mut channel = channel.clone();
            halves.spawn(async move {
                let answer = channel.ready().await.unwrap().call(half(api)).await.unwrap();
                answer.headers().get("grpc-status").map(|status| status.to_str().unwrap().to_owned())
            });
        }
    }
    scene.neighbor_is_well("halves");
    // Requests beyond the budget are refused at once, the others at the deadline: UNAVAILABLE and DEADLINE_EXCEEDED.
    let statuses = soon(halves.join_all()).await;
    assert!(statuses.iter().flatten().all(|status| ["14", "4"].contains(&&**status)), "{statuses:?}");
    assert_eq!(statuses.iter().flatten().count(), 200, "{statuses:?}");
    scene.end("halves", 160.0).await;
}

/// Users whose check-outs are canceled.
const USERS: usize = 4_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_are_cancelled_right_after_they_were_sent() {
    let scene = Scene::set(&["--demo-seats", "10000"]).await;
    let mut seats = scene.program.seats();
    let users: Vec<_> = (0..USERS).map(|at| format!("user{at}@acme.example")).collect();
    for user_ids in users.chunks(1_000) {
        let (tenant_id, pool_ids) = (neighbor::TENANT.into(), vec![neighbor::POOL.into()]);
        let user_ids = user_ids.to_vec();
        let grant = BatchGrantSeatsRequest { tenant_id, pool_ids, user_ids, ..Default::default() };
        seats.batch_grant_seats(grant).await.unwrap();
    }
    let storm = tokio::spawn(storm(seats, users));
    scene.neighbor_is_well("cancelled calls");
    let cancelled = storm.await.unwrap();
    scene.until("usher_calls_in_flight 0").await;
    scene.until("usher_queue_commands 0").await;
    let ended = end_all(&scene).await;
    eprintln!("cancelled calls: {cancelled} of {USERS} were cancelled, {ended} came through");
    assert!(cancelled > 0 && ended > 0, "{cancelled} were cancelled, {ended} came through");
    scene.end("cancelled calls", 100.0).await;
}

/// Cancels check-outs after at most four milliseconds: they are sent by then, and often not answered. Returns the
/// number of canceled calls.
async fn storm(seats: SeatServiceClient<Channel>, users: Vec<String>) -> usize {
    let mut cancelled = 0;
    for users in users.chunks(50) {
        let calls = users.iter().enumerate().map(|(at, user)| {
            let mut seats = seats.clone();
            let patience = Duration::from_millis(at as u64 % 5);
            let request = neighbor::check_out(user);
            async move { tokio::time::timeout(patience, seats.check_out(request)).await.is_err() }
        });
        cancelled += futures_util::future::join_all(calls).await.into_iter().filter(|cancelled| *cancelled).count();
    }
    cancelled
}

/// Asserts that listed sessions, seats in use and starts in the audit agree. Ends the sessions, and returns their
/// number.
async fn end_all(scene: &Scene) -> usize {
    let tenant_id = || neighbor::TENANT.to_owned();
    let mut audit = AuditServiceClient::new(scene.program.channel());
    let mut seats = scene.program.seats();
    let usage = || async {
        let request = GetUsageRequest { tenant_id: tenant_id() };
        let usage = TenantServiceClient::new(scene.program.channel()).get_usage(request).await.unwrap().into_inner();
        usage.pools[0].in_use
    };
    let in_use = usage().await;
    let mut started = 0;
    let mut request = ListAuditEventsRequest { tenant_id: tenant_id(), page_size: 1_000, ..Default::default() };
    request.action = AuditAction::SessionStarted.into();
    loop {
        let page = audit.list_audit_events(request.clone()).await.unwrap().into_inner();
        started += page.events.iter().filter(|event| event.user_id != neighbor::USER).count();
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let mut listed = 0;
    let mut sessions = usher::proto::v1::session_service_client::SessionServiceClient::new(scene.program.channel());
    loop {
        let request = ListSessionsRequest { tenant_id: tenant_id(), page_size: 1_000, ..Default::default() };
        let page = sessions.list_sessions(request).await.unwrap().into_inner().sessions;
        if page.is_empty() {
            break;
        }
        listed += page.len();
        for session in page {
            let request = CheckInRequest { tenant_id: tenant_id(), session_id: session.session_id };
            assert!(seats.check_in(request).await.unwrap().into_inner().ended_now);
        }
    }
    assert_eq!((listed as u64, started), (in_use, listed), "listed and in use, started and listed");
    assert_eq!(usage().await, 0);
    listed
}
