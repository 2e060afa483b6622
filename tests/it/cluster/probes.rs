//! Probes: heartbeats at a steady pace in each shard, one in five a durable change instead, through every node in turn.
//! They measure for how long a shard did not answer, and see whether any answer is wrong: their sessions never end.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tonic::transport::{Channel, Endpoint};
use usher::proto::v1::check_out_response::Outcome as CheckedOut;
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    BatchGrantSeatsRequest, CheckOutRequest, CreateTenantRequest, HeartbeatRequest, Policy, Tenant,
};

use super::{SHARDS, TIMEOUT};
use crate::history::{reason, tenant_in};

/// Time between two looks at the answers.
const LOOK: Duration = Duration::from_millis(20);
/// One probe in so many is a durable change.
const CHANGES: u64 = 5;
/// Time that a probe may take. Nobody waits longer for a login.
const DEADLINE: Duration = Duration::from_secs(1);
/// Probes of a shard that may wait at once: while it does not answer, one is sent every 125 ms.
const AT_ONCE: usize = 8;
const USER: &str = "probe@probe.example";

/// A service through each node.
type Services = Arc<[SeatServiceClient<Channel>]>;

/// The answers of a shard to one kind of probe.
#[derive(Debug, Clone, Copy)]
struct Answers {
    last: Instant,
    /// When the latest probe was sent that has an answer.
    sent: Instant,
    longest: Duration,
}

impl Answers {
    fn since(now: Instant) -> Self {
        Self { last: now, sent: now - DEADLINE, longest: Duration::ZERO }
    }

    fn take(&mut self, sent: Instant, now: Instant) {
        self.longest = self.longest.max(now.saturating_duration_since(self.last));
        self.last = self.last.max(now);
        self.sent = self.sent.max(sent);
    }

    /// The longest time without an answer, up to now.
    fn longest(&self, now: Instant) -> Duration {
        self.longest.max(now.saturating_duration_since(self.last))
    }
}

/// A session in one shard.
struct Shard {
    tenant: String,
    session: String,
    heartbeats: Mutex<Answers>,
    changes: Mutex<Answers>,
    /// Answers that are not true.
    wrong: Mutex<Vec<String>>,
}

impl Shard {
    /// Opens a session in a tenant of its own.
    async fn new(at: u16, service: &SeatServiceClient<Channel>, channel: Channel) -> Arc<Self> {
        let tenant = tenant_in("probe", at.into(), SHARDS);
        let row = Tenant { tenant_id: tenant.clone(), policy: Some(Policy::default()), ..Tenant::default() };
        let mut tenants = TenantServiceClient::new(channel);
        tenants.create_tenant(CreateTenantRequest { tenant: Some(row) }).await.expect("a tenant");
        let grant = BatchGrantSeatsRequest {
            tenant_id: tenant.clone(),
            pool_ids: vec!["primary".into()],
            user_ids: vec![USER.into()],
            ..BatchGrantSeatsRequest::default()
        };
        service.clone().batch_grant_seats(grant).await.expect("a user");
        let (answers, session) = (|| Mutex::new(Answers::since(Instant::now())), String::new());
        let mut shard = Self { tenant, session, heartbeats: answers(), changes: answers(), wrong: Mutex::default() };
        shard.session = shard.check_out(service.clone()).await.expect("an answer").expect("a seat").0;
        Arc::new(shard)
    }

    /// Signs in: returns the session and whether it is the one of before, or what was answered instead.
    async fn check_out(
        &self,
        mut service: SeatServiceClient<Channel>,
    ) -> Result<Result<(String, bool), String>, tonic::Status> {
        let request = CheckOutRequest {
            tenant_id: self.tenant.clone(),
            pool_id: "primary".into(),
            user_id: USER.into(),
            device_id: "desk".into(),
            ..CheckOutRequest::default()
        };
        Ok(match service.check_out(request).await?.into_inner().outcome {
            Some(CheckedOut::Lease(lease)) => Ok((lease.session_id, lease.renewed)),
            other => Err(format!("{other:?}")),
        })
    }

    /// Sends one probe; returns whether it was answered.
    async fn probe(&self, service: SeatServiceClient<Channel>, change: bool) -> Result<(), String> {
        let sent = Instant::now();
        let asks = async {
            if change {
                return Ok(match self.check_out(service).await? {
                    Ok((session, true)) if session == self.session => Ok(()),
                    other => Err(format!("{other:?}")),
                });
            }
            self.heartbeat(service).await
        };
        let answer = match timeout(DEADLINE, asks).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(status)) => return Err(reason(&status).to_string()),
            Err(_) => return Err("no answer in time".to_owned()),
        };
        if let Err(wrong) = answer {
            let text = format!("{}: the session {} lives, and the answer was {wrong}", self.tenant, self.session);
            self.wrong.lock().expect("not poisoned").push(text);
        }
        self.answers(change).take(sent, Instant::now());
        Ok(())
    }

    async fn heartbeat(&self, mut service: SeatServiceClient<Channel>) -> Result<Result<(), String>, tonic::Status> {
        let (tenant_id, session_id) = (self.tenant.clone(), self.session.clone());
        let request = HeartbeatRequest { tenant_id, session_id, active: true };
        Ok(match service.heartbeat(request).await?.into_inner().outcome {
            Some(HeartbeatOutcome::Lease(lease)) if lease.session_id == self.session => Ok(()),
            other => Err(format!("{other:?}")),
        })
    }

    fn answers(&self, change: bool) -> MutexGuard<'_, Answers> {
        if change { &self.changes } else { &self.heartbeats }.lock().expect("not poisoned")
    }
}

pub struct Probes {
    shards: Vec<Arc<Shard>>,
    /// Time from one probe of a shard to the next.
    every: Duration,
    through: watch::Sender<Services>,
    _tasks: JoinSet<()>,
}

impl Probes {
    pub async fn start(addresses: &[SocketAddr], every: Duration) -> Self {
        let services = services(addresses);
        let (mut shards, mut tasks) = (Vec::new(), JoinSet::new());
        let through = watch::Sender::new(Arc::clone(&services));
        for at in 0..SHARDS {
            let channel = channel(addresses[usize::from(at) % addresses.len()]);
            let shard = Shard::new(at, &SeatServiceClient::new(channel.clone()), channel).await;
            tasks.spawn(run(Arc::clone(&shard), at.into(), every, through.subscribe()));
            shards.push(shard);
        }
        Self { shards, every, through, _tasks: tasks }
    }

    /// Sends the next probes through these nodes.
    pub fn through(&self, addresses: &[SocketAddr]) {
        self.through.send_replace(services(addresses));
    }

    /// Begins to measure.
    pub fn mark(&self) -> Instant {
        let now = Instant::now();
        for (shard, change) in self.shards.iter().flat_map(|shard| [(shard, false), (shard, true)]) {
            *shard.answers(change) = Answers::since(now);
        }
        now
    }

    /// For how long each shard did not answer, since the last mark.
    pub fn outages(&self) -> Vec<Duration> {
        let now = Instant::now();
        // Between two changes there are only heartbeats.
        let between = self.every * u32::try_from(CHANGES - 1).expect("small");
        let longest = |shard: &Arc<Shard>| {
            let changes = shard.answers(true).longest(now);
            shard.answers(false).longest(now).max(changes.saturating_sub(between))
        };
        self.shards.iter().map(longest).collect()
    }

    /// Waits until each shard has answered a heartbeat and a change that were sent from now on.
    ///
    /// # Panics
    /// If one does not.
    pub async fn all_answer(&self) {
        let now = Instant::now();
        let answers = |shard: &&Arc<Shard>| [false, true].into_iter().all(|change| shard.answers(change).sent >= now);
        let mut looks = interval(LOOK);
        let waits = async {
            while !self.shards.iter().all(|shard| answers(&shard)) {
                looks.tick().await;
            }
        };
        if timeout(TIMEOUT, waits).await.is_err() {
            let silent: Vec<_> =
                self.shards.iter().filter(|shard| !answers(shard)).map(|shard| &shard.tenant).collect();
            panic!("after {TIMEOUT:?} these do not answer: {silent:?}");
        }
    }

    /// Waits until one node answers for every shard.
    ///
    /// # Panics
    /// If it does not within this time.
    pub async fn answers_for_all(&self, address: SocketAddr, within: Duration) {
        let service = SeatServiceClient::new(channel(address));
        for (shard, change) in self.shards.iter().flat_map(|shard| [(shard, false), (shard, true)]) {
            let (mut looks, mut last) = (interval(LOOK), String::new());
            let waits = async {
                while let Err(why) = shard.probe(service.clone(), change).await {
                    last = why;
                    looks.tick().await;
                }
            };
            if timeout(within, waits).await.is_err() {
                panic!("{}: not answered within {within:?} by this node: {last}", shard.tenant);
            }
        }
    }

    /// Answers that were not true.
    pub fn wrong(&self) -> Vec<String> {
        self.shards.iter().flat_map(|shard| shard.wrong.lock().expect("not poisoned").clone()).collect()
    }
}

async fn run(shard: Arc<Shard>, first: u64, every: Duration, through: watch::Receiver<Services>) {
    let (mut ticks, mut calls) = (interval(every), JoinSet::new());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    for number in first.. {
        ticks.tick().await;
        let Ok(turn) = Arc::clone(&turns).acquire_owned().await else { return };
        let services = Arc::clone(&through.borrow());
        let service = services[usize::try_from(number).expect("64 bits") % services.len()].clone();
        let shard = Arc::clone(&shard);
        calls.spawn(async move {
            let _turn = turn;
            let _ = shard.probe(service, number % CHANGES == 0).await;
        });
        while calls.try_join_next().is_some() {}
    }
}

fn services(addresses: &[SocketAddr]) -> Services {
    assert!(!addresses.is_empty(), "probes need a node");
    addresses.iter().map(|address| SeatServiceClient::new(channel(*address))).collect()
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy()
}
