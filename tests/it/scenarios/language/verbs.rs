//! The verbs of a scenario: everything that a line can say. This table is the whole language:
//!
//! ```text
//! pool primary concurrent 2 [from 1d] [until 30d]         a license of its own for one pool, with the next revision
//! pool crm named unlimited | pool crm deleted
//! license gold revision 2 gives primary concurrent 2, crm named 3 [tier gold] [features A B] [limits C 5 D unlimited]
//!     [hosts a b] [customer 42] [to "Acme"] [issued 1h] [document "x"] [from 1d] [until 30d]; it may give nothing
//! license gold deleted | license gold revoked [up to 2] [for "theft"] | licenses deleted
//! license gold | list licenses | information | entitlements
//! policy lease_ttl 10m                                    one field of the tenant's policy
//! organization north ["North Sea"] | renamed "Zeta" | deleted
//! user ann [administrator] [seats primary crm]            creates
//! user ann blocked [ending sessions] | unblocked | deleted | renamed anna
//! user ann named "Ann" "Archer" | groups a b | administrator yes | administrator no
//! grant primary crm to ann bob [at north south]
//! revoke primary from ann [at north] [ending sessions]
//! ann signs in to primary on laptop [at north] [as first] the session is called ann/laptop, or as it is said
//! ann could sign in to primary on laptop [at north]       the same question without taking a seat (R20)
//! heartbeat ann/laptop [active], bob/phone
//! checkin ann/laptop
//! close ann/laptop [forced] [by root] [from root/desk]
//! close idle [in primary] [by root]
//! after 59m 59.999s                                       nothing else happens in that time
//! clock back 2d | clock ahead 2d                          the wall clock jumps, time itself does not
//! sweep                                                   the regular work
//! restart | crash                                         a stop that writes everything; one that does not
//! usage [primary] | show ann [at north] | audit
//! list sessions [in primary] [of ann] [at north] [on laptop] [idle 5m] [Active Away Idle] [by activity] [descending]
//!     [pages of 2] [first 2]
//! list users [words "ann cid"] [any] [blocked] [unblocked] [Idle blank] [administrators] [others] [never] [group a]
//!     [id "an"] [called "ann a"] [cause limit] [by name]
//! list organizations [text "or"] [by id] [descending] | list tenants [text "ac"] [active] [suspended] | more
//! notification exceeded/primary | list notifications [pending sending done dead] | due by email | due by webhook
//! send exceeded/primary by email answered | failed "why" | refused "why" | lost ; redeliver exceeded/primary
//! tenant globex | suspended | resumed | deleted ; in globex ; actor root ; server demo_seats 0 | server channels email webhook
//! ```
//! Organizations are named behind `at`. `if version 3` stands behind an update that must not lose another one.

use std::time::Duration;

use usher::ids::{DeviceId, LicenseId, OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::change::Profile;
use usher::ledger::command::{
    BlockUser, CloseIdle, Command, CreateOrganization, CreateTenant, CreateUser, DeleteLicenses, DeleteOrganization,
    DeleteTenant, DeleteUser, DueNotifications, GrantSeats, LicenseGrant, Query, RenameUser, RevokeSeats,
    SuspendTenant, UnblockUser, UpdateOrganization, UpdateUser, UserPatch,
};
use usher::ledger::notification::{Attempt, Channel, Channels, Topic};
use usher::ledger::time::WallTime;

use super::Words;
use super::{licenses, lists, notifications, policies, sync};

/// Time at which every scenario starts; dates of licenses are relative to it.
pub const START: WallTime = WallTime(1_750_000_000_000);

/// One line, parsed.
#[derive(Debug)]
pub enum Verb {
    Server {
        demo_seats: u64,
        channels: Channels,
    },
    In(TenantId),
    Actor(String),
    After(Duration),
    /// A jump of the wall clock, in milliseconds.
    Clock(i64),
    Sweep,
    Restart,
    Crash,
    /// A command for the scenario's current tenant.
    Command(Box<Command>),
    /// A command for this tenant.
    Tenant(TenantId, Box<Command>),
    /// Installs a license with the next revision.
    License(LicenseId, LicenseGrant),
    SignIn {
        login: Login,
        name: String,
    },
    CouldSignIn(Login),
    Heartbeat(Vec<(String, bool)>),
    CheckIn(String),
    Close {
        session: String,
        forced: bool,
        by: Option<UserId>,
        from: Option<String>,
    },
    Usage(Option<PoolId>),
    /// The newest revision in the list.
    ShowLicense(LicenseId),
    Information,
    Entitlements,
    Show(UserId, Option<OrganizationId>),
    List {
        query: Query,
        all: bool,
    },
    More,
    Notification(Topic),
    Due(DueNotifications),
    /// Begins a delivery and ends it with this result; `None`: its end is never reported.
    Send {
        topic: Topic,
        channel: Channel,
        result: Option<Attempt>,
    },
    /// The exact list of events since the last `audit` line.
    Audit(Vec<String>),
}

/// A login as a line states it; the world adds the rest.
#[derive(Debug, Clone)]
pub struct Login {
    pub pool: PoolId,
    pub user: UserId,
    pub device: DeviceId,
    pub organization: Option<OrganizationId>,
}

impl Verb {
    /// Returns whether the verb is a query, so that its line must state the answer.
    pub fn reads(&self) -> bool {
        let about_licenses = matches!(self, Verb::ShowLicense(_) | Verb::Information | Verb::Entitlements);
        let others =
            matches!(self, Verb::Usage(_) | Verb::Show(..) | Verb::List { .. } | Verb::More | Verb::CouldSignIn(_));
        let told = matches!(self, Verb::Notification(_) | Verb::Due(_));
        about_licenses || others || told
    }
}

pub fn command(command: impl Into<Command>) -> Verb {
    Verb::Command(Box::new(command.into()))
}

/// Parses one line.
///
/// # Errors
/// The reason why the line cannot be parsed.
pub fn parse(words: &mut Words) -> Result<Verb, String> {
    let verb = match words.next("a verb")?.as_str() {
        "pool" => licenses::pool(words)?,
        "license" => licenses::license(words)?,
        "licenses" => {
            words.expect("deleted")?;
            command(DeleteLicenses)
        }
        "information" => Verb::Information,
        "entitlements" => Verb::Entitlements,
        "policy" => command(policies::policy(words)?),
        "organization" => organization(words)?,
        "user" => user(words)?,
        "grant" => grant(words)?,
        "revoke" => revoke(words)?,
        "sync" => sync::sync(words)?,
        "activate" => sync::activate(words)?,
        "unlisted" => sync::unlisted(words)?,
        "heartbeat" => heartbeat(words)?,
        "checkin" => Verb::CheckIn(words.next("a session")?),
        "close" => close(words)?,
        "after" => Verb::After(words.duration()?),
        "clock" => clock(words)?,
        "sweep" => Verb::Sweep,
        "restart" => Verb::Restart,
        "crash" => Verb::Crash,
        "usage" => Verb::Usage(words.peek().is_some().then(|| pool_id(words)).transpose()?),
        "show" => Verb::Show(user_id(words)?, words.eat("at").then(|| organization_id(words)).transpose()?),
        "audit" => Verb::Audit(Vec::new()),
        "list" => lists::list(words)?,
        "more" => Verb::More,
        "notification" => Verb::Notification(notifications::topic(words)?),
        "due" => notifications::due(words)?,
        "send" => notifications::send(words)?,
        "redeliver" => notifications::redeliver(words)?,
        "tenant" => tenant(words)?,
        "in" => Verb::In(parsed("a tenant", TenantId::parse, words)?),
        "actor" => Verb::Actor(words.next("who asks")?),
        "server" => {
            if words.eat("channels") {
                let channels = Channels { email: words.eat("email"), webhook: words.eat("webhook") };
                return Ok(Verb::Server { demo_seats: 2, channels });
            }
            words.expect("demo_seats")?;
            Verb::Server { demo_seats: words.number("seats")?, channels: Channels::default() }
        }
        name => sign_in(name, words)?,
    };
    words.end()?;
    Ok(verb)
}

pub fn parsed<T, E: ToString>(what: &str, parse: fn(&str) -> Result<T, E>, words: &mut Words) -> Result<T, String> {
    let word = words.next(what)?;
    parse(&word).map_err(|error| format!("{what}: `{word}` {}", error.to_string()))
}

pub fn pool_id(words: &mut Words) -> Result<PoolId, String> {
    parsed("a pool", PoolId::parse, words)
}

pub fn user_id(words: &mut Words) -> Result<UserId, String> {
    parsed("a user", UserId::parse, words)
}

pub fn organization_id(words: &mut Words) -> Result<OrganizationId, String> {
    parsed("an organization", OrganizationId::parse, words)
}

pub fn pool_ids(words: &mut Words, stops: &[&str]) -> Result<Vec<PoolId>, String> {
    words.names("a pool", stops)?.iter().map(|id| PoolId::parse(id).map_err(|error| error.to_string())).collect()
}

pub fn user_ids(words: &mut Words, stops: &[&str]) -> Result<Vec<UserId>, String> {
    words.names("a user", stops)?.iter().map(|id| UserId::parse(id).map_err(|error| error.to_string())).collect()
}

/// Parses `at north south`, or nothing.
pub fn organizations(words: &mut Words) -> Result<Vec<OrganizationId>, String> {
    if !words.eat("at") {
        return Ok(Vec::new());
    }
    let names = words.names("an organization", &["ending", "blocked", "active", "or", "dry"])?;
    names.iter().map(|id| OrganizationId::parse(id).map_err(|error| error.to_string())).collect()
}

fn ending_sessions(words: &mut Words) -> Result<bool, String> {
    let ending = words.eat("ending");
    if ending {
        words.expect("sessions")?;
    }
    Ok(ending)
}

fn version(words: &mut Words) -> Result<Option<u64>, String> {
    if !words.eat("if") {
        return Ok(None);
    }
    words.expect("version")?;
    words.number("a version").map(Some)
}

fn tenant(words: &mut Words) -> Result<Verb, String> {
    let id = parsed("a tenant", TenantId::parse, words)?;
    let command: Command = match words.peek() {
        None => {
            CreateTenant { display_name: id.as_str().into(), contact: "".into(), policy: Default::default() }.into()
        }
        Some(_) => match words.next("a verb")?.as_str() {
            "suspended" => SuspendTenant { suspend: true }.into(),
            "resumed" => SuspendTenant { suspend: false }.into(),
            "deleted" => DeleteTenant.into(),
            other => return Err(format!("a tenant cannot be `{other}`")),
        },
    };
    Ok(Verb::Tenant(id, Box::new(command)))
}

fn organization(words: &mut Words) -> Result<Verb, String> {
    let organization = organization_id(words)?;
    if words.eat("deleted") {
        return Ok(command(DeleteOrganization { organization }));
    }
    if words.eat("renamed") {
        let display_name = Some(words.next("a name")?.into());
        return Ok(command(UpdateOrganization { organization, display_name, version: version(words)? }));
    }
    let display_name = match words.peek() {
        Some(_) => words.next("a name")?,
        None => organization.to_string(),
    };
    Ok(command(CreateOrganization { organization, display_name: display_name.into() }))
}

fn user(words: &mut Words) -> Result<Verb, String> {
    let user = user_id(words)?;
    let mut patch = UserPatch::default();
    match words.peek() {
        Some("blocked") => {
            words.expect("blocked")?;
            return Ok(command(BlockUser { user, end_sessions: ending_sessions(words)? }));
        }
        Some("unblocked") => {
            words.expect("unblocked")?;
            return Ok(command(UnblockUser { user }));
        }
        Some("deleted") => {
            words.expect("deleted")?;
            return Ok(command(DeleteUser { user }));
        }
        Some("renamed") => {
            words.expect("renamed")?;
            return Ok(command(RenameUser { user, new: user_id(words)? }));
        }
        Some("named") => {
            words.expect("named")?;
            patch.given_name = Some(words.next("a given name")?.into());
            patch.family_name = Some(words.next("a family name")?.into());
        }
        Some("groups") => {
            words.expect("groups")?;
            patch.groups = Some(words.names("a group", &["if"])?.into_iter().map(Into::into).collect());
        }
        _ => {
            let administrator = words.eat("administrator");
            if administrator && words.eat("yes") {
                patch.administrator = Some(true);
            } else if administrator && words.eat("no") {
                patch.administrator = Some(false);
            } else {
                let pools = if words.eat("seats") { pool_ids(words, &[])? } else { Vec::new() };
                return Ok(command(CreateUser { user, administrator, profile: Profile::default(), pools }));
            }
        }
    }
    Ok(command(UpdateUser { user, patch, version: version(words)? }))
}

fn grant(words: &mut Words) -> Result<Verb, String> {
    let pools = pool_ids(words, &["to"])?;
    words.expect("to")?;
    let users = user_ids(words, &["at"])?;
    Ok(command(GrantSeats { pools, users, organizations: organizations(words)? }))
}

fn revoke(words: &mut Words) -> Result<Verb, String> {
    let pools = pool_ids(words, &["from"])?;
    words.expect("from")?;
    let users = user_ids(words, &["at", "ending"])?;
    let organizations = organizations(words)?;
    Ok(command(RevokeSeats { pools, users, organizations, end_sessions: ending_sessions(words)? }))
}

fn sign_in(name: &str, words: &mut Words) -> Result<Verb, String> {
    let user = UserId::parse(name).map_err(|error| format!("`{name}` {error}"))?;
    let could = words.eat("could");
    words.expect(if could { "sign" } else { "signs" }).map_err(|_| format!("`{name}` begins no line"))?;
    words.expect("in")?;
    words.expect("to")?;
    let pool = pool_id(words)?;
    words.expect("on")?;
    let device = parsed("a device", DeviceId::parse, words)?;
    let organization = if words.eat("at") { Some(organization_id(words)?) } else { None };
    let mut session = format!("{user}/{device}");
    let login = Login { pool, user, device, organization };
    if could {
        return Ok(Verb::CouldSignIn(login));
    }
    if words.eat("as") {
        session = words.next("a name for the session")?;
    }
    Ok(Verb::SignIn { login, name: session })
}

fn heartbeat(words: &mut Words) -> Result<Verb, String> {
    let mut heartbeats = Vec::new();
    loop {
        let session = words.next("a session")?;
        heartbeats.push((session, words.eat("active")));
        if !words.eat(",") {
            return Ok(Verb::Heartbeat(heartbeats));
        }
    }
}

fn close(words: &mut Words) -> Result<Verb, String> {
    let session = words.next("a session")?;
    if session == "idle" {
        let pool = if words.eat("in") { Some(pool_id(words)?) } else { None };
        let own_user = if words.eat("by") { Some(user_id(words)?) } else { None };
        return Ok(command(CloseIdle { pool, own_user }));
    }
    let forced = words.eat("forced");
    let by = if words.eat("by") { Some(user_id(words)?) } else { None };
    let from = if words.eat("from") { Some(words.next("a session")?) } else { None };
    Ok(Verb::Close { session, forced, by, from })
}

fn clock(words: &mut Words) -> Result<Verb, String> {
    let back = words.eat("back");
    if !back {
        words.expect("ahead")?;
    }
    let by = i64::try_from(words.duration()?.as_millis()).map_err(|_| "too far")?;
    Ok(Verb::Clock(if back { -by } else { by }))
}

/// Id of the `n`-th session of a scenario.
pub fn session_id(n: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(n))
}
