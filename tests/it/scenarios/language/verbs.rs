//! Parses the verbs of a scenario.

use usher::ids::{DeviceId, OrganizationId, PoolId, TenantId, UserId};
use usher::ledger::change::Profile;
use usher::ledger::command::{
    BlockUser, CloseIdle, Command, CreateOrganization, CreateTenant, CreateUser, DeleteLicenses, DeleteOrganization,
    DeleteTenant, DeleteUser, GrantSeats, RenameUser, RevokeSeats, SuspendTenant, UnblockUser, UpdateOrganization,
    UpdateUser, UserPatch,
};
use usher::ledger::notification::Channels;

use super::Words;
use super::steps::{LedgerVerb, Login, Verb};
use super::{licenses, lists, notifications, policies, sync};

pub fn command(command: impl Into<Command>) -> Verb {
    Verb::Command(Box::new(command.into()))
}

/// A command that no RPC carries out as it is.
pub fn ledger_command(command: impl Into<Command>) -> Verb {
    Verb::Ledger(LedgerVerb::Command(Box::new(command.into())))
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
        "clock" => Verb::Ledger(clock(words)?),
        "sweep" => Verb::Sweep,
        "restart" => Verb::Ledger(LedgerVerb::Restart),
        "crash" => Verb::Ledger(LedgerVerb::Crash),
        "usage" => Verb::Usage(words.peek().is_some().then(|| pool_id(words)).transpose()?),
        "show" => Verb::Show(user_id(words)?, words.eat("at").then(|| organization_id(words)).transpose()?),
        "audit" => Verb::Ledger(LedgerVerb::Audit),
        "pools" => Verb::Pools,
        "sessions" => Verb::Sessions(lists::sessions(words)?),
        "directory" => sync::directory(words)?,
        "list" => lists::list(words)?,
        "more" => Verb::More,
        "notification" => Verb::Ledger(LedgerVerb::Notification(notifications::topic(words)?)),
        "due" => notifications::due(words)?,
        "send" => notifications::send(words)?,
        "redeliver" => notifications::redeliver(words)?,
        "tenant" => tenant(words)?,
        "in" => Verb::In(parsed("a tenant", TenantId::parse, words)?),
        "actor" => Verb::Ledger(LedgerVerb::Actor(words.next("who asks")?)),
        "server" => Verb::Ledger(server(words)?),
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

/// Takes user ids up to a word in `stops`; `p1..p40` are forty of them.
pub fn user_ids(words: &mut Words, stops: &[&str]) -> Result<Vec<UserId>, String> {
    user_names(words, stops)?.iter().map(|id| UserId::parse(id).map_err(|error| error.to_string())).collect()
}

pub fn user_names(words: &mut Words, stops: &[&str]) -> Result<Vec<String>, String> {
    let mut users = Vec::new();
    for name in words.names("a user", stops)? {
        let Some((first, last)) = name.split_once("..") else {
            users.push(name);
            continue;
        };
        let stem = first.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = |text: &str| text.strip_prefix(stem)?.parse::<u32>().ok();
        let range = number(first).zip(number(last)).filter(|(first, last)| first <= last);
        let (first, last) = range.ok_or_else(|| format!("`{name}` are no users such as p1..p40"))?;
        users.extend((first..=last).map(|number| format!("{stem}{number}")));
    }
    Ok(users)
}

/// Parses `at north south`, or nothing.
pub fn organizations(words: &mut Words) -> Result<Vec<OrganizationId>, String> {
    if !words.eat("at") {
        return Ok(Vec::new());
    }
    let names =
        words.names("an organization", &["ending", "blocked", "active", "or", "dry", ",", "and", "blocking", "as"])?;
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
    let mut alternatives = Vec::new();
    while words.eat("or") {
        alternatives.push(pool_id(words)?);
    }
    words.expect("on")?;
    let device = parsed("a device", DeviceId::parse, words)?;
    let organization = if words.eat("at") { Some(organization_id(words)?) } else { None };
    let mut session = format!("{user}/{device}");
    let login = Login { pool, alternatives, user, device, organization };
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

fn server(words: &mut Words) -> Result<LedgerVerb, String> {
    if words.eat("channels") {
        let channels = Channels { email: words.eat("email"), webhook: words.eat("webhook") };
        return Ok(LedgerVerb::Server { demo_seats: 2, channels });
    }
    words.expect("demo_seats")?;
    Ok(LedgerVerb::Server { demo_seats: words.number("seats")?, channels: Channels::default() })
}

fn clock(words: &mut Words) -> Result<LedgerVerb, String> {
    let back = words.eat("back");
    if !back {
        words.expect("ahead")?;
    }
    let by = i64::try_from(words.duration()?.as_millis()).map_err(|_| "too far")?;
    Ok(LedgerVerb::Clock(if back { -by } else { by }))
}
