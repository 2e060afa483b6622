//! Verbs `list …`: queries that are answered in pages.

use usher::ids::DeviceId;
use usher::ledger::change::{BlockCause, TenantState};
use usher::ledger::command::{
    ListLicenses, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder, Query, SessionOrder,
    UserOrder,
};
use usher::ledger::outcome::Status;
use usher::ledger::search::fold;

use super::Words;
use super::notifications;
use super::steps::{LedgerVerb, Verb};
use super::verbs::{organization_id, pool_id, user_id};

/// Page limit above the number of rows of any scenario.
const EVERYTHING: usize = 1_000;

/// Parses a line after `list`.
///
/// # Errors
/// The reason why the line cannot be parsed.
pub fn list(words: &mut Words) -> Result<Verb, String> {
    let mut query = match words.next("what to list")?.as_str() {
        "sessions" => sessions(words)?.into(),
        "users" => users(words)?.into(),
        "organizations" => organizations(words)?.into(),
        "tenants" => tenants(words)?.into(),
        "licenses" => ListLicenses { limit: EVERYTHING, ..ListLicenses::default() }.into(),
        "notifications" => notifications::list(words).into(),
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
    Ok(match query {
        Query::ListTenants(_) | Query::ListNotifications(_) => Verb::Ledger(LedgerVerb::List { query, all }),
        query => Verb::List { query, all },
    })
}

fn rows(words: &mut Words) -> Result<usize, String> {
    usize::try_from(words.number("rows")?).map_err(|_| "too many rows".into())
}

fn limit(query: &mut Query) -> &mut usize {
    match query {
        Query::ListSessions(query) => &mut query.limit,
        Query::ListUsers(query) => &mut query.limit,
        Query::ListOrganizations(query) => &mut query.limit,
        Query::ListTenants(query) => &mut query.limit,
        Query::ListLicenses(query) => &mut query.limit,
        Query::ListNotifications(query) => &mut query.limit,
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

/// Parses the filters of a list of sessions.
///
/// # Errors
/// The filter that there is not.
pub fn sessions(words: &mut Words) -> Result<ListSessions, String> {
    let mut query = ListSessions { limit: EVERYTHING, order: SessionOrder::Started, ..ListSessions::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "in" => query.pool = Some(pool_id(words)?),
            "of" => query.user = Some(user_id(words)?),
            "at" => query.organization = Some(organization_id(words)?),
            "on" => query.device = Some(device_id(words)?),
            "idle" => query.idle = Some(words.duration()?),
            "descending" => query.descending = true,
            "by" => {
                query.order = match words.next("an order")?.as_str() {
                    "activity" => SessionOrder::LastActivity,
                    "started" => SessionOrder::Started,
                    "user" => SessionOrder::User,
                    other => return Err(format!("sessions have no order by `{other}`")),
                }
            }
            word => query.statuses.push(status(word).ok_or_else(|| format!("sessions have no filter `{word}`"))?),
        }
    }
    Ok(query)
}

fn users(words: &mut Words) -> Result<ListUsers, String> {
    let mut query = ListUsers { limit: EVERYTHING, order: UserOrder::UserId, ..ListUsers::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "words" => query.words = fold(&words.next("words")?).split_whitespace().map(str::to_owned).collect(),
            "any" => query.any_word = true,
            "blocked" => query.blocked = Some(true),
            "unblocked" => query.blocked = Some(false),
            "in" => query.pool = Some(pool_id(words)?),
            "at" => query.organization = Some(organization_id(words)?),
            "group" => query.group = Some(words.next("a group")?),
            "administrators" => query.administrator = Some(true),
            "others" => query.administrator = Some(false),
            "never" => query.never_signed_in = true,
            "id" => query.id = words.next("a part of an id")?.to_lowercase(),
            "called" => query.name = words.next("a part of a name")?.to_lowercase(),
            "cause" => query.cause = Some(cause(words)?),
            "descending" => query.descending = true,
            "by" => {
                query.order = match words.next("an order")?.as_str() {
                    "sign_in" => UserOrder::LastSignIn,
                    "id" => UserOrder::UserId,
                    "name" => UserOrder::Name,
                    other => return Err(format!("users have no order by `{other}`")),
                }
            }
            "blank" => query.statuses.push(None),
            word => {
                let status = status(word).ok_or_else(|| format!("users have no filter `{word}`"))?;
                query.statuses.push(Some(status));
            }
        }
    }
    Ok(query)
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
    let mut query = ListOrganizations { limit: EVERYTHING, ..ListOrganizations::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "text" => query.text = fold(&words.next("a text")?),
            "descending" => query.descending = true,
            "by" => {
                query.order = match words.next("an order")?.as_str() {
                    "name" => OrganizationOrder::DisplayName,
                    "id" => OrganizationOrder::OrganizationId,
                    other => return Err(format!("organizations have no order by `{other}`")),
                }
            }
            word => return Err(format!("organizations have no filter `{word}`")),
        }
    }
    Ok(query)
}

fn tenants(words: &mut Words) -> Result<ListTenants, String> {
    let mut query = ListTenants { limit: EVERYTHING, ..ListTenants::default() };
    while !paging(words.peek()) {
        match words.next("a filter")?.as_str() {
            "text" => query.text = fold(&words.next("a text")?),
            "suspended" => query.state = Some(TenantState::Suspended),
            "active" => query.state = Some(TenantState::Active),
            word => return Err(format!("tenants have no filter `{word}`")),
        }
    }
    Ok(query)
}
