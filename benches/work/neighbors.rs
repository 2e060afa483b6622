//! Neighbors: callers of other tenants, who must not notice the measured call. Each of them signs a user in and out at
//! a fixed pace. The pace leaves most of the processors to the measured call, as real logins do: callers without a
//! pause would use all processors, and then the result would only show how many callers share them.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::time::{Instant as Due, MissedTickBehavior, interval_at};
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;

use crate::load::Work;
use crate::seed;

const CALLERS: usize = 16;
/// Time between two logins of a caller: 1,600 logins a second in all, of several tenants.
const PERIOD: Duration = Duration::from_millis(10);
/// A turn that begins later than this had to wait for the call before; then the latency counts from when the turn was
/// due.
const TIMER: Duration = Duration::from_millis(2);

pub struct Neighbors {
    lines: Vec<AuthenticatedChannel>,
    work: Vec<Work>,
}

impl Neighbors {
    /// Spreads the callers over `tenants` tenants without the first one.
    pub fn new(lines: &[AuthenticatedChannel], tenants: usize) -> Self {
        let churn = |caller: usize| Work::Churn {
            tenant: seed::tenant(1 + caller % (tenants - 1)),
            user: seed::user(caller),
            session: None,
        };
        Self { lines: lines.to_vec(), work: (0..CALLERS).map(churn).collect() }
    }

    /// Returns the p99 of check-outs in microseconds over a span of time. Nobody stays signed in.
    pub async fn p99(&mut self, span: Duration) -> f64 {
        let callers = std::mem::take(&mut self.work).into_iter().enumerate().map(|(number, work)| {
            let client = SeatServiceClient::new(self.lines[number % self.lines.len()].clone());
            let first = Due::now() + PERIOD * u32::try_from(number).expect("few") / CALLERS as u32;
            tokio::spawn(call_for(span, client, work, first))
        });
        let mut all = histogram();
        for caller in callers.collect::<Vec<_>>() {
            let (work, latency) = caller.await.expect("a caller");
            all.add(latency).expect("the same bounds");
            self.work.push(work);
        }
        all.value_at_quantile(0.99) as f64
    }
}

/// A precision of one percent is enough.
fn histogram() -> Histogram<u64> {
    Histogram::new_with_max(60_000_000, 2).expect("bounds")
}

async fn call_for(
    span: Duration,
    mut client: SeatServiceClient<AuthenticatedChannel>,
    mut work: Work,
    first: Due,
) -> (Work, Histogram<u64>) {
    let mut latency = histogram();
    let mut turns = interval_at(first, PERIOD);
    // A caller that waits for a slow answer misses turns. Each of these counts: it stands for a user who waited, too.
    turns.set_missed_tick_behavior(MissedTickBehavior::Burst);
    loop {
        let due = turns.tick().await;
        if due >= first + span {
            return (work, latency);
        }
        let now = Instant::now();
        let began = if due.elapsed() > TIMER { due.into_std() } else { now };
        work.call(&mut client).await;
        latency.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        work.call(&mut client).await;
    }
}
