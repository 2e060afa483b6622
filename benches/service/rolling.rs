//! A rolling restart: three nodes serve a steady load, and each in turn is stopped and started again. No call may
//! fail, and callers send none a second time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use secrecy::ExposeSecret;
use tokio::task::block_in_place;
use tokio::time::{MissedTickBehavior, interval};
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{CheckInRequest, HeartbeatRequest, check_out_response, heartbeat_response};

use crate::host::Host;
use crate::load::{histogram, try_check_out};
use crate::nodes::MANY_SHARDS;
use crate::report::{Bounds, Figure};
use crate::rounds::TENANTS;
use crate::seed;
use crate::support::postgres::Cluster;
use crate::support::program::Data;

/// Calls a second of all callers together.
const RATE: u64 = 5_000;
const CALLERS: u64 = 250;
/// One caller in so many signs somebody in and out; the others send heartbeats.
const CHURN: u64 = 10;
/// Connections to each node.
const CONNECTIONS: usize = 4;
const NODES: usize = 3;
/// Time for which the load goes on before the first node ends, and after each start: longer than members must be the
/// same until shards move, so that every node owns some when it ends.
const STAY: Duration = Duration::from_secs(15);

type Service = SeatServiceClient<AuthenticatedChannel>;

/// The connections to each node that callers may use, as a load balancer knows them.
type Balancer = Mutex<Vec<Vec<Service>>>;

/// What callers count.
#[derive(Default)]
struct Counts {
    calls: AtomicU64,
    failed: AtomicU64,
    first_failure: Mutex<Option<String>>,
}

/// A caller, who sends a call at each tick through the next node.
struct Caller {
    number: u64,
    tenant: String,
    session: Option<String>,
    balancer: Arc<Balancer>,
    counts: Arc<Counts>,
    over: Arc<AtomicBool>,
}

/// Returns the number of calls a second, how many of them failed, and the time within which 999 of 1,000 were answered.
pub async fn figures(cluster: &Cluster) -> Vec<Figure> {
    let database = cluster.database().await;
    let data = Data::Postgres(database.expose_secret());
    seed::tenants_in(&data, TENANTS, MANY_SHARDS).await;
    let balancer: Arc<Balancer> = Arc::default();
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(start(&data, &balancer).await);
    }
    let (counts, over) = (Arc::<Counts>::default(), Arc::<AtomicBool>::default());
    let began = Instant::now();
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let tenant = seed::tenant(usize::try_from(number).expect("a small number") % TENANTS);
            let (balancer, counts, over) = (Arc::clone(&balancer), Arc::clone(&counts), Arc::clone(&over));
            tokio::spawn(Caller { number, tenant, session: None, balancer, counts, over }.run())
        })
        .collect();
    for _ in 0..NODES {
        tokio::time::sleep(STAY).await;
        // It gets no new calls, and answers those that it has.
        locked(&balancer).remove(0);
        block_in_place(|| nodes.remove(0).end());
        nodes.push(start(&data, &balancer).await);
    }
    tokio::time::sleep(STAY).await;
    let seconds = began.elapsed().as_secs_f64();
    let calls = counts.calls.load(Relaxed);
    over.store(true, Relaxed);
    let mut latency = histogram();
    for caller in callers {
        latency.add(caller.await.expect("a caller")).expect("the same bounds");
    }
    nodes.into_iter().for_each(|node| block_in_place(|| node.end()));
    if let Some(failure) = locked(&counts.first_failure).take() {
        eprintln!("the first call that failed: {failure}");
    }
    let figure = |name, value, unit, bounds| Figure { name, value, unit, bounds };
    let (rate, failed) = (RATE as f64 * 0.99, counts.failed.load(Relaxed) as f64);
    vec![
        figure("rolling restart of three nodes: calls/s", calls as f64 / seconds, "", Bounds::AtLeast(rate, rate)),
        figure("rolling restart: calls that failed", failed, "", Bounds::AtMost(0.0, 0.0)),
        figure("rolling restart: p99.9", latency.value_at_quantile(0.999) as f64 / 1e3, " ms", Bounds::None),
    ]
}

/// Starts a node, and gives it to the callers once it serves.
async fn start(data: &Data<'_>, balancer: &Balancer) -> Host {
    let node = block_in_place(|| Host::usher(data, &[]));
    let services = node.channels(CONNECTIONS).await.into_iter().map(SeatServiceClient::new).collect();
    locked(balancer).push(services);
    node
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Caller {
    async fn run(mut self) -> Histogram<u64> {
        let mut latency = histogram();
        let mut ticks = interval(Duration::from_millis(1_000 * CALLERS / RATE));
        // What a slow answer delayed is sent afterwards: the load is the same in any case.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        for turn in 0.. {
            ticks.tick().await;
            if self.over.load(Relaxed) {
                break;
            }
            let service = self.next(turn);
            let began = Instant::now();
            if let Err(failure) = self.call(service).await {
                self.counts.failed.fetch_add(1, Relaxed);
                locked(&self.counts.first_failure).get_or_insert(failure);
            }
            self.counts.calls.fetch_add(1, Relaxed);
            latency.saturating_record(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX));
        }
        latency
    }

    /// A connection to the node whose turn it is.
    fn next(&self, turn: u64) -> Service {
        let nodes = locked(&self.balancer);
        let at = usize::try_from(self.number + turn).expect("a small number");
        let node = &nodes[at % nodes.len()];
        node[at / nodes.len() % node.len()].clone()
    }

    async fn call(&mut self, mut service: Service) -> Result<(), String> {
        match self.session.clone() {
            None => {
                let user = seed::user(usize::try_from(self.number).expect("a small number"));
                let answer = try_check_out(&mut service, &self.tenant, "primary", &user, "laptop").await;
                let answer = answer.map_err(|status| status.to_string())?;
                match answer.outcome {
                    Some(check_out_response::Outcome::Lease(lease)) => self.session = Some(lease.session_id),
                    other => return Err(format!("{other:?}")),
                }
            }
            Some(session_id) if self.number.is_multiple_of(CHURN) => {
                let request = CheckInRequest { tenant_id: self.tenant.clone(), session_id };
                let answer = service.check_in(request).await.map_err(|status| status.to_string())?.into_inner();
                self.session = None;
                if !answer.ended_now {
                    return Err("the session that was signed out had ended before".into());
                }
            }
            Some(session_id) => {
                let request = HeartbeatRequest { tenant_id: self.tenant.clone(), session_id, active: true };
                let answer = service.heartbeat(request).await.map_err(|status| status.to_string())?.into_inner();
                if !matches!(answer.outcome, Some(heartbeat_response::Outcome::Lease(_))) {
                    return Err(format!("{answer:?}"));
                }
            }
        }
        Ok(())
    }
}
