//! `list …`: the questions that are answered in pages.

use usher::ids::DeviceId;
use usher::ledger::change::{BlockCause, TenantState};
use usher::ledger::command::{
    ListLicenses, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder, Query, SessionOrder,
    UserOrder,
};
use usher::ledger::outcome::Status;
use usher::ledger::search::fold;

use super::language::Words;
use super::notification_verbs;
use super::verbs::{Act, organization_id, pool_id, user_id};

/// More rows than any scenario has.
const EVERYTHING: usize = 1_000;

/// # Errors
/// What is wrong with the line.
pub fn list(words: &mut Words) -> Result<Act, String> {
    let mut query = match words.next("what to list")?.as_str() {
        "sessions" => sessions(words)?.into(),
        "users" => users(words)?.into(),
        "organizations" => organizations(words)?.into(),
        "tenants" => tenants(words)?.into(),
        "licenses" => ListLicenses { limit: EVERYTHING, ..ListLicenses::default() }.into(),
        "notifications" => notification_verbs::list(words).into(),
        other => return Err(format!("`{other}` cannot be listed")),
    };
    let mut all = true;
    if words.eat("pages") {
        words.expect("of")?;
        *limit(&mut query) = rows(words)?;
    } else if words.eat("first") {
        *limit(&mut query) = rows(words)?;
        all = false;
    }
    Ok(Act::List { query, all })
}

fn rows(words: &mut Words) -> Result<usize, String> {
    usize::try_from(words.number("rows")?).map_err(|_| "too many rows".into())
}

fn limit(query: &mut Query) -> &mut usize {
    match query {
        Query::ListSessions(ask) => &mut ask.limit,
        Query::ListUsers(ask) => &mut ask.limit,
        Query::ListOrganizations(ask) => &mut ask.limit,
        Query::ListTenants(ask) => &mut ask.limit,
        Query::ListLicenses(ask) => &mut ask.limit,
        Query::ListNotifications(ask) => &mut ask.limit,
        other => unreachable!("{other:?} has no pages"),
    }
}

fn status(word: &str) -> Option<Status> {
    match word {
        "Active" => Some(Status::Active),
        "Away" => Some(Status::Away),
        "Idle" => Some(Status::Idle),
        "Inactive" => Some(Status::Inactive),
        _ => None,
    }
}

fn device_id(words: &mut Words) -> Result<DeviceId, String> {
    let name = words.next("a device")?;
    DeviceId::parse(&name).map_err(|error| format!("`{name}` {error}"))
}

fn paging(word: Option<&str>) -> bool {
    matches!(word, None | Some("pages" | "first"))
}

fn sessions(words: &mut Words) -> Result<ListSessions, String> {
    let mut ask = ListSessions { limit: EVERYTHING, order: SessionOrder::Started, ..ListSessions::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "in" => ask.pool = Some(pool_id(words)?),
            "of" => ask.user = Some(user_id(words)?),
            "at" => ask.organization = Some(organization_id(words)?),
            "on" => ask.device = Some(device_id(words)?),
            "idle" => ask.idle = Some(words.duration()?),
            "descending" => ask.descending = true,
            "by" => {
                ask.order = match words.next("an order")?.as_str() {
                    "activity" => SessionOrder::LastActivity,
                    "started" => SessionOrder::Started,
                    "user" => SessionOrder::User,
                    other => return Err(format!("sessions have no order by `{other}`")),
                }
            }
            word => ask.statuses.push(status(word).ok_or_else(|| format!("sessions have no filter `{word}`"))?),
        }
    }
    Ok(ask)
}

fn users(words: &mut Words) -> Result<ListUsers, String> {
    let mut ask = ListUsers { limit: EVERYTHING, order: UserOrder::UserId, ..ListUsers::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "words" => ask.words = fold(&words.next("words")?).split_whitespace().map(str::to_owned).collect(),
            "any" => ask.any_word = true,
            "blocked" => ask.blocked = Some(true),
            "unblocked" => ask.blocked = Some(false),
            "in" => ask.pool = Some(pool_id(words)?),
            "at" => ask.organization = Some(organization_id(words)?),
            "group" => ask.group = Some(words.next("a group")?),
            "administrators" => ask.administrator = Some(true),
            "others" => ask.administrator = Some(false),
            "never" => ask.never_signed_in = true,
            "id" => ask.id = words.next("a part of an id")?.to_lowercase(),
            "called" => ask.name = words.next("a part of a name")?.to_lowercase(),
            "cause" => ask.cause = Some(cause(words)?),
            "descending" => ask.descending = true,
            "by" => {
                ask.order = match words.next("an order")?.as_str() {
                    "sign_in" => UserOrder::LastSignIn,
                    "id" => UserOrder::UserId,
                    "name" => UserOrder::Name,
                    other => return Err(format!("users have no order by `{other}`")),
                }
            }
            "blank" => ask.statuses.push(None),
            word => {
                let status = status(word).ok_or_else(|| format!("users have no filter `{word}`"))?;
                ask.statuses.push(Some(status));
            }
        }
    }
    Ok(ask)
}

fn cause(words: &mut Words) -> Result<BlockCause, String> {
    match words.next("a cause")?.as_str() {
        "administrator" => Ok(BlockCause::Administrator),
        "limit" => Ok(BlockCause::LicenseLimit),
        "directory" => Ok(BlockCause::Directory),
        other => Err(format!("nobody is blocked for `{other}`")),
    }
}

fn organizations(words: &mut Words) -> Result<ListOrganizations, String> {
    let mut ask = ListOrganizations { limit: EVERYTHING, ..ListOrganizations::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "text" => ask.text = fold(&words.next("a text")?),
            "descending" => ask.descending = true,
            "by" => {
                ask.order = match words.next("an order")?.as_str() {
                    "name" => OrganizationOrder::DisplayName,
                    "id" => OrganizationOrder::OrganizationId,
                    other => return Err(format!("organizations have no order by `{other}`")),
                }
            }
            word => return Err(format!("organizations have no filter `{word}`")),
        }
    }
    Ok(ask)
}

fn tenants(words: &mut Words) -> Result<ListTenants, String> {
    let mut ask = ListTenants { limit: EVERYTHING, ..ListTenants::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "text" => ask.text = fold(&words.next("a text")?),
            "suspended" => ask.state = Some(TenantState::Suspended),
            "active" => ask.state = Some(TenantState::Active),
            word => return Err(format!("tenants have no filter `{word}`")),
        }
    }
    Ok(ask)
}
