//! No step of any call costs more than a step's budget (I9), whatever its caller sends: each RPC runs at about its
//! largest size, and its work is counted in the ledger's own units, so that no clock and no other load matters. An RPC
//! that is missing here fails the test.

mod people;
pub mod world;

use std::collections::BTreeSet;

use usher::app::mount;
use usher::ids::{LicenseId, TokenId, TokenName};
use usher::ledger::Budget;
use usher::ledger::access::{Role, Roles, Tenants};
use usher::ledger::command::{
    AllTokens, CheckIn, CheckOut, CloseIdle, CloseSession, Command, CreateTenant, CreateToken, DeleteLicense,
    DeleteLicenses, DeleteTenant, FetchLicense, GetEntitlements, GetLicenseInformation, GetTenant, GetUsage, GetUser,
    GrantSeats, Heartbeat, ListLicenses, ListNotifications, ListOrganizations, ListSessions, ListTenants, ListTokens,
    ListUsers, NoteLicenseRequest, OrganizationOrder, Outcome, Period, PolicyPatch, Query, QueryResult,
    RedeliverNotification, RevokeSeats, RevokeToken, SuspendTenant, UpdateTenant, UserOrder, VendorAnswer,
    WithdrawTenant,
};
use usher::ledger::notification::Topic;
use usher::ledger::outcome::{Denial, SeatView, Status};
use usher::ledger::time::WallTime;
use usher::ledger::token::TokenHash;

use world::{
    DEVICES, FULL, ORGANIZATIONS, USERS, World, full, install, login, organization, organizations, pool, session,
    tenant, user, whale,
};

/// The ledger operation of an RPC.
enum Operation {
    Command(Command),
    Query(Query),
    /// None, or none whose length its caller chooses.
    Elsewhere,
}

fn command(command: impl Into<Command>) -> Operation {
    Operation::Command(command.into())
}

fn query(query: impl Into<Query>) -> Operation {
    Operation::Query(query.into())
}

/// All RPCs, in an order in which each finds what it needs.
fn operations() -> Vec<(&'static str, Vec<Operation>)> {
    let mut all = reads();
    all.extend(logins());
    all.extend(seats());
    all.extend(people::operations());
    all.extend(licenses());
    all.extend(ends());
    all
}

fn reads() -> Vec<(&'static str, Vec<Operation>)> {
    let words: Vec<String> = (0..8).map(|no| format!("nobody{no}")).collect();
    let search = |order, descending| ListUsers {
        words: words.clone(),
        any_word: true,
        order,
        descending,
        limit: 1_000,
        ..ListUsers::default()
    };
    let statuses = vec![Status::Active, Status::Idle];
    let organization = Some(organization(ORGANIZATIONS - 1));
    let filtered = ListUsers {
        statuses: statuses.iter().copied().map(Some).collect(),
        organization: organization.clone(),
        group: Some("none".into()),
        limit: 1_000,
        ..ListUsers::default()
    };
    let text = "süd nicht".to_owned();
    let order = OrganizationOrder::OrganizationId;
    vec![
        (
            "DirectoryService/ListUsers",
            vec![
                query(search(UserOrder::Name, false)),
                query(search(UserOrder::LastSignIn, true)),
                query(filtered),
                query(ListUsers {
                    id: "nobody".into(),
                    name: "nobody".into(),
                    created: Period { from: Some(WallTime(0)), until: None },
                    limit: 1_000,
                    ..ListUsers::default()
                }),
                query(ListUsers { limit: 1_000, ..ListUsers::default() }),
            ],
        ),
        ("DirectoryService/ExportUsers", vec![query(ListUsers { limit: 500, ..search(UserOrder::Created, false) })]),
        (
            "DirectoryService/GetUser",
            Vec::from([whale(), full(0)].map(|user| query(GetUser { user, organization: organization.clone() }))),
        ),
        (
            "DirectoryService/ListOrganizations",
            vec![query(ListOrganizations { text: text.clone(), order, limit: 1_000, ..ListOrganizations::default() })],
        ),
        (
            "SessionService/ListSessions",
            vec![
                query(ListSessions { statuses, organization, limit: 1_000, ..ListSessions::default() }),
                query(ListSessions {
                    client: "nobody".into(),
                    started: Period { from: Some(WallTime(0)), until: None },
                    limit: 1_000,
                    ..ListSessions::default()
                }),
                query(ListSessions { session: Some(session(1)), limit: 1_000, ..ListSessions::default() }),
                query(ListSessions { user: Some(whale()), limit: 1_000, ..ListSessions::default() }),
            ],
        ),
        ("TenantService/ListTenants", vec![query(ListTenants { text, limit: 1_000, ..ListTenants::default() })]),
        ("TenantService/GetTenant", vec![query(GetTenant)]),
        ("TenantService/GetUsage", vec![query(GetUsage)]),
        ("LicenseService/ListLicenses", vec![query(ListLicenses { after: None, limit: 1_000 })]),
        ("LicenseService/GetLicenseInformation", vec![query(GetLicenseInformation)]),
        ("LicenseService/GetEntitlements", vec![query(GetEntitlements)]),
        // The request is made from the license page.
        ("LicenseService/CreateLicenseRequest", vec![query(GetLicenseInformation)]),
        ("LicenseService/SendLicenseRequest", vec![query(GetLicenseInformation), command(sent())]),
        (
            "NotificationService/ListNotifications",
            vec![query(ListNotifications { state: None, after: None, limit: 1_000 })],
        ),
        ("TokenService/ListTokens", vec![query(ListTokens { within: Tenants::All, after: None, limit: 1_000 })]),
        ("AuditService/ListAuditEvents", vec![Operation::Elsewhere]),
        ("AuditService/ExportAuditEvents", vec![Operation::Elsewhere]),
        ("SessionService/WatchSessions", vec![Operation::Elsewhere]),
        ("ServerService/GetServer", vec![Operation::Elsewhere]),
        ("ServerService/ListNodes", vec![Operation::Elsewhere]),
        ("ServerService/SetLogFilter", vec![Operation::Elsewhere]),
    ]
}

fn logins() -> Vec<(&'static str, Vec<Operation>)> {
    let heartbeats = (0..USERS).map(|no| (session(DEVICES + no), false)).collect();
    vec![
        (
            "SeatService/CheckOut",
            vec![
                command(login(whale(), pool(5), DEVICES, 1_000_000)),
                command(CheckOut { check_only: true, ..login(whale(), pool(6), DEVICES + 1, 1_000_001) }),
            ],
        ),
        ("SeatService/Heartbeat", vec![command(Heartbeat { heartbeats: vec![(session(0), true)] })]),
        ("SeatService/BatchHeartbeat", vec![command(Heartbeat { heartbeats })]),
        ("SeatService/CheckIn", vec![command(CheckIn { session: session(1) })]),
        (
            "SessionService/CloseSession",
            vec![command(CloseSession { session: session(2), force: true, own_session: None, own_user: None })],
        ),
    ]
}

fn seats() -> Vec<(&'static str, Vec<Operation>)> {
    let some: Vec<_> = (0..20).map(pool).collect();
    let all = || organizations(ORGANIZATIONS / 2);
    let many = || (0..50).map(user).collect::<Vec<_>>();
    let revoke = |pools, users, organizations| RevokeSeats { pools, users, organizations, end_sessions: true };
    vec![
        (
            "SeatService/GrantSeat",
            vec![command(GrantSeats { pools: vec![pool(0)], users: vec![full(0)], organizations: all() })],
        ),
        (
            "SeatService/BatchGrantSeats",
            vec![command(GrantSeats { pools: some.clone(), users: many(), organizations: all() })],
        ),
        ("SeatService/RevokeSeat", vec![command(revoke(vec![pool(0)], vec![user(0)], organizations(3)))]),
        ("SeatService/BatchRevokeSeats", vec![command(revoke(some, many(), organizations(100)))]),
    ]
}

fn licenses() -> Vec<(&'static str, Vec<Operation>)> {
    let id = TokenId(7);
    let token = CreateToken {
        id,
        name: TokenName::stored("token"),
        hash: TokenHash([0; 32]),
        roles: Roles::NONE.with(Role::Application),
        tenants: Tenants::All,
        ttl: None,
        within: Tenants::All,
    };
    vec![
        ("LicenseService/InstallLicense", vec![command(install(3, 2))]),
        ("LicenseService/FetchLicense", vec![query(GetTenant), command(fetched(4, 2)), command(fetched(4, 2))]),
        ("LicenseService/DeleteLicense", vec![command(DeleteLicense { license: LicenseId::stored("license4") })]),
        ("LicenseService/DeleteLicenses", vec![command(DeleteLicenses)]),
        (
            "NotificationService/RedeliverNotification",
            vec![command(RedeliverNotification { topic: Topic::parse("exceeded/pool0000").unwrap() })],
        ),
        ("TokenService/CreateToken", vec![command(token)]),
        ("TokenService/RevokeToken", vec![command(RevokeToken { id, within: Tenants::All })]),
    ]
}

fn fetched(no: u64, revision: u64) -> FetchLicense {
    let answer = VendorAnswer::License(Box::new(install(no, revision)));
    FetchLicense { from: "https://vendor.example/…".into(), answer }
}

fn sent() -> NoteLicenseRequest {
    NoteLicenseRequest { to: "v@x.example".into(), what: "a renewal".into(), failed: Some("x".repeat(500).into()) }
}

fn ends() -> Vec<(&'static str, Vec<Operation>)> {
    let tenant = || CreateTenant { display_name: "".into(), contact: "".into(), policy: Default::default() };
    let policy = PolicyPatch {
        max_session: Some(std::time::Duration::from_secs(3 * 60 * 60)),
        idle_after: Some(std::time::Duration::from_secs(30 * 60)),
        administrators_count_in_named: Some(false),
        warn_at_percent: Some(Box::new([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])),
        ..PolicyPatch::default()
    };
    vec![
        ("TenantService/UpdateTenant", vec![command(UpdateTenant { policy, ..UpdateTenant::default() })]),
        ("SessionService/CloseIdleSessions", vec![command(CloseIdle { pool: None, own_user: None })]),
        ("TenantService/SuspendTenant", vec![command(SuspendTenant { suspend: true })]),
        ("TenantService/ResumeTenant", vec![command(SuspendTenant { suspend: false })]),
        ("TenantService/DeleteTenant", vec![command(DeleteTenant)]),
        ("TenantService/CreateTenant", vec![command(tenant())]),
    ]
}

/// RPCs whose callers choose the amount of work: in a world this large they take several steps.
const LONG: [&str; 9] = [
    "DirectoryService/ListUsers",
    "DirectoryService/ExportUsers",
    "DirectoryService/SyncUsers",
    "DirectoryService/DeleteOrganization",
    "SeatService/BatchHeartbeat",
    "SeatService/BatchGrantSeats",
    "SeatService/BatchRevokeSeats",
    "SessionService/CloseIdleSessions",
    "LicenseService/DeleteLicenses",
];

/// RPCs whose steps end after few rows, because every caller of the shard waits for their commit.
const FEW_ROWS: [&str; 4] = [
    "SeatService/BatchGrantSeats",
    "SeatService/BatchRevokeSeats",
    "SessionService/CloseIdleSessions",
    "TenantService/DeleteTenant",
];

#[test]
fn no_step_of_any_call_costs_more_than_a_step_may() {
    let methods = mount::methods();
    let served: BTreeSet<&str> = methods.names().filter_map(|name| name.strip_prefix("usher.v1.")).collect();
    let tried: BTreeSet<&str> = operations().iter().map(|(name, _)| *name).collect();
    assert_eq!(served, tried, "left: RPCs of the contract; right: those that are tried here");
    let mut world = World::new();
    let mut dear = Vec::new();
    for (name, operations) in operations() {
        let mut steps = 0;
        for operation in operations {
            let cost = match operation {
                Operation::Command(command) => world.cost(command).1,
                Operation::Query(query) => world.cost_of(query).1,
                Operation::Elsewhere => continue,
            };
            steps += cost.steps;
            let few = Budget::STEP_ROWS as usize + 2;
            assert!(cost.written <= few || !FEW_ROWS.contains(&name), "{name} writes {} rows", cost.written);
            println!("{name}: {cost:?}");
            if cost.largest > Budget::MAX_STEP_WORK {
                dear.push((name, cost));
            }
        }
        assert!(steps > 1 || !LONG.contains(&name), "{name} takes one step: nothing is charged");
    }
    assert!(dear.is_empty(), "{dear:?}");
}

/// The longest batch of ids that can be configured: looking them all up takes more than one step.
const MAX_BATCH: u64 = 10_000;

#[test]
fn with_more_ids_than_a_step_has_room_for_each_step_gets_on() {
    let mut world = World::new();
    let ids = || (0..MAX_BATCH).map(|no| organization(no % ORGANIZATIONS)).collect::<Vec<_>>();
    let (pools, users) = ((0..3).map(pool).collect::<Vec<_>>(), (0..3).map(user).collect::<Vec<_>>());
    let grants = GrantSeats { pools: pools.clone(), users: users.clone(), organizations: ids() };
    let revocations = RevokeSeats { pools, users, organizations: ids(), end_sessions: true };
    for command in [Command::from(grants), Command::from(revocations)] {
        let cost = world.cost(command).1;
        assert!(cost.steps >= 9 && cost.largest <= Budget::MAX_STEP_WORK, "{cost:?}");
    }
    let few = (0..MAX_BATCH).map(|no| usher::ids::TenantId::stored(&format!("tenant{no:05}"))).chain([tenant()]);
    let operation = ListTenants { among: Tenants::Only(few.collect()), limit: 1_000, ..ListTenants::default() };
    let (QueryResult::ListTenants(page), cost) = world.cost_of(operation) else { panic!("a page") };
    assert_eq!(page.rows.iter().map(|row| &row.id).collect::<Vec<_>>(), [&tenant()]);
    assert!(cost.steps > 1 && cost.largest <= Budget::MAX_STEP_WORK, "{cost:?}");
}

#[test]
fn tokens_of_a_deleted_tenant_are_withdrawn_in_steps() {
    let mut world = World::new();
    let gone = tenant();
    for no in 0..2_000 {
        let token = CreateToken {
            id: TokenId(no),
            name: TokenName::stored(&format!("token{no}")),
            hash: TokenHash([0; 32]),
            roles: Roles::NONE.with(Role::Application),
            tenants: Tenants::Only([gone.clone()].into()),
            ttl: None,
            within: Tenants::All,
        };
        assert!(matches!(world.submit(token), Outcome::CreateToken(Ok(_))));
    }
    let (mut after, mut steps) = (None, 0);
    loop {
        let (outcome, cost) = world.cost(WithdrawTenant { gone: gone.clone(), after });
        assert!(cost.steps == 1 && cost.largest <= Budget::MAX_STEP_WORK, "{cost:?}");
        let Outcome::WithdrawTenant(last) = outcome else { panic!("an answer") };
        (after, steps) = (last, steps + 1);
        if last.is_none() {
            break;
        }
    }
    let QueryResult::AllTokens(left) = world.cost_of(AllTokens).0 else { panic!("tokens") };
    assert!(left.rows.is_empty() && steps > 2, "{} left after {steps} steps", left.rows.len());
}

#[test]
fn what_is_answered_is_bounded_too() {
    let mut world = World::new();
    let page = ListUsers { words: vec!["bell".into()], limit: 1_000, ..ListUsers::default() };
    let QueryResult::ListUsers(Ok(page)) = world.cost_of(page).0 else { panic!("a page") };
    assert!((1..FULL as usize + 1).contains(&page.rows.len()), "{} rows of 50 KiB", page.rows.len());
    assert_eq!(page.next.is_some(), page.rows.len() < FULL as usize);
    let Outcome::CloseIdle(Ok(closed)) = world.submit(CloseIdle { pool: None, own_user: None }) else {
        panic!("closed")
    };
    assert_eq!((closed.sessions.len(), closed.count), (1_000, USERS + DEVICES));
    let pools: Vec<_> = (0..2).map(pool).collect();
    let grants = GrantSeats { pools, users: vec![full(0)], organizations: organizations(500) };
    let Outcome::GrantSeats(grants) = world.submit(grants) else { panic!("grants") };
    for granted in grants {
        let seat = granted.unwrap().decision.unwrap();
        assert_eq!((seat.organizations.unwrap().len(), seat.organization_count), (SeatView::MAX_NAMED, 500));
    }
    let more = GrantSeats { pools: vec![pool(2)], users: vec![whale()], organizations: organizations(ORGANIZATIONS) };
    let Outcome::GrantSeats(refused) = world.submit(more) else { panic!("grants") };
    assert!(refused[0].is_err(), "a user's seats name 10,000 organizations at most");
}

#[test]
fn who_is_signed_in_already_hears_of_twenty_sessions_and_how_many_there_are() {
    let mut world = World::new();
    let policy = PolicyPatch { max_devices_per_user: Some(1), ..PolicyPatch::default() };
    world.submit(UpdateTenant { policy, ..UpdateTenant::default() });
    let Outcome::CheckOut(answer) = world.submit(login(whale(), pool(3), DEVICES + 9, 2_000_000)) else {
        panic!("an answer")
    };
    let denial = answer.unwrap().decision.unwrap_err();
    assert_eq!((denial.own_sessions.len(), denial.own_session_count as u64), (Denial::MAX_OWN_SESSIONS, DEVICES));
    assert_eq!(denial.own_sessions[0].id, session(0), "the oldest first");
}
