//! Benchmark of growth with sessions and tenants: memory, throughput, and the time of a start.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{BatchGrantSeatsRequest, GrantSeatResult, check_out_response, grant_seat_result};

use crate::host::{Host, memory};
use crate::load::{self, Span, Work, check_out, median};
use crate::rounds::Extent;
use crate::seed;
use crate::support::program::Data;

const CONNECTIONS: usize = 8;
/// Number of callers that sign users in.
const FILLING: usize = 512;

/// Bytes of memory for a user with a seat, and for the user's live session.
#[derive(Debug, Clone, Copy)]
pub struct Bytes {
    pub user: f64,
    pub session: f64,
}

/// A server with live sessions.
pub struct Populated {
    pub host: Host,
    channels: Vec<AuthenticatedChannel>,
    /// For each caller: its tenant, and the sessions that it holds.
    kept: Vec<(String, Vec<String>)>,
}

impl Populated {
    /// Signs `sessions` users in, spread over the first `tenants` tenants.
    pub async fn new(host: Host, tenants: usize, sessions: usize) -> Self {
        let channels = host.channels(CONNECTIONS).await;
        let mut this = Self { host, channels, kept: Vec::new() };
        this.kept = this.fill(tenants, 0, sessions).await;
        this
    }

    /// Signs in the users from number `from` up to `until`.
    async fn fill(&self, tenants: usize, from: usize, until: usize) -> Vec<(String, Vec<String>)> {
        let callers = (0..FILLING).map(|caller| {
            let mut client = SeatServiceClient::new(self.channels[caller % CONNECTIONS].clone());
            tokio::spawn(async move {
                let tenant = seed::tenant(caller % tenants);
                let mut kept = Vec::new();
                for number in (from + caller..until).step_by(FILLING) {
                    let answer = check_out(&mut client, &tenant, "primary", &seed::user(number), "laptop").await;
                    let Some(check_out_response::Outcome::Lease(lease)) = answer.outcome else { panic!("{answer:?}") };
                    kept.push(lease.session_id);
                }
                (tenant, kept)
            })
        });
        let mut all = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            all.push(caller.await.expect("a caller"));
        }
        all
    }

    /// Creates users with a seat and then signs them in, up to `until` sessions. Returns the bytes of resident memory
    /// that each of the two steps took per user.
    pub async fn grow(&mut self, tenants: usize, until: usize) -> Bytes {
        let from: usize = self.kept.iter().map(|(_, sessions)| sessions.len()).sum();
        let process = self.host.process();
        let before = memory(process);
        self.grant(tenants, from, until).await;
        let known = memory(process);
        let more = self.fill(tenants, from, until).await;
        let signed_in = memory(process);
        for ((_, kept), (_, more)) in self.kept.iter_mut().zip(more) {
            kept.extend(more);
        }
        let each = |after: u64, before: u64| after.saturating_sub(before) as f64 / (until - from) as f64;
        Bytes { user: each(known, before), session: each(signed_in, known) }
    }

    /// Creates the users that [`Self::fill`] signs in.
    async fn grant(&self, tenants: usize, from: usize, until: usize) {
        /// The most that one call may name.
        const AT_ONCE: usize = 1_000;
        for caller in 0..FILLING {
            let mut client = SeatServiceClient::new(self.channels[caller % CONNECTIONS].clone());
            let users: Vec<_> = (from + caller..until).step_by(FILLING).map(seed::user).collect();
            for users in users.chunks(AT_ONCE) {
                let request = BatchGrantSeatsRequest {
                    tenant_id: seed::tenant(caller % tenants),
                    pool_ids: vec!["primary".to_owned()],
                    user_ids: users.to_vec(),
                    organization_ids: Vec::new(),
                };
                let answer = client.batch_grant_seats(request).await.expect("grants").into_inner();
                let granted =
                    |result: &GrantSeatResult| matches!(result.outcome, Some(grant_seat_result::Outcome::Seat(_)));
                assert!(answer.results.iter().all(granted), "{answer:?}");
            }
        }
    }

    /// Returns heartbeats per second.
    async fn heartbeats(&self, span: Span) -> f64 {
        let kept = self.kept.iter().filter(|(_, sessions)| !sessions.is_empty());
        let heartbeat = |(tenant, sessions): &(String, Vec<String>)| {
            // Walks through memory in another order than that in which it was filled.
            let step = 7_919 % sessions.len().max(1);
            let shuffled = (0..sessions.len()).map(|at| sessions[(at * step.max(1)) % sessions.len()].clone());
            Work::Heartbeat { tenant: tenant.clone(), sessions: shuffled.collect(), next: 0 }
        };
        let mut work: Vec<_> = kept.map(heartbeat).collect();
        load::run(&self.channels, &mut work, span, || ()).await.per_second()
    }

    /// Returns check-outs and check-ins per second.
    async fn churn(&self, span: Span) -> f64 {
        let churn = |(number, (tenant, _)): (usize, &(String, Vec<String>))| Work::Churn {
            tenant: tenant.clone(),
            user: seed::user(5_000_000 + number),
            session: None,
        };
        let mut work: Vec<_> = self.kept.iter().enumerate().map(churn).collect();
        let measured = load::run(&self.channels, &mut work, span, || ()).await.per_second();
        // Signs everybody out before the next population is measured.
        let mut client = SeatServiceClient::new(self.channels[0].clone());
        for work in work.iter_mut().filter(|work| matches!(work, Work::Churn { session: Some(_), .. })) {
            work.call(&mut client).await;
        }
        measured
    }
}

/// Throughput of a large population divided by that of a small one, measured in turn.
pub struct Growth {
    pub heartbeats: f64,
    pub churn: f64,
}

impl Growth {
    pub async fn measure(small: &Populated, large: &Populated, extent: Extent) -> Self {
        let (mut heartbeats, mut churn) = (Vec::new(), Vec::new());
        for _ in 0..extent.rounds {
            heartbeats.push(1.0 / small.heartbeats(extent.span).await * large.heartbeats(extent.span).await);
            churn.push(1.0 / small.churn(extent.span).await * large.churn(extent.span).await);
        }
        Self { heartbeats: median(heartbeats.into_iter()), churn: median(churn.into_iter()) }
    }

    pub fn worst(&self) -> f64 {
        self.heartbeats.min(self.churn)
    }

    pub fn json(&self) -> Value {
        json!({ "heartbeat": self.heartbeats, "check-out + check-in": self.churn })
    }
}

/// Starts a server and stops it again. Returns the time from the start of the process until it serves.
pub fn start(data: &Data<'_>) -> Duration {
    let started = Instant::now();
    let host = Host::usher(data, &[]);
    let seconds = started.elapsed();
    host.end();
    seconds
}
