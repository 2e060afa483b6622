//! The tenants of the trials: one with a large directory, one in which everything is as large as permitted (the wide
//! tenant), and others, which belong to the neighbors.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use usher::commands::connection::AuthenticatedChannel;
use usher::ids::{LicenseId, PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::ledger::time::WallTime;
use usher::license::{Claims, Entitlement, LICENSE, Overdraft, SigningKey, Tier, sign};
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::license_service_client::LicenseServiceClient;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    CreateOrganizationRequest, CreateTenantRequest, InstallLicenseRequest, Organization, Policy, SyncEntry,
    SyncUsersRequest, Tenant, UnknownUsers, User, check_out_response,
};

use crate::load::check_out;
use crate::seed;

/// The tenant with the large directory: created by [`seed::tenants`], filled by [`World::fill`].
pub const LARGE: &str = "tenant-00000";
pub const WIDE: &str = "wide";
/// The most that a tenant may have, and that a call may name.
pub const POOLS: usize = 1_000;
/// Pools of the largest license: a document has at most 64 KiB.
const ENTITLED: usize = 800;
pub const ORGANIZATIONS: usize = 500;
/// Users of the wide tenant.
pub const WIDE_USERS: usize = 1_000;
/// Entries per message.
const CHUNK: usize = 1_000;

pub fn pool(number: usize) -> String {
    format!("pool-{number:04}")
}

pub fn organization(number: usize) -> String {
    format!("organization-{number:04}")
}

pub fn user(number: usize) -> String {
    seed::user(number)
}

pub fn wide_user(number: usize) -> String {
    format!("wide{number:07}@example.com")
}

pub struct World {
    pub line: AuthenticatedChannel,
    key: SigningKey,
    next: AtomicUsize,
    /// Users of a tenant that is to be deleted.
    doomed_users: usize,
}

impl World {
    /// `folder` is the data folder of a server that was started with `--demo`; its demo vendor signs the licenses.
    pub fn new(line: AuthenticatedChannel, folder: &Path, doomed_users: usize) -> Self {
        let pem = std::fs::read_to_string(folder.join("demo-vendor.pem")).expect("the demo vendor's key");
        let key = SigningKey::from_pem(&pem.into()).expect("a key");
        Self { line, key, next: AtomicUsize::new(1), doomed_users }
    }

    /// Returns a number that was not used before.
    pub fn next(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// Creates the large directory and the wide tenant.
    pub async fn fill(&self, users: usize) {
        self.sync(LARGE, users, seed::user, "primary").await;
        self.tenant(WIDE).await;
        for (name, pools) in [("first", 0..ENTITLED), ("second", ENTITLED..POOLS)] {
            let request = InstallLicenseRequest { tenant_id: WIDE.to_owned(), document: self.sign(name, pools) };
            LicenseServiceClient::new(self.line.clone()).install_license(request).await.expect("a license");
        }
        let mut directory = DirectoryServiceClient::new(self.line.clone());
        for number in 0..ORGANIZATIONS {
            let organization = Organization { organization_id: organization(number), ..Default::default() };
            let request = CreateOrganizationRequest { tenant_id: WIDE.to_owned(), organization: Some(organization) };
            directory.create_organization(request).await.expect("an organization");
        }
        self.sync(WIDE, WIDE_USERS, wide_user, &pool(0)).await;
    }

    async fn tenant(&self, name: &str) {
        let policy = Policy { unknown_users: UnknownUsers::Admit.into(), ..Default::default() };
        let tenant = Tenant { tenant_id: name.to_owned(), policy: Some(policy), ..Default::default() };
        let request = CreateTenantRequest { tenant: Some(tenant) };
        TenantServiceClient::new(self.line.clone()).create_tenant(request).await.expect("a tenant");
    }

    async fn sync(&self, tenant: &str, users: usize, name: fn(usize) -> String, pool: &str) {
        let (tenant, pool) = (tenant.to_owned(), pool.to_owned());
        let entry = move |number: usize| SyncEntry {
            user: Some(User {
                user_id: name(number),
                given_name: format!("Given{}", number % 977),
                family_name: format!("Müller-{}", number % 1_009),
                groups: vec!["staff".into()],
                ..User::default()
            }),
            pool_ids: vec![pool.clone()],
            ..SyncEntry::default()
        };
        let messages = (0..users).step_by(CHUNK).map(move |from| SyncUsersRequest {
            tenant_id: tenant.clone(),
            entries: (from..users.min(from + CHUNK)).map(&entry).collect(),
            omit_unchanged: true,
            ..SyncUsersRequest::default()
        });
        let client = DirectoryServiceClient::new(self.line.clone());
        let mut client = client.max_decoding_message_size(256 * 1024 * 1024);
        client.sync_users(tokio_stream::iter(messages)).await.expect("a sync");
    }

    /// Creates a tenant with users, to be deleted. Returns its id.
    pub async fn doomed(&self) -> String {
        let name = format!("doomed-{}", self.next());
        self.tenant(&name).await;
        self.sync(&name, self.doomed_users, seed::user, "primary").await;
        name
    }

    /// Returns a license for as many pools as a document can name.
    pub fn license(&self, name: &str) -> String {
        self.sign(name, 0..ENTITLED)
    }

    fn sign(&self, name: &str, pools: Range<usize>) -> String {
        let entitlement = |number| Entitlement {
            pool: PoolId::parse(&pool(number)).expect("an id"),
            plan: Plan::Concurrent,
            limit: Limit::Seats(1_000),
            overdraft: Overdraft::NONE,
        };
        let claims = Claims {
            license: LicenseId::parse(name).expect("an id"),
            revision: self.next() as u64,
            tenant: TenantId::parse(WIDE).expect("an id"),
            customer_id: "bench".into(),
            registered_to: "bench".into(),
            hosts: Vec::new(),
            instance: None,
            tier: Tier::Gold,
            entitlements: pools.map(entitlement).collect(),
            features: Default::default(),
            limits: Default::default(),
            issued: WallTime(1_700_000_000_000),
            not_before: None,
            expires: None,
        };
        sign(&self.key, LICENSE, &claims.to_json())
    }

    /// Returns a user with all fields at their largest permitted size.
    pub fn stuffed(&self, number: usize) -> User {
        User {
            user_id: format!("stuffed{number:07}@example.com"),
            given_name: "g".repeat(256),
            family_name: "f".repeat(256),
            groups: (0..100).map(|group| format!("{:g<128}", format!("group-{group}-{number}-"))).collect(),
            attributes: (0..50).map(|key| (format!("key-{key}"), format!("{number:a<1024}"))).collect(),
            ..User::default()
        }
    }

    /// Signs a user in. Returns the session's id.
    pub async fn sign_in(&self, tenant: &str, user: &str) -> String {
        let mut client = SeatServiceClient::new(self.line.clone());
        let answer = check_out(&mut client, tenant, "primary", user, "laptop").await;
        match answer.outcome {
            Some(check_out_response::Outcome::Lease(lease)) => lease.session_id,
            other => panic!("{other:?}"),
        }
    }
}
