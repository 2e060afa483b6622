//! Many concurrent clients on pools that are often full. They outlive the service, which may die at any time and return
//! at another address.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use usher::ids::TenantId;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    CreateTenantRequest, GetUsageRequest, ListSessionsRequest, Policy, Tenant, WhenAlreadySignedIn,
};

use super::client::{Client, Failure, Notes, Person};
use super::recount::{ServiceView, StoreContents};
use super::{History, Limit, Name, Rules, Who};
use crate::model::rng::Rng;
use crate::support::program::Data;

/// The demo tenant's pool of named seats, and the users who hold all of them at first.
const CRM: (&str, &str, u64) = ("demo", "crm", 3);
const HOLDERS: [&str; 3] = ["ann@demo.example", "bob@demo.example", "root@demo.example"];
/// Users per client.
const USERS: u32 = 2;

/// Addresses of the service, or why there are none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Servers {
    /// The service is down; clients wait.
    Unavailable,
    /// Each call of a client goes to the next of them.
    At(Arc<[SocketAddr]>),
    /// The load is over; clients end.
    Over,
}

/// What clients do about a call that is not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// They repeat it until it is.
    Endless,
    /// They send it at most this often, and then give it up.
    Attempts(u32),
}

/// Settings of a load.
#[derive(Debug, Clone)]
pub struct Plan {
    pub seed: u64,
    /// Tenants with one concurrent pool each. The load also uses the demo tenant with its named pool.
    pub tenants: u32,
    pub clients: u32,
    /// Seats of each concurrent pool.
    pub seats: u64,
    /// Lease of those tenants; the demo tenant has the default.
    pub lease: Duration,
    /// Shards over which the tenants are spread, one after the other; 1: it does not matter.
    pub shards: u16,
    pub patience: Patience,
    /// Longer than any answer takes; after that a client repeats the request, or gives it up.
    pub deadline: Duration,
    /// Time from one call of a client to the next; zero: at once.
    pub pace: Duration,
    /// Greatest difference between the clients' clock and the service's wall clocks.
    pub skew: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0,
            tenants: 5,
            clients: 18,
            seats: 3,
            lease: Duration::from_secs(5),
            shards: 1,
            patience: Patience::Endless,
            deadline: Duration::from_secs(5),
            pace: Duration::ZERO,
            skew: Duration::from_millis(50),
        }
    }
}

impl Plan {
    /// Returns the options with which the program must be started.
    pub fn options(&self) -> Vec<String> {
        vec!["--demo".into(), "--demo-seats".into(), self.seats.to_string()]
    }

    fn tenant(&self, at: u32) -> Name {
        tenant_in(&format!("tenant{at}"), at, self.shards).into()
    }

    /// Returns the rules of each tenant. In every second one, a login takes over from other devices.
    fn rules(&self) -> BTreeMap<Name, Rules> {
        let concurrent = Limit { named: false, seats: self.seats };
        let lease = u64::try_from(self.lease.as_micros()).expect("a short time");
        let ours = (0..self.tenants).map(|at| {
            let limits = BTreeMap::from([("primary".into(), concurrent)]);
            (self.tenant(at), Rules { limits, take_over: at % 2 == 1, lease })
        });
        let limits = BTreeMap::from([(CRM.1.into(), Limit { named: true, seats: CRM.2 })]);
        // The demo tenant has the default policy: a lease of ten minutes (in microseconds).
        ours.chain([(CRM.0.into(), Rules { limits, take_over: false, lease: 600_000_000 })]).collect()
    }
}

/// Returns a tenant's name that begins like this, in the shard with the number `at`, counted around.
pub fn tenant_in(name: &str, at: u32, shards: u16) -> String {
    let wanted = at % u32::from(shards);
    let shard = |name: &str| TenantId::parse(name).expect("an id").shard(shards).0;
    let mut names = std::iter::once(name.to_owned()).chain((0..).map(|more| format!("{name}-{more}")));
    names.find(|name| u32::from(shard(name)) == wanted).expect("a name for every shard")
}

/// Clock of the history, and counter of answers.
#[derive(Clone)]
pub struct Pen {
    began: Instant,
    heard: watch::Sender<u64>,
}

impl Pen {
    #[allow(clippy::disallowed_methods)] // Clients have clocks of their own.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).expect("a short time")
    }

    pub fn heard(&self) {
        self.heard.send_modify(|count| *count += 1);
    }
}

/// Informs the clients of the service's addresses.
#[derive(Clone)]
pub struct Switch(watch::Sender<Servers>);

impl Switch {
    pub fn at(&self, address: SocketAddr) {
        self.at_all(&[address]);
    }

    /// # Panics
    /// Without any address: see [`Switch::unavailable`].
    pub fn at_all(&self, addresses: &[SocketAddr]) {
        assert!(!addresses.is_empty(), "the service has no address");
        self.0.send_replace(Servers::At(addresses.into()));
    }

    /// Informs the clients that the service is down: they wait, and then repeat calls without an answer.
    pub fn unavailable(&self) {
        self.0.send_replace(Servers::Unavailable);
    }
}

/// A load that runs until it is stopped.
pub struct Load {
    plan: Plan,
    began: i64,
    pen: Pen,
    pub switch: Switch,
    notes: Vec<Arc<Mutex<Notes>>>,
    task: JoinHandle<()>,
}

impl Load {
    /// Starts the clients. They wait for the service's address.
    #[allow(clippy::disallowed_methods)] // Clients have clocks of their own.
    pub fn start(plan: Plan) -> Self {
        let began = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_millis();
        let pen = Pen { began: Instant::now(), heard: watch::Sender::new(0) };
        let switch = watch::Sender::new(Servers::Unavailable);
        let clients: Vec<Client> =
            (0..plan.clients).map(|number| client(&plan, number, &pen, switch.subscribe())).collect();
        let notes = clients.iter().map(|client| Arc::clone(&client.notes)).collect();
        let task = tokio::spawn(run(plan.clone(), switch.subscribe(), clients));
        let began = i64::try_from(began).expect("a year of ours");
        Self { plan, began, pen, switch: Switch(switch), notes, task }
    }

    /// Waits until `more` further calls have been answered.
    pub async fn answered(&self, more: u64) {
        let mut heard = self.pen.heard.subscribe();
        let until = *heard.borrow_and_update() + more;
        let _ = heard.wait_for(|count| *count >= until).await;
    }

    /// Returns all calls and answers so far. A call in flight has no answer yet.
    pub fn so_far(&self) -> History {
        let calls = self.notes.iter().flat_map(|notes| notes.lock().expect("notes").calls.clone());
        History {
            began: self.began,
            skew: i64::try_from(self.plan.skew.as_millis()).expect("a short time"),
            tenants: self.plan.rules(),
            given: HOLDERS.map(crm).into(),
            calls: calls.collect(),
            repeated: 0,
        }
    }

    /// Returns the calls that clients gave up so far.
    pub fn failures(&self) -> Vec<Failure> {
        self.notes.iter().flat_map(|notes| notes.lock().expect("notes").failures.clone()).collect()
    }

    /// Stops the load: returns when every client has its last answer. Call it only once.
    pub async fn stop(&mut self) -> History {
        self.switch.0.send_replace(Servers::Over);
        (&mut self.task).await.expect("no client panics");
        self.so_far()
    }

    /// Reads live sessions and usage from the service. There must be no load meanwhile.
    pub async fn served(&self, address: SocketAddr) -> Result<ServiceView, Status> {
        let channel = channel(address);
        let mut served = ServiceView::default();
        for (tenant, rules) in self.plan.rules() {
            let operation = GetUsageRequest { tenant_id: tenant.to_string() };
            let usage = match TenantServiceClient::new(channel.clone()).get_usage(operation).await {
                Ok(usage) => usage.into_inner(),
                // The tenant has not been created yet.
                Err(status) if status.code() == Code::NotFound => continue,
                Err(status) => return Err(status),
            };
            served.in_use.extend(usage.pools.iter().map(|pool| (tenant.clone(), (*pool.pool_id).into(), pool.in_use)));
            let operation =
                ListSessionsRequest { tenant_id: tenant.to_string(), page_size: 1_000, ..Default::default() };
            let page = SessionServiceClient::new(channel.clone()).list_sessions(operation).await?.into_inner();
            assert!(page.next_page_token.is_empty(), "the load has fewer sessions than a page");
            let ours = page.sessions.iter().filter(|session| rules.limits.contains_key(&*session.pool_id));
            served.live.extend(ours.map(|session| session.session_id.replace('-', "").into()));
        }
        Ok(served)
    }

    /// Reads the service and its store without any request in between. There must be no load meanwhile. Leases end on
    /// their own: then both are read again.
    pub async fn at_rest(&self, address: SocketAddr, data: &Data<'_>) -> Result<StoreContents, Status> {
        loop {
            let served = self.served(address).await?;
            let recount = StoreContents::read(data).await;
            if self.served(address).await? == served {
                return Ok(StoreContents { served: Some(served), ..recount });
            }
        }
    }
}

fn crm(user: &str) -> Who {
    Who { tenant: CRM.0.into(), pool: CRM.1.into(), user: user.into() }
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy()
}

/// Returns a client, which serves one tenant: users of its own, and one user whom all clients of the tenant serve.
fn client(plan: &Plan, number: u32, pen: &Pen, servers: watch::Receiver<Servers>) -> Client {
    let at = number % (plan.tenants + 1);
    let named = at == plan.tenants;
    let who = |user: String| {
        let tenant = if named { CRM.0.into() } else { plan.tenant(at) };
        let pool = if named { CRM.1 } else { "primary" };
        Who { tenant, pool: pool.into(), user: format!("{user}@load.example").into() }
    };
    let mut users: Vec<String> = (0..USERS).map(|user| format!("user{number}-{user}")).collect();
    // Seats are granted and revoked by one client only, whose notes then say for certain who holds one.
    users.extend((!named).then(|| "everybody".into()));
    let people =
        users.into_iter().map(|user| Person { who: who(user), named, session: None, ended: None, seat: false });
    Client {
        servers,
        pen: pen.clone(),
        rng: Rng::new(plan.seed.wrapping_mul(1_000).wrapping_add(number.into())),
        people: people.collect(),
        patience: plan.patience,
        deadline: plan.deadline,
        pace: (!plan.pace.is_zero()).then(|| pace(plan.pace)),
        connections: BTreeMap::new(),
        // Clients begin with different servers.
        attempts: number as usize,
        notes: Arc::default(),
    }
}

/// Ticks at this pace, and makes up for nothing that a slow answer delayed.
fn pace(pace: Duration) -> Interval {
    let mut ticks = interval(pace);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

async fn run(plan: Plan, servers: watch::Receiver<Servers>, mut clients: Vec<Client>) {
    let Some(()) = tenants(&plan, servers).await else { return };
    // Revokes the seats of those who hold all named seats at first. The first client does it, so that the calls are
    // noted like all others.
    let people = HOLDERS.map(|user| Person { who: crm(user), named: true, session: None, ended: None, seat: true });
    clients[0].free(people.into()).await;
    let clients: Vec<_> = clients.into_iter().map(|client| tokio::spawn(client.run())).collect();
    for client in clients {
        client.await.expect("no client panics");
    }
}

/// Creates the tenants, however often the service dies meanwhile. `None`: the load was over before that.
async fn tenants(plan: &Plan, mut servers: watch::Receiver<Servers>) -> Option<()> {
    for (tenant, rules) in plan.rules().into_iter().filter(|(tenant, _)| &**tenant != CRM.0) {
        let signed_in = if rules.take_over { WhenAlreadySignedIn::TakeOver } else { WhenAlreadySignedIn::Deny };
        let policy = Policy {
            lease_ttl: Some(plan.lease.try_into().expect("a short time")),
            when_already_signed_in: signed_in.into(),
            ..Policy::default()
        };
        let tenant = Tenant { tenant_id: tenant.to_string(), policy: Some(policy), ..Tenant::default() };
        loop {
            let now = servers.wait_for(|servers| *servers != Servers::Unavailable).await.ok()?.clone();
            let Servers::At(addresses) = now else { return None };
            let operation = CreateTenantRequest { tenant: Some(tenant.clone()) };
            match TenantServiceClient::new(channel(addresses[0])).create_tenant(operation).await {
                Ok(_) => break,
                Err(status) if status.code() == Code::AlreadyExists => break,
                Err(_) => drop(tokio::time::timeout(Duration::from_millis(20), servers.changed()).await),
            }
        }
    }
    Some(())
}
