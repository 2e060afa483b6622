//! A closed loop of callers: each sends its next call when the last one was answered, and checks every answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{self, check_out_response, heartbeat_response};

/// The work of a caller.
#[derive(Debug, Clone)]
pub enum Work {
    /// Heartbeats of the sessions, in turn.
    Heartbeat { tenant: String, sessions: Vec<String>, next: usize },
    /// Alternating check-outs and check-ins.
    Churn { tenant: String, user: String, session: Option<String> },
    /// Check-outs from a full pool.
    Denied { tenant: String, user: String },
}

/// Duration of a measurement, and of the warm-up before it.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub warm: Duration,
    pub measured: Duration,
}

/// The result of a measurement.
pub struct Measured {
    pub calls: u64,
    pub seconds: f64,
    /// Latencies in microseconds, without those of check-ins.
    pub latency: Histogram<u64>,
}

impl Measured {
    pub fn per_second(&self) -> f64 {
        self.calls as f64 / self.seconds
    }

    pub fn micros(&self, quantile: f64) -> f64 {
        self.latency.value_at_quantile(quantile) as f64
    }
}

const WARM: u8 = 0;
const MEASURE: u8 = 1;
const STOP: u8 = 2;

/// A precision of one percent is enough, and keeps the histogram of each caller small.
pub fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000, 2).expect("bounds")
}

/// Runs the callers side by side, each on one of the channels. Calls `around` at the start and at the end of the
/// measured time.
pub async fn run(
    channels: &[AuthenticatedChannel],
    work: &mut Vec<Work>,
    span: Span,
    mut around: impl FnMut(),
) -> Measured {
    let phase = Arc::new(AtomicU8::new(WARM));
    let callers: Vec<_> = std::mem::take(work)
        .into_iter()
        .enumerate()
        .map(|(number, work)| {
            let client = SeatServiceClient::new(channels[number % channels.len()].clone());
            tokio::spawn(call_until_stopped(client, work, Arc::clone(&phase)))
        })
        .collect();
    tokio::time::sleep(span.warm).await;
    around();
    let started = Instant::now();
    phase.store(MEASURE, Ordering::Relaxed);
    tokio::time::sleep(span.measured).await;
    phase.store(STOP, Ordering::Relaxed);
    let seconds = started.elapsed().as_secs_f64();
    around();
    let mut latency = histogram();
    let mut calls = 0;
    for caller in callers {
        let (its_work, its_calls, its_latency) = caller.await.expect("a caller");
        work.push(its_work);
        calls += its_calls;
        latency.add(its_latency).expect("the same bounds");
    }
    Measured { calls, seconds, latency }
}

async fn call_until_stopped(
    mut client: SeatServiceClient<AuthenticatedChannel>,
    mut work: Work,
    phase: Arc<AtomicU8>,
) -> (Work, u64, Histogram<u64>) {
    let (mut calls, mut latency) = (0, histogram());
    loop {
        match phase.load(Ordering::Relaxed) {
            STOP => return (work, calls, latency),
            now => {
                let started = Instant::now();
                let check_in = matches!(&work, Work::Churn { session: Some(_), .. });
                work.call(&mut client).await;
                // A call that was answered after the end does not count.
                if now == MEASURE && phase.load(Ordering::Relaxed) == MEASURE {
                    calls += 1;
                    // Check-ins are left out: the commit of a check-out is what people wait for at login.
                    if !check_in {
                        latency.saturating_record(u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
                    }
                }
            }
        }
    }
}

impl Work {
    /// Makes one call, and panics on a wrong answer: a measurement of wrong answers is worthless.
    pub async fn call(&mut self, client: &mut SeatServiceClient<AuthenticatedChannel>) {
        match self {
            Work::Heartbeat { tenant, sessions, next } => {
                *next = (*next + 1) % sessions.len();
                let request = v1::HeartbeatRequest {
                    tenant_id: tenant.clone(),
                    session_id: sessions[*next].clone(),
                    active: true,
                };
                let answer = client.heartbeat(request).await.expect("a heartbeat").into_inner();
                assert!(matches!(answer.outcome, Some(heartbeat_response::Outcome::Lease(_))), "{answer:?}");
            }
            Work::Churn { tenant, session: session @ Some(_), .. } => {
                let session_id = session.take().expect("is there");
                let request = v1::CheckInRequest { tenant_id: tenant.clone(), session_id };
                let answer = client.check_in(request).await.expect("a check-in").into_inner();
                assert!(answer.ended_now, "{answer:?}");
            }
            Work::Churn { tenant, user, session } => {
                let answer = check_out(client, tenant, "primary", user, "laptop").await;
                let Some(check_out_response::Outcome::Lease(lease)) = answer.outcome else { panic!("{answer:?}") };
                *session = Some(lease.session_id);
            }
            Work::Denied { tenant, user } => {
                let answer = check_out(client, tenant, "full", user, super::floor::DENIED).await;
                assert!(matches!(answer.outcome, Some(check_out_response::Outcome::Denial(_))), "{answer:?}");
            }
        }
    }
}

/// Makes one check-out.
pub async fn check_out(
    client: &mut SeatServiceClient<AuthenticatedChannel>,
    tenant: &str,
    pool: &str,
    user: &str,
    device: &str,
) -> v1::CheckOutResponse {
    try_check_out(client, tenant, pool, user, device).await.expect("a check-out")
}

/// Checks a seat out, where no answer is a result.
pub async fn try_check_out(
    client: &mut SeatServiceClient<AuthenticatedChannel>,
    tenant: &str,
    pool: &str,
    user: &str,
    device: &str,
) -> Result<v1::CheckOutResponse, tonic::Status> {
    let request = v1::CheckOutRequest {
        tenant_id: tenant.to_owned(),
        pool_id: pool.to_owned(),
        user_id: user.to_owned(),
        device_id: device.to_owned(),
        ..v1::CheckOutRequest::default()
    };
    client.check_out(request).await.map(tonic::Response::into_inner)
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}
