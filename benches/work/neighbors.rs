//! Who must not notice what others do: callers of other tenants, each of whom signs somebody in and out, at a pace of
//! their own. They leave most of the processors to the call beside them, as people do who sign in: with callers that never
//! pause there is no processor left, and what is measured is by how many they are shared.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use tokio::time::{Instant as Due, MissedTickBehavior, interval_at};
use usher::client::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;

use crate::load::Work;
use crate::seed;

const CALLERS: usize = 16;
/// Of each caller: 1,600 logins a second in all, of several tenants.
const PERIOD: Duration = Duration::from_millis(10);
/// A caller whose turn began so much too late had to wait for the call before.
const TIMER: Duration = Duration::from_millis(2);

pub struct Neighbors {
    lines: Vec<AuthenticatedChannel>,
    work: Vec<Work>,
}

impl Neighbors {
    /// In so many tenants, without the first one.
    pub fn new(lines: &[AuthenticatedChannel], tenants: usize) -> Self {
        let churn = |caller: usize| Work::Churn {
            tenant: seed::tenant(1 + caller % (tenants - 1)),
            user: seed::user(caller),
            session: None,
        };
        Self { lines: lines.to_vec(), work: (0..CALLERS).map(churn).collect() }
    }

    /// Microseconds below which 99 of 100 check-outs were, in a span of time. Nobody stays signed in.
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

/// One percent is precise enough.
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
    // Whoever waits for a slow answer has missed turns: each of those people waited, too.
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
