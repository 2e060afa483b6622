//! Sample rows: plain ones, one of each kind, and the extreme values of every column.

use std::sync::Arc;
use std::time::Duration;

use usher::ids::{
    DeviceId, EventNo, InstanceId, LicenseId, OrganizationId, OrganizationNo, PoolId, PoolNo, SessionId, SessionNo,
    TenantId, TenantNo, TokenId, TokenName, UserId, UserNo,
};
use usher::ledger::access::{Role, Roles, Tenants};
use usher::ledger::change::{
    Access, Actor, BlockCause, Change, Limit, OrganizationRow, Plan, PoolRow, Profile, SeatRow, SessionRow, TenantRow,
    TenantState, UserRow,
};
use usher::ledger::former_id::FormerId;
use usher::ledger::license::{Entitlement, LicenseRow, Standing, Terms, Tier};
use usher::ledger::license_fetch::{FetchOutcome, LicenseFetch};
use usher::ledger::license_floors::LicenseFloor;
use usher::ledger::notification::{Cause, Deliveries, Delivery, DeliveryState, Facts, NotificationRow, Topic};
use usher::ledger::outcome::SessionEndReason;
use usher::ledger::policy::{CloseActive, Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use usher::ledger::time::{Tick, WallTime};
use usher::ledger::token::{TokenHash, TokenRow};
use uuid::Uuid;

pub fn tenant(no: u32) -> Change {
    Change::PutTenant(TenantRow {
        no: TenantNo(no),
        id: TenantId::stored(&format!("tenant-{no}")),
        display_name: "Ångström & Søn 株式会社".into(),
        contact: "".into(),
        state: TenantState::Active,
        policy: Policy::default(),
        created: Tick(5),
        version: 1,
        license_fetch: None,
    })
}

pub fn license(tenant: u32, id: &str) -> Change {
    Change::PutLicense(LicenseRow {
        tenant: TenantNo(tenant),
        id: LicenseId::stored(id),
        revision: 2,
        standing: Standing::Current,
        revoked_up_to: None,
        not_before: None,
        expires: None,
        entitlements: vec![
            Entitlement { pool: PoolNo(1), plan: Plan::Named, limit: Limit::Seats(0), overdraft: 0 },
            Entitlement { pool: PoolNo(2), plan: Plan::Concurrent, limit: Limit::Unlimited, overdraft: 0 },
        ],
        terms: Arc::new(Terms {
            document: "eyJ0eXAi.eyJ0ZW4i.c2ln".into(),
            tier: Some(Tier::Gold),
            features: vec!["CRM_ALLOWED".into()],
            ..Terms::default()
        }),
        installed: Tick(12),
        installed_by: Actor("root".into()),
        changed: Tick(13),
    })
}

/// Another revision of the same license.
pub fn revision(tenant: u32, id: &str, revision: u64) -> Change {
    let Change::PutLicense(row) = license(tenant, id) else { unreachable!() };
    Change::PutLicense(LicenseRow { revision, standing: Standing::Superseded, ..row })
}

pub fn pool(tenant: u32, no: u16) -> Change {
    Change::PutPool(PoolRow { tenant: TenantNo(tenant), no: PoolNo(no), id: PoolId::stored(&format!("pool-{no}")) })
}

pub fn organization(tenant: u32, no: u32) -> Change {
    Change::PutOrganization(OrganizationRow {
        tenant: TenantNo(tenant),
        no: OrganizationNo(no),
        id: OrganizationId::stored("north"),
        display_name: "Norðr".into(),
        created: Tick(6),
        version: 3,
    })
}

pub fn user(tenant: u32, no: u32) -> Change {
    Change::PutUser(UserRow {
        tenant: TenantNo(tenant),
        no: UserNo(no),
        id: UserId::stored(&format!("ann-{no}@example.com")),
        administrator: no.is_multiple_of(2),
        blocked: None,
        profile: Profile::default(),
        former: Box::default(),
        created: Tick(7),
        version: 4,
    })
}

pub fn seat(tenant: u32, user: u32, pool: u16) -> Change {
    Change::PutSeat(SeatRow {
        tenant: TenantNo(tenant),
        user: UserNo(user),
        pool: PoolNo(pool),
        granted: Tick(8),
        order: EventNo(9),
        access: Access::Only(vec![OrganizationNo(1), OrganizationNo(30)]),
    })
}

pub fn session(tenant: u32, user: u32, no: u16) -> Change {
    Change::PutSession(SessionRow {
        tenant: TenantNo(tenant),
        user: UserNo(user),
        no: SessionNo(no),
        id: SessionId(Uuid::from_u64_pair(tenant.into(), user.into())),
        pool: PoolNo(1),
        organization: Some(OrganizationNo(1)),
        device: DeviceId::stored("laptop"),
        client: "198.51.100.7 Firefox".into(),
        administrator: true,
        exempt: false,
        started: Tick(10),
        signed_in: Tick(12),
        last_activity: Tick(11),
        lease_ttl: Duration::from_secs(600),
        silent_since: Some(Tick(13)),
        ended: None,
    })
}

pub fn token(id: u64) -> Change {
    Change::PutToken(TokenRow {
        id: TokenId(id),
        name: TokenName::stored("login-eu"),
        hash: TokenHash([7; 32]),
        roles: Roles::NONE.with(Role::Application),
        tenants: Tenants::All,
        created: WallTime(17),
        created_by: Actor("root".into()),
        expires: None,
        revoked: None,
        last_used: None,
    })
}

/// The floor of a license, for a tenant id without a tenant.
pub fn license_floor(no: u64) -> Change {
    Change::PutLicenseFloor(LicenseFloor {
        tenant: TenantId::stored("Ångström & Søn"),
        license: LicenseId::stored(&format!("lic-{no}")),
        revision: no,
        revoked_up_to: None,
        fingerprint: 7,
    })
}

pub fn notification(tenant: u32, pool: &str) -> Change {
    Change::PutNotification(NotificationRow {
        tenant: TenantNo(tenant),
        topic: Topic::Exceeded(PoolId::stored(pool)),
        event: EventNo(14),
        raised: Tick(15),
        cleared: false,
        facts: Facts::Pool {
            cause: Cause::CheckOut,
            plan: Plan::Concurrent,
            limit: Limit::Seats(5),
            in_use: 5,
            user: Some(UserId::stored("ann-1@example.com")),
        },
        deliveries: Deliveries { email: Some(delivery(DeliveryState::Pending)), webhook: None },
    })
}

fn delivery(state: DeliveryState) -> Delivery {
    Delivery { state, since: Tick(15), attempts: 2, next: Tick(16), error: "no route".into() }
}

/// One row of each kind, in the order of a load.
pub fn one_of_each(no: u32) -> Vec<Change> {
    vec![
        tenant(no),
        license(no, "lic"),
        pool(no, 1),
        organization(no, 1),
        user(no, 1),
        seat(no, 1, 1),
        session(no, 1, 0),
        notification(no, "pool-1"),
        token(no.into()),
        license_floor(no.into()),
    ]
}

/// One row of each kind, with values as far from those of the other samples as possible.
pub fn extremes() -> Vec<Change> {
    let (no, text) = (TenantNo(u32::MAX), "𝄞".repeat(32));
    let long: Box<str> = "ÿ\"\\,;\n".repeat(200).into();
    let policy = Policy {
        lease_ttl: Duration::ZERO,
        max_session: Duration::from_millis(u64::MAX),
        away_after: Duration::from_millis(1),
        idle_after: Duration::from_secs(1),
        idle_timeout: Some(Duration::from_secs(2)),
        max_devices_per_user: u32::MAX,
        when_already_signed_in: WhenAlreadySignedIn::TakeOver,
        when_full: WhenFull::ReclaimIdle,
        close_active: CloseActive::Allow,
        unknown_users: UnknownUsers::Admit,
        administrators_count_in_named: false,
        administrators_count_in_concurrent: true,
        responsible_person: long.clone(),
        seat_request_step: u32::MAX,
        warn_at_percent: [1, 75, 100].into(),
    };
    let profile = Profile {
        given_name: long.clone(),
        family_name: "\u{0}".into(),
        groups: vec!["a".into(), "".into(), text.as_str().into()],
        attributes: vec![("".into(), "".into()), ("ключ".into(), long.clone())],
    };
    let limit = |plan, limit, overdraft| Entitlement { pool: PoolNo(u16::MAX), plan, limit, overdraft };
    let entitlements =
        vec![limit(Plan::Concurrent, Limit::Seats(u64::MAX), u64::MAX), limit(Plan::Named, Limit::Unlimited, 0)];
    vec![
        Change::PutTenant(TenantRow {
            no,
            id: TenantId::stored(&text),
            display_name: long.clone(),
            contact: long.clone(),
            state: TenantState::Suspended,
            policy,
            created: Tick::NEVER,
            version: u64::MAX,
            license_fetch: Some(LicenseFetch {
                at: WallTime(i64::MIN),
                outcome: FetchOutcome::Refused,
                reason: "\u{0}".into(),
                text: long.clone(),
            }),
        }),
        Change::PutLicense(LicenseRow {
            tenant: no,
            id: LicenseId::stored(&text),
            revision: u64::MAX,
            standing: Standing::Revoked,
            revoked_up_to: Some(u64::MAX),
            not_before: Some(WallTime(i64::MIN)),
            expires: Some(WallTime(i64::MAX)),
            entitlements,
            terms: Arc::new(Terms {
                document: "d".repeat(64 * 1024).into(),
                key_id: "\u{0}".into(),
                customer_id: long.clone(),
                registered_to: text.as_str().into(),
                hosts: vec![long.clone(), "".into()],
                instance: Some(InstanceId(Uuid::max())),
                tier: Some(Tier::Platinum),
                features: vec!["A".into(), "B".into()],
                limits: vec![("A".into(), Limit::Seats(u64::MAX)), ("B".into(), Limit::Unlimited)],
                issued: WallTime(i64::MIN),
            }),
            installed: Tick::NEVER,
            installed_by: Actor(text.as_str().into()),
            changed: Tick::NEVER,
        }),
        Change::PutPool(PoolRow { tenant: no, no: PoolNo(u16::MAX), id: PoolId::stored(&text) }),
        Change::PutOrganization(OrganizationRow {
            tenant: no,
            no: OrganizationNo(u32::MAX),
            id: OrganizationId::stored(&text),
            display_name: "".into(),
            created: Tick::NEVER,
            version: u64::MAX,
        }),
        Change::PutUser(UserRow {
            tenant: no,
            no: UserNo(u32::MAX),
            id: UserId::stored(&"é".repeat(127)),
            administrator: true,
            blocked: Some(BlockCause::LicenseLimit),
            profile,
            former: [FormerId { id: UserId::stored("\"räx\""), last_event: EventNo(u64::MAX) }].into(),
            created: Tick::NEVER,
            version: u64::MAX,
        }),
        Change::PutSeat(SeatRow {
            tenant: no,
            user: UserNo(u32::MAX),
            pool: PoolNo(u16::MAX),
            granted: Tick::NEVER,
            order: EventNo(u64::MAX),
            access: Access::Only((0..1_000).chain([u32::MAX]).map(OrganizationNo).collect()),
        }),
        Change::PutSession(SessionRow {
            tenant: no,
            user: UserNo(u32::MAX),
            no: SessionNo(u16::MAX),
            id: SessionId(Uuid::max()),
            pool: PoolNo(u16::MAX),
            organization: Some(OrganizationNo(u32::MAX)),
            device: DeviceId::stored(&text),
            client: "c".repeat(512).into(),
            administrator: true,
            exempt: true,
            started: Tick::NEVER,
            signed_in: Tick::NEVER,
            last_activity: Tick(0),
            lease_ttl: Duration::from_millis(u64::MAX),
            silent_since: Some(Tick::NEVER),
            ended: Some((Tick::NEVER, SessionEndReason::TenantRemoved)),
        }),
        Change::PutNotification(NotificationRow {
            tenant: no,
            topic: Topic::LicenseExpired(LicenseId::stored(&text), u64::MAX),
            event: EventNo(u64::MAX),
            raised: Tick::NEVER,
            cleared: true,
            facts: Facts::License { expires: WallTime(i64::MAX), days: u16::MAX },
            deliveries: Deliveries {
                email: None,
                webhook: Some(Delivery {
                    state: DeliveryState::Dead,
                    since: Tick::NEVER,
                    attempts: u32::MAX,
                    next: Tick::NEVER,
                    error: long,
                }),
            },
        }),
        Change::PutToken(TokenRow {
            id: TokenId(u64::MAX),
            name: TokenName::stored(&text),
            hash: TokenHash([255; 32]),
            roles: Roles::ALL,
            tenants: Tenants::Only((0..1_000).map(|no| TenantId::stored(&format!("{no}\"ÿ"))).collect()),
            created: WallTime(i64::MIN),
            created_by: Actor(text.as_str().into()),
            expires: Some(WallTime(i64::MAX)),
            revoked: Some(WallTime(-1)),
            last_used: Some(WallTime(i64::MAX)),
        }),
        Change::PutLicenseFloor(LicenseFloor {
            tenant: TenantId::stored(&text),
            license: LicenseId::stored(&text),
            revision: u64::MAX,
            revoked_up_to: Some(u64::MAX),
            fingerprint: u64::MAX,
        }),
    ]
}

/// Rows with values that the other samples lack: every end of a session, every cause of a block, no organization.
pub fn variants() -> Vec<Change> {
    let mut rows = Vec::new();
    for (no, reason) in (1..).zip(SessionEndReason::ALL) {
        let Change::PutSession(mut row) = session(1, 1, no) else { unreachable!() };
        row.ended = Some((Tick(20), reason));
        row.organization = None;
        row.silent_since = None;
        row.exempt = true;
        row.administrator = false;
        row.client = "".into();
        rows.push(Change::PutSession(row));
    }
    for (no, cause) in [(2, BlockCause::Administrator), (3, BlockCause::LicenseLimit)] {
        let Change::PutUser(mut row) = user(1, no) else { unreachable!() };
        row.blocked = Some(cause);
        rows.push(Change::PutUser(row));
    }
    let Change::PutSeat(mut row) = seat(1, 2, 2) else { unreachable!() };
    row.access = Access::All;
    rows.push(Change::PutSeat(row));
    let Change::PutLicense(mut row) = license(1, "empty") else { unreachable!() };
    row.entitlements.clear();
    row.expires = Some(WallTime(-1));
    row.terms = Arc::default();
    rows.push(Change::PutLicense(row.clone()));
    for (revision, standing) in (3..).zip(Standing::ALL) {
        rows.push(Change::PutLicense(LicenseRow { revision, standing, ..row.clone() }));
    }
    for (percent, state) in (1..).zip(DeliveryState::ALL) {
        let Change::PutNotification(mut row) = notification(1, "pool-1") else { unreachable!() };
        row.topic = Topic::Warning(percent, PoolId::stored("pool-1"));
        row.deliveries = Deliveries { email: Some(delivery(state)), webhook: Some(delivery(state)) };
        rows.push(Change::PutNotification(row));
    }
    for (id, role) in (100..).zip(Role::ALL) {
        let Change::PutToken(row) = token(id) else { unreachable!() };
        let mut hash = row.hash;
        hash.0[0] = role as u8;
        rows.push(Change::PutToken(TokenRow { hash, roles: Roles::NONE.with(role), ..row }));
    }
    rows
}
