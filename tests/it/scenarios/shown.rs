//! Sentences about displays: what an administrator sees.

use std::time::Duration;

use usher::proto::v1::{self, LicenseState, TextMatch, UserState, UserStatus};

use super::reading::Happened;
use super::sentences::{email, refused, short};
use super::test_server::{TENANT, TestServer};
use crate::scenarios::language::{Words, length};

async fn usage_of(server: &TestServer) -> v1::GetUsageResponse {
    let request = v1::GetUsageRequest { tenant_id: TENANT.into() };
    server.tenants().get_usage(request).await.expect("usage").into_inner()
}

/// `primary 3 of 3, crm 4 of 2 over by 2`
pub async fn usage(server: &TestServer) -> Happened {
    let usage = usage_of(server).await;
    Happened::Told(usage.pools.iter().map(pool).collect::<Vec<_>>().join(", "))
}

pub fn pool(pool: &v1::PoolUsage) -> String {
    let limit = if pool.unlimited { "unlimited".to_owned() } else { pool.limit.to_string() };
    let demo = if pool.demo { " demo" } else { "" };
    let over = if pool.over > 0 { format!(" over by {}", pool.over) } else { String::new() };
    format!("{} {} of {limit}{demo}{over}", pool.pool_id, pool.in_use)
}

/// `5 users: 4 active, 1 blocked, 1 administrator`
pub async fn count(server: &TestServer) -> Happened {
    let users = usage_of(server).await.users.unwrap_or_default();
    let v1::UserTotals { total, active, blocked, administrators, .. } = users;
    Happened::Told(format!("{total} users: {active} active, {blocked} blocked; {administrators} administrators"))
}

/// The state of the license, and the notices.
pub async fn license(server: &TestServer) -> Happened {
    let usage = usage_of(server).await;
    let state = match usage.license_state() {
        LicenseState::Unspecified => "unknown",
        LicenseState::Demo => "none, demo mode",
        LicenseState::Valid => "in force",
        LicenseState::NotYetValid => "not yet valid",
        LicenseState::Expired => "expired",
    };
    let notices =
        usage.notices.iter().map(|it| format!(", {}", it.code().as_str_name().trim_start_matches("NOTICE_CODE_")));
    Happened::Told(format!("{state}{}", notices.collect::<String>()))
}

/// `the sessions are in primary at north of idle users by last activity`
pub async fn sessions(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    let mut request = v1::ListSessionsRequest { tenant_id: TENANT.into(), ..Default::default() };
    while words.peek().is_some() {
        match words.next("a filter")?.as_str() {
            "in" => request.pool_id = words.next("a pool")?,
            "at" => request.organization_id = words.next("an organization")?,
            "of" => {
                request.statuses.push(status_named(&words.next("a status")?)?.into());
                words.expect("users")?;
            }
            "by" if words.eat("user") => request.order_by = "user".into(),
            "by" => {
                words.phrase("last activity")?;
                request.order_by = "last_activity".into();
            }
            other => return Err(format!("no list is `{other}`")),
        }
    }
    Ok(match server.logins().list_sessions(request).await {
        Err(status) => refused(&status),
        Ok(answer) => Happened::Rows(answer.into_inner().sessions.iter().map(session).collect()),
    })
}

/// `ann in primary on laptop at north: Active, idle 5m, since 08:00`
fn session(session: &v1::Session) -> String {
    let v1::Session { user_id, pool_id, device_id, organization_id, idle, started_at, .. } = session;
    let at = if organization_id.is_empty() { String::new() } else { format!(" at {organization_id}") };
    let idle = idle.and_then(|idle| Duration::try_from(idle).ok()).unwrap_or_default();
    let since = started_at.map(|at| at.to_string()).unwrap_or_default();
    let since = since.get(11..16).unwrap_or("never").to_owned();
    let (who, status) = (short(user_id), status(session.status()));
    format!("{who} in {pool_id} on {device_id}{at}: {status}, idle {}, since {since}", length(idle))
}

fn status(status: UserStatus) -> &'static str {
    match status {
        UserStatus::Unspecified => "blank",
        UserStatus::Active => "Active",
        UserStatus::Away => "Away",
        UserStatus::Idle => "Idle",
        UserStatus::Inactive => "Inactive",
    }
}

fn status_named(word: &str) -> Result<UserStatus, String> {
    let name = match word {
        "blank" => "USER_STATUS_UNSPECIFIED".to_owned(),
        word => format!("USER_STATUS_{}", word.to_uppercase()),
    };
    UserStatus::from_str_name(&name).ok_or_else(|| format!("`{word}` is no status"))
}

/// `the users are blocked in crm at north with "ann"`
pub async fn users(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    let mut request = v1::ListUsersRequest { tenant_id: TENANT.into(), page_size: 1_000, ..Default::default() };
    while words.peek().is_some() {
        match words.next("a filter")?.as_str() {
            "blocked" => request.state = UserState::Blocked.into(),
            "unblocked" => request.state = UserState::Active.into(),
            "administrators" => request.administrator = Some(true),
            "never" => {
                words.phrase("signed in")?;
                request.never_signed_in = true;
            }
            "in" => request.pool_id = words.next("a pool")?,
            "at" => request.organization_id = words.next("an organization")?,
            "with" => request.text = words.next("words")?,
            "latest" => {
                words.expect("first")?;
                request.order_by = "last_sign_in desc".into();
            }
            word => request.statuses.push(status_named(word)?.into()),
        }
    }
    request.text_match = TextMatch::All.into();
    Ok(match server.directory().list_users(request).await {
        Err(status) => refused(&status),
        Ok(answer) => {
            let users = answer.into_inner().users;
            let names: Vec<_> = users.iter().map(|user| short(&user.user_id)).collect();
            if names.is_empty() { Happened::Rows(Vec::new()) } else { Happened::Rows(vec![names.join(" ")]) }
        }
    })
}

async fn user(server: &TestServer, name: &str, organization: &str) -> Result<v1::User, Happened> {
    let organization_id = organization.to_owned();
    let request = v1::GetUserRequest { tenant_id: TENANT.into(), user_id: email(name), organization_id };
    let answer = server.directory().get_user(request).await.map_err(|status| refused(&status))?;
    Ok(answer.into_inner().user.unwrap_or_default())
}

/// `ann at north is`
pub async fn is(server: &TestServer, name: &str, organization: &str) -> Result<Happened, String> {
    Ok(match user(server, name, organization).await {
        Err(refused) => refused,
        Ok(user) if user.state() == UserState::Blocked => {
            let cause = user.block_cause().as_str_name().trim_start_matches("BLOCK_CAUSE_").to_owned();
            Happened::Told(format!("blocked ({cause}), {}", status(user.status())))
        }
        Ok(user) => Happened::Told(status(user.status()).into()),
    })
}

/// `ann has`
pub async fn has(server: &TestServer, name: &str) -> Result<Happened, String> {
    Ok(match user(server, name, "").await {
        Err(refused) => refused,
        Ok(user) if user.seats.is_empty() => Happened::Told("no seat".into()),
        Ok(user) => Happened::Told(user.seats.iter().map(seat).collect::<Vec<_>>().join(", ")),
    })
}

fn seat(seat: &v1::Seat) -> String {
    let at = if seat.all_organizations { String::new() } else { format!(" at {}", seat.organization_ids.join(" ")) };
    let over = if seat.over_limit { " beyond the limit" } else { "" };
    format!("{}{at}{over}", seat.pool_id)
}
