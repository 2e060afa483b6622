//! Benchmark of a large directory in one tenant: its sync, the effect of the sync on other tenants, and the lists that
//! people read.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{ListUsersRequest, ListUsersResponse, SyncEntry, SyncUsersRequest, SyncUsersResponse, User};

use crate::host::{Host, memory};
use crate::load::{self, Span, Work, check_out, median};
use crate::seed;
use crate::support::program::Data;

/// Callers of other tenants: as many as there are at once in a busy hour.
const CALLERS: usize = 16;
/// Number of measurements before the sync, and again after it.
const CALM: usize = 4;
/// Number of users who sign in, so that the list of latest sign-ins is not empty.
const SIGNED_IN: usize = 2_000;
/// Entries per message.
const CHUNK: usize = 1_000;
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// The results.
pub struct Directory {
    /// p99 of other tenants' check-outs while a sync runs, divided by the p99 without a sync.
    pub disturbance: f64,
    /// Milliseconds to list the first 100 users, ordered by latest sign-in.
    pub first_page: f64,
    /// Milliseconds of a search that finds nobody.
    pub search: f64,
    pub more: Value,
}

/// Syncs `users` users to the first of the ten tenants in `data`, and measures what that costs.
pub async fn measure(data: &Data<'_>, users: usize, span: Span) -> Directory {
    let host = Host::usher(data, &[]);
    let channels = host.channels(4).await;
    let directory = DirectoryServiceClient::new(channels[0].clone()).max_decoding_message_size(MAX_ANSWER);
    let mut work: Vec<Work> = (0..CALLERS).map(churn).collect();
    let empty = memory(host.process());
    let mut calm = Vec::new();
    for _ in 0..CALM {
        calm.push(p99(&channels[1..], &mut work, span).await);
    }
    let started = Instant::now();
    let sync = tokio::spawn(sync(directory.clone(), users));
    let mut during = Vec::new();
    while !sync.is_finished() {
        during.push(p99(&channels[1..], &mut work, Span { warm: Duration::ZERO, ..span }).await);
    }
    // The last measurement lasted longer than the sync, so it is dropped, unless it is the only one.
    if during.len() > 1 {
        during.pop();
    }
    let first = sync.await.expect("a sync");
    let synced = started.elapsed().as_secs_f64();
    let totals = first.totals.expect("totals");
    assert_eq!((totals.created, first.results.len()), (users as u64, users), "{totals:?}");
    let full = memory(host.process());
    for _ in 0..CALM {
        calm.push(p99(&channels[1..], &mut work, span).await);
    }
    let again = Instant::now();
    let totals = self::sync(directory.clone(), users).await.totals.expect("totals");
    assert_eq!(totals.unchanged, users as u64, "{totals:?}");
    let again = again.elapsed().as_secs_f64();
    sign_in(&channels[1], users).await;
    let latest = || ListUsersRequest { order_by: "last_sign_in desc".into(), ..ListUsersRequest::default() };
    let words = || ListUsersRequest { text: "mueller nobody".into(), ..ListUsersRequest::default() };
    let (first_page, page) = page_millis(&directory, latest).await;
    assert!(page.users.len() == 100 && page.users.iter().all(|user| user.last_sign_in_at.is_some()));
    let (search, found) = page_millis(&directory, words).await;
    assert_eq!(found.users.len(), 0, "nobody has that name");
    host.end();
    let calm = median(calm.into_iter());
    let during = median(during.into_iter());
    let more = json!({
        "users": users, "sync_seconds": synced, "sync_again_seconds": again, "search_ms": search,
        "calm_p99_us": calm, "during_p99_us": during, "bytes_per_user": (full.saturating_sub(empty)) as f64 / users as f64,
    });
    Directory { disturbance: during / calm, first_page, search, more }
}

fn churn(caller: usize) -> Work {
    // Callers of all tenants except the first one, which has the large directory.
    Work::Churn { tenant: seed::tenant(1 + caller % 9), user: seed::user(caller), session: None }
}

async fn p99(channels: &[AuthenticatedChannel], work: &mut Vec<Work>, span: Span) -> f64 {
    load::run(channels, work, span, || {}).await.micros(0.99)
}

async fn sync(mut directory: DirectoryServiceClient<AuthenticatedChannel>, users: usize) -> SyncUsersResponse {
    let messages = (0..users).step_by(CHUNK).map(move |from| SyncUsersRequest {
        tenant_id: seed::tenant(0),
        entries: (from..users.min(from + CHUNK)).map(entry).collect(),
        ..SyncUsersRequest::default()
    });
    directory.sync_users(tokio_stream::iter(messages)).await.expect("a sync").into_inner()
}

fn entry(number: usize) -> SyncEntry {
    let user = User {
        user_id: seed::user(number),
        given_name: format!("Given{}", number % 977),
        family_name: format!("Müller-{}", number % 1_009),
        groups: vec!["staff".into()],
        ..User::default()
    };
    SyncEntry { user: Some(user), pool_ids: vec!["primary".into()], ..SyncEntry::default() }
}

async fn sign_in(channel: &AuthenticatedChannel, users: usize) {
    let mut client = SeatServiceClient::new(channel.clone());
    for number in (0..users).step_by((users / SIGNED_IN).max(1)) {
        check_out(&mut client, &seed::tenant(0), "primary", &seed::user(number), "laptop").await;
    }
}

/// Returns the median time of several calls, and the last answer.
async fn page_millis(
    directory: &DirectoryServiceClient<AuthenticatedChannel>,
    request: impl Fn() -> ListUsersRequest,
) -> (f64, ListUsersResponse) {
    let mut times = Vec::new();
    let mut last = ListUsersResponse::default();
    for _ in 0..21 {
        let request = ListUsersRequest { tenant_id: seed::tenant(0), ..request() };
        let started = Instant::now();
        last = directory.clone().list_users(request).await.expect("a page").into_inner();
        times.push(started.elapsed().as_secs_f64() * 1_000.0);
    }
    (median(times.into_iter()), last)
}
