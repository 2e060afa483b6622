//! The tenant `demo`, with which every kind of answer can be tried. It is created once, through the journal, like any
//! other.

use crate::ids::{IdError, LicenseId, OrganizationId, PoolId, ShardId, TenantId, UserId};
use crate::journal::{Journal, JournalError};
use crate::ledger::change::{Actor, Limit, Plan, Profile};
use crate::ledger::command::{
    Command, CreateOrganization, CreateTenant, CreateUser, GetTenant, GrantSeats, ListLicenses, Operation, Outcome,
    Reply, UpdateTenant,
};
use crate::ledger::outcome::{Denial, Done, Granted, Refusal};
use crate::ledger::time::WallTime;
use crate::license::{Claims, Entitlement, LICENSE, Overdraft, Rejection, SigningKey, Tier, sign, whole_seconds};
use crate::licensing::Licensing;

/// Display name while the tenant is being created: a later start that finds it continues where a crash interrupted it.
const UNFINISHED: &str = "Demo (unfinished)";
const USERS: [&str; 7] = ["ann", "bob", "cid", "dee", "eve", "fay", "gus"];
/// Users with access to `south`, too.
const BOTH: [&str; 2] = ["ann", "bob"];

/// The reason for which the tenant could not be created.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error("the demo tenant: {0:?}")]
    Refused(Refusal),
    #[error("the demo tenant: a seat was denied: {0:?}")]
    Denied(Denial),
    #[error("the demo tenant: {0}")]
    License(#[from] Rejection),
    #[error("the demo tenant: {0}")]
    Id(#[from] IdError),
}

impl From<Refusal> for DemoError {
    fn from(refusal: Refusal) -> Self {
        DemoError::Refused(refusal)
    }
}

/// Creates the tenant if it does not exist, and if its shard is one of these, which this process has just opened. An
/// existing one keeps the changes that were made to it.
///
/// # Errors
/// [`DemoError`]: the journal does not answer, or a command is refused.
pub async fn make(
    opened: &[ShardId],
    journal: &Journal,
    licensing: &Licensing,
    vendor: &Vendor<'_>,
) -> Result<(), DemoError> {
    let demo = Demo { journal, tenant: TenantId::parse("demo")? };
    if !opened.contains(&demo.tenant.shard(journal.shards())) {
        return Ok(());
    }
    match make_in(&demo, licensing, vendor).await {
        // The shard was handed over meanwhile: its next owner continues.
        Err(DemoError::Journal(JournalError::NotApplied(_))) => Ok(()),
        done => done,
    }
}

async fn make_in(demo: &Demo<'_>, licensing: &Licensing, vendor: &Vendor<'_>) -> Result<(), DemoError> {
    match demo.journal.query(&demo.tenant, GetTenant).await? {
        Ok(tenant) if &*tenant.display_name != UNFINISHED => return Ok(()),
        Ok(_) | Err(Refusal::NotFound { .. }) => {}
        Err(refusal) => return Err(refusal.into()),
    }
    let create = CreateTenant { display_name: UNFINISHED.into(), contact: "".into(), policy: Default::default() };
    demo.once(create).await?;
    demo.license(licensing, vendor).await?;
    demo.people().await?;
    demo.seats().await?;
    let finished = UpdateTenant { display_name: Some("Demo".into()), ..UpdateTenant::default() };
    demo.submit(finished).await??;
    tracing::info!("created the demo tenant");
    Ok(())
}

/// Vendor of the tenant's license, and the time of issue.
pub struct Vendor<'a> {
    pub key: &'a SigningKey,
    pub now: WallTime,
}

/// Five concurrent seats in `primary`, three named seats in `crm`, without an end.
fn claims(tenant: &TenantId, now: WallTime) -> Result<Claims, IdError> {
    let entitlement = |pool, plan, seats| {
        Ok(Entitlement { pool: PoolId::parse(pool)?, plan, limit: Limit::Seats(seats), overdraft: Overdraft::NONE })
    };
    Ok(Claims {
        license: LicenseId::parse("demo")?,
        revision: 1,
        tenant: tenant.clone(),
        customer_id: "demo".into(),
        registered_to: "Demo".into(),
        hosts: Vec::new(),
        instance: None,
        tier: Tier::Gold,
        // Sorted by pool.
        entitlements: vec![entitlement("crm", Plan::Named, 3)?, entitlement("primary", Plan::Concurrent, 5)?],
        features: ["CRM_ALLOWED".into()].into(),
        limits: [("MAX_PUBLISH_LOCATIONS".into(), Limit::Seats(50))].into(),
        issued: whole_seconds(now),
        not_before: None,
        expires: None,
    })
}

struct Demo<'a> {
    journal: &'a Journal,
    tenant: TenantId,
}

impl Demo<'_> {
    /// Signs, verifies and installs the license like any other.
    async fn license(&self, licensing: &Licensing, vendor: &Vendor<'_>) -> Result<(), DemoError> {
        let installed = self.journal.query(&self.tenant, ListLicenses { after: None, limit: 1 }).await??;
        if !installed.rows.is_empty() {
            return Ok(()); // By an earlier attempt.
        }
        // If the demo tenant was deleted before, only a license of a higher revision can be installed.
        let now = u64::try_from(vendor.now.0 / 1_000).unwrap_or(2);
        let mut last = Ok(());
        for revision in [1, now] {
            let claims = Claims { revision, ..claims(&self.tenant, vendor.now)? };
            let document = sign(vendor.key, LICENSE, &claims.to_json());
            let command = licensing.admit(&document, &self.tenant, self.journal.instance())?;
            last = match self.submit(command).await? {
                Ok(_) => return Ok(()),
                Err(refusal) => Err(refusal.into()),
            };
        }
        last
    }

    async fn people(&self) -> Result<(), DemoError> {
        for (id, name) in [("north", "North"), ("south", "South")] {
            let organization = OrganizationId::parse(id)?;
            self.once(CreateOrganization { organization, display_name: name.into() }).await?;
        }
        for name in USERS.into_iter().chain(["root"]) {
            let profile = Profile { given_name: capitalized(name).into(), ..Profile::default() };
            let create = CreateUser { user: user(name)?, administrator: name == "root", profile, pools: Vec::new() };
            self.once(create).await?;
        }
        Ok(())
    }

    async fn seats(&self) -> Result<(), DemoError> {
        let north_only: Vec<_> = USERS.into_iter().filter(|name| !BOTH.contains(name)).collect();
        self.grant("primary", &north_only, &["north"]).await?;
        self.grant("primary", &BOTH, &["north", "south"]).await?;
        self.grant("crm", &BOTH, &["north", "south"]).await?;
        // An administrator needs a seat to sign in, too, and counts only in `crm` (R10, R11).
        self.grant("primary", &["root"], &[]).await?;
        self.grant("crm", &["root"], &[]).await
    }

    async fn grant(&self, pool: &str, users: &[&str], organizations: &[&str]) -> Result<(), DemoError> {
        let grant = GrantSeats {
            pools: vec![PoolId::parse(pool)?],
            users: users.iter().map(|name| user(name)).collect::<Result<_, _>>()?,
            organizations: organizations.iter().map(|id| OrganizationId::parse(id)).collect::<Result<_, _>>()?,
        };
        for answer in self.submit(grant).await? {
            let Granted { decision, .. } = answer?;
            decision.map_err(DemoError::Denied)?;
        }
        Ok(())
    }

    async fn submit<C>(&self, command: C) -> Result<C::Answer, JournalError>
    where
        C: Operation<Kind = Command>,
        Outcome: Reply<C>,
    {
        self.journal.submit(&Actor::service(), &self.tenant, command).await
    }

    /// Runs a command that creates something, which may exist from an earlier attempt.
    async fn once<C, T>(&self, command: C) -> Result<(), DemoError>
    where
        C: Operation<Kind = Command, Answer = Done<T>>,
        Outcome: Reply<C>,
    {
        match self.submit(command).await? {
            Ok(_) | Err(Refusal::AlreadyExists { .. }) => Ok(()),
            Err(refusal) => Err(refusal.into()),
        }
    }
}

fn user(name: &str) -> Result<UserId, IdError> {
    UserId::parse(&format!("{name}@demo.example"))
}

fn capitalized(name: &str) -> String {
    name[..1].to_uppercase() + &name[1..]
}

/// Commands that can be pasted into a shell. `address`: an address at which the API can be reached.
#[must_use]
pub fn calls_to_try(address: std::net::SocketAddr) -> [String; 3] {
    let call = |body: &str, method: &str| format!("grpcurl -plaintext -d '{body}' {address} usher.v1.{method}");
    [
        call(
            r#"{"tenant_id":"demo","pool_id":"primary","user_id":"ann@demo.example","device_id":"laptop"}"#,
            "SeatService/CheckOut",
        ),
        call(r#"{"tenant_id":"demo"}"#, "SessionService/ListSessions"),
        call(r#"{"tenant_id":"demo"}"#, "TenantService/GetUsage"),
    ]
}
