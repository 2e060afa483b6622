//! Calls beside the load: reads of every kind, and directory syncs, which have several steps. Each goes through the
//! next node, and is sent again as often as the load's calls are.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;
use tonic::transport::{Channel, Endpoint};
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    CreateTenantRequest, GetUsageRequest, ListAuditEventsRequest, ListSessionsRequest, ListUsersRequest, Policy,
    SyncEntry, SyncUsersRequest, Tenant, User,
};

use super::SHARDS;
use crate::history::{reason, tenant_in};

/// Time from one call to the next.
const EVERY: Duration = Duration::from_millis(100);
/// One call in so many is a sync.
const SYNCS: u64 = 10;
/// Users of a sync: enough for several steps.
const USERS: u64 = 300;
const DEADLINE: Duration = Duration::from_secs(7);
/// A sync may wait for a hand-over in each of its steps.
const SYNC_DEADLINE: Duration = Duration::from_secs(20);

/// Calls that failed: the reason, and the number of each.
type Failures = Arc<Mutex<Vec<(String, u64)>>>;

pub struct Errands {
    through: watch::Sender<Arc<[SocketAddr]>>,
    failures: Failures,
    _task: AbortOnDropHandle<()>,
}

impl Errands {
    /// Creates a tenant in each shard, and begins. `attempts`: how often a call is sent until it counts as failed.
    pub async fn start(addresses: &[SocketAddr], attempts: u32) -> Self {
        for at in 0..SHARDS {
            let row = Tenant { tenant_id: tenant(at.into()), policy: Some(Policy::default()), ..Tenant::default() };
            let mut tenants = TenantServiceClient::new(channel(addresses[usize::from(at) % addresses.len()]));
            tenants.create_tenant(CreateTenantRequest { tenant: Some(row) }).await.expect("a tenant");
        }
        let (through, seen) = watch::channel(addresses.into());
        let failures = Failures::default();
        let task = tokio::spawn(run(seen, attempts, Arc::clone(&failures)));
        Self { through, failures, _task: AbortOnDropHandle::new(task) }
    }

    pub fn through(&self, addresses: &[SocketAddr]) {
        self.through.send_replace(addresses.into());
    }

    /// The reason of each failure, and the call.
    pub fn failures(&self) -> Vec<(String, String)> {
        let failures = self.failures.lock().expect("not poisoned");
        let text = |number: u64| format!("errand {number}, for {}", tenant_of(number));
        failures.iter().map(|(reason, number)| (reason.clone(), text(*number))).collect()
    }
}

fn tenant(at: u64) -> String {
    tenant_in("errand", u32::try_from(at % u64::from(SHARDS)).expect("small"), SHARDS)
}

async fn run(through: watch::Receiver<Arc<[SocketAddr]>>, attempts: u32, failures: Failures) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut sent = 0;
    for number in 0_u64.. {
        ticks.tick().await;
        let mut failed = None;
        for _ in 0..attempts {
            let addresses = Arc::clone(&through.borrow());
            let address = addresses[sent % addresses.len()];
            sent += 1;
            let deadline = if number.is_multiple_of(SYNCS) { SYNC_DEADLINE } else { DEADLINE };
            failed = match timeout(deadline, errand(number, channel(address))).await {
                Ok(Ok(())) => None,
                Ok(Err(status)) => Some(reason(&status).to_string()),
                Err(_) => Some("no answer in time".to_owned()),
            };
            if failed.is_none() {
                break;
            }
        }
        if let Some(reason) = failed {
            failures.lock().expect("not poisoned").push((reason, number));
        }
    }
}

/// The tenant of a call. Every kind of call reaches every shard.
fn tenant_of(number: u64) -> String {
    tenant(number / SYNCS + number)
}

async fn errand(number: u64, channel: Channel) -> Result<(), Status> {
    let tenant_id = tenant_of(number);
    if number.is_multiple_of(SYNCS) {
        return sync(number / SYNCS, tenant_id, channel).await;
    }
    match number % 4 {
        0 => {
            let request = ListUsersRequest { tenant_id, page_size: 100, ..Default::default() };
            DirectoryServiceClient::new(channel).list_users(request).await.map(drop)
        }
        1 => TenantServiceClient::new(channel).get_usage(GetUsageRequest { tenant_id }).await.map(drop),
        2 => {
            let request = ListSessionsRequest { tenant_id, page_size: 100, ..Default::default() };
            SessionServiceClient::new(channel).list_sessions(request).await.map(drop)
        }
        _ => {
            let request = ListAuditEventsRequest { tenant_id, page_size: 100, ..Default::default() };
            AuditServiceClient::new(channel).list_audit_events(request).await.map(drop)
        }
    }
}

/// Sends the users of a directory in three messages. Each sync changes all of them.
async fn sync(number: u64, tenant_id: String, channel: Channel) -> Result<(), Status> {
    let entry = |user: u64| {
        let user_id = format!("user{user}@errand.example");
        let user = User { user_id, given_name: format!("Name {number}"), ..User::default() };
        SyncEntry { user: Some(user), ..SyncEntry::default() }
    };
    let users: Vec<_> = (0..USERS).map(entry).collect();
    let messages = users.chunks(100).map(|entries| SyncUsersRequest {
        tenant_id: tenant_id.clone(),
        entries: entries.to_vec(),
        ..SyncUsersRequest::default()
    });
    let messages = tokio_stream::iter(messages.collect::<Vec<_>>());
    let answer = DirectoryServiceClient::new(channel).sync_users(messages).await?.into_inner();
    match answer.results.len() {
        count if count as u64 == USERS => Ok(()),
        count => Err(Status::internal(format!("{count} results for {USERS} users"))),
    }
}

fn channel(address: SocketAddr) -> Channel {
    Endpoint::from_shared(format!("http://{address}")).expect("an address").connect_lazy()
}
