//! Sentences about users, organizations and the policy: the calls of an administrator.

use usher::proto::v1::create_user_response::Outcome as Made;
use usher::proto::v1::unblock_user_response::Outcome as Unblocked;
use usher::proto::v1::{self, SyncOutcome};

use super::reading::Happened;
use super::sentences::{denied, email, organizations, people_named, refused, short};
use super::test_server::{TENANT, TestServer};
use crate::scenarios::language::Words;

/// `the policy says max_devices_per_user 2, when_already_signed_in TAKE_OVER`
pub async fn policy(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    words.expect("says")?;
    let mut policy = v1::Policy::default();
    loop {
        field(&mut policy, words)?;
        if !words.eat(",") {
            break;
        }
    }
    let tenant = v1::Tenant { tenant_id: TENANT.into(), policy: Some(policy), ..Default::default() };
    let request = v1::UpdateTenantRequest { tenant: Some(tenant), update_mask: None };
    Ok(server.tenants().update_tenant(request).await.map_or_else(|status| refused(&status), |_| Happened::Done))
}

fn field(policy: &mut v1::Policy, words: &mut Words) -> Result<(), String> {
    let length = |words: &mut Words| words.duration()?.try_into().map(Some).map_err(|_| "too long".to_owned());
    let number =
        |words: &mut Words| u32::try_from(words.number("a number")?).map(Some).map_err(|_| "too many".to_owned());
    match words.next("a field of the policy")?.as_str() {
        "lease_ttl" => policy.lease_ttl = length(words)?,
        "max_session" => policy.max_session = length(words)?,
        "idle_timeout" => policy.idle_timeout = length(words)?,
        "max_devices_per_user" => policy.max_devices_per_user = number(words)?,
        "when_already_signed_in" => {
            policy.when_already_signed_in =
                named("WHEN_ALREADY_SIGNED_IN", words, v1::WhenAlreadySignedIn::from_str_name)?;
        }
        "when_full" => policy.when_full = named("WHEN_FULL", words, v1::WhenFull::from_str_name)?,
        "close_active" => policy.close_active = named("CLOSE_ACTIVE", words, v1::CloseActive::from_str_name)?,
        "unknown_users" => policy.unknown_users = named("UNKNOWN_USERS", words, v1::UnknownUsers::from_str_name)?,
        other => return Err(format!("the policy has no field `{other}`")),
    }
    Ok(())
}

fn named<E: Into<i32>>(kind: &str, words: &mut Words, find: fn(&str) -> Option<E>) -> Result<i32, String> {
    let word = words.next("a value")?;
    find(&format!("{kind}_{word}")).map(Into::into).ok_or_else(|| format!("`{word}` is no value of it"))
}

/// `the organization north is opened as "North Sea"`
pub async fn organization(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    let organization_id = words.next("an organization")?;
    words.phrase("is opened")?;
    let display_name = if words.eat("as") { words.next("a name")? } else { String::new() };
    let organization = v1::Organization { organization_id, display_name, ..Default::default() };
    let request = v1::CreateOrganizationRequest { tenant_id: TENANT.into(), organization: Some(organization) };
    Ok(server.directory().create_organization(request).await.map_or_else(|status| refused(&status), |_| Happened::Done))
}

/// `the user ann is made as administrator with seats in primary crm`
pub async fn make(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    let name = words.next("a user")?;
    words.phrase("is made")?;
    let administrator = words.eat("as") && words.expect("administrator").map(|()| true)?;
    let pool_ids = if words.eat("with") {
        words.phrase("seats in")?;
        words.names("a pool", &[])?
    } else {
        Vec::new()
    };
    let user = v1::User { user_id: email(&name), administrator, ..Default::default() };
    let request = v1::CreateUserRequest { tenant_id: TENANT.into(), user: Some(user), pool_ids };
    Ok(match server.directory().create_user(request).await {
        Err(status) => refused(&status),
        Ok(answer) => match answer.into_inner().outcome {
            Some(Made::User(_)) => Happened::Said(true, "yes".into()),
            Some(Made::Denial(denial)) => Happened::Said(false, format!("no: {}", denied(&denial))),
            None => Happened::Said(false, "no".into()),
        },
    })
}

/// `the users ann bob are blocked and signed out`; each user has an answer, in the order of the names.
pub async fn change(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    let names = people_named(words, &["are"])?;
    words.expect("are")?;
    let verb = words.next("what is done")?;
    let end_sessions = words.eat("and") && words.phrase("signed out").map(|()| true)?;
    let mut nos = Vec::new();
    for name in &names {
        let (tenant_id, user_id) = (TENANT.to_owned(), email(name));
        let no = match verb.as_str() {
            "blocked" => {
                let request = v1::BlockUserRequest { tenant_id, user_id, end_sessions };
                server.directory().block_user(request).await.err().map(|status| refused(&status))
            }
            "deleted" => {
                let request = v1::DeleteUserRequest { tenant_id, user_id };
                server.directory().delete_user(request).await.err().map(|status| refused(&status))
            }
            "unblocked" => match server.directory().unblock_user(v1::UnblockUserRequest { tenant_id, user_id }).await {
                Err(status) => Some(refused(&status)),
                Ok(answer) => match answer.into_inner().outcome {
                    Some(Unblocked::User(_)) => None,
                    Some(Unblocked::Denial(denial)) => Some(Happened::Said(false, format!("no: {}", denied(&denial)))),
                    None => Some(Happened::Said(false, "no".into())),
                },
            },
            other => return Err(format!("users cannot be `{other}`")),
        };
        if let Some(Happened::Said(_, why)) = no {
            nos.push(format!("{name} {why}"));
        }
    }
    let yes = nos.is_empty();
    Ok(if yes { Happened::Done } else { Happened::Said(false, nos.join("; ")) })
}

/// `the directory lists ann bob with primary, cid with primary crm at north and nobody else blocking others`
pub async fn sync(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    const STOPS: [&str; 5] = [",", "and", "blocking", "as", "at"];
    words.expect("lists")?;
    let mut entries = Vec::new();
    loop {
        let names = people_named(words, &[&STOPS[..], &["with"]].concat())?;
        let pool_ids = if words.eat("with") { words.names("a pool", &STOPS)? } else { Vec::new() };
        let organization_ids = organizations(words, &STOPS)?;
        entries.extend(names.iter().map(|name| v1::SyncEntry {
            user: Some(v1::User { user_id: email(name), ..Default::default() }),
            pool_ids: pool_ids.clone(),
            organization_ids: organization_ids.clone(),
            ..Default::default()
        }));
        if !words.eat(",") {
            break;
        }
    }
    let full = words.eat("and") && words.phrase("nobody else").map(|()| true)?;
    let block_unlisted = words.eat("blocking") && words.expect("others").map(|()| true)?;
    let dry_run = words.eat("as") && words.phrase("a trial").map(|()| true)?;
    let first = v1::SyncUsersRequest {
        tenant_id: TENANT.into(),
        full,
        block_unlisted,
        dry_run,
        omit_unchanged: true,
        ..Default::default()
    };
    // One message for each entry, as a directory sends them while it reads them.
    let rest = entries.into_iter().map(|entry| v1::SyncUsersRequest { entries: vec![entry], ..Default::default() });
    let messages: Vec<_> = std::iter::once(first).chain(rest).collect();
    Ok(match server.directory().sync_users(tokio_stream::iter(messages)).await {
        Err(status) => refused(&status),
        Ok(answer) => Happened::Rows(synced(&answer.into_inner().results)),
    })
}

/// `ann bob created`: a row for each outcome, in the order of their first users.
fn synced(results: &[v1::SyncResult]) -> Vec<String> {
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for result in results {
        let outcome = outcome(result);
        let user = short(&result.user_id);
        match rows.iter_mut().find(|(found, _)| *found == outcome) {
            Some((_, users)) => users.push(user),
            None => rows.push((outcome, vec![user])),
        }
    }
    rows.into_iter().map(|(outcome, users)| format!("{} {outcome}", users.join(" "))).collect()
}

fn outcome(result: &v1::SyncResult) -> String {
    let denials: Vec<_> = result.denials.iter().map(|denial| denial.pool_id.as_str()).collect();
    let full = if denials.is_empty() { String::new() } else { format!(", no seat in {}", denials.join(" ")) };
    let done = match result.outcome() {
        SyncOutcome::Unspecified | SyncOutcome::Unchanged => "unchanged",
        SyncOutcome::Created => "created",
        SyncOutcome::CreatedBlocked => "created and blocked",
        SyncOutcome::Updated => "updated",
        SyncOutcome::Activated => "activated",
        SyncOutcome::Refused => "refused",
        SyncOutcome::Unlisted => "not listed",
        SyncOutcome::Blocked => "blocked",
    };
    let error = result.error.as_ref().map(|error| format!(": {}", error.reason)).unwrap_or_default();
    format!("{done}{full}{error}")
}
