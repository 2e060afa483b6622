//! Sentences about licenses and seats: sales, grants and revocations.

use usher::ids::{LicenseId, PoolId, TenantId};
use usher::ledger::change::{Limit, Plan};
use usher::license::{LICENSE, Terms, Trust, issue, sign};
use usher::proto::v1;
use usher::proto::v1::grant_seat_result::Outcome as Granted;
use usher::proto::v1::revoke_seat_result::Outcome as Revoked;

use super::reading::Happened;
use super::sentences::{denied, email, expanded, organizations, people_named, refused, short};
use super::shown::pool;
use super::test_server::{TENANT, TestServer};
use crate::scenarios::language::Words;

/// `the vendor sells 3 named seats of primary, unlimited concurrent seats of crm for 30d under the license more`
pub async fn sell(server: &mut TestServer, words: &mut Words) -> Result<Happened, String> {
    words.expect("sells")?;
    let mut terms = Terms { tenant: Some(TenantId::parse(TENANT).expect("an id")), ..Terms::default() };
    loop {
        let (pool, limit, plan) = seats_of(words)?;
        terms.seats.insert(pool.clone(), limit);
        terms.plans.insert(pool, plan);
        if !words.eat(",") {
            break;
        }
    }
    if words.eat("for") {
        terms.expires = Some(Some(server.now.wall().plus(words.duration()?)));
    }
    let name = if words.eat("under") {
        words.phrase("the license")?;
        words.next("a license")?
    } else {
        "base".to_owned()
    };
    let revision = server.revisions.entry(name.clone()).or_default();
    *revision += 1;
    terms.revision = Some(*revision);
    terms.license = Some(LicenseId::parse(&name).map_err(|error| error.to_string())?);
    let claims = issue(&terms, None, &Trust::default(), server.now.wall()).expect("a license");
    let document = sign(&server.vendor, LICENSE, &claims.to_json());
    let request = v1::InstallLicenseRequest { tenant_id: TENANT.into(), document };
    Ok(match server.licenses().install_license(request).await {
        Err(status) => refused(&status),
        Ok(answer) => changed(&answer.into_inner().pools),
    })
}

fn seats_of(words: &mut Words) -> Result<(PoolId, Limit, Plan), String> {
    let limit = match words.next("a number of seats")?.as_str() {
        "unlimited" => Limit::Unlimited,
        number => Limit::Seats(number.parse().map_err(|_| format!("`{number}` is no number of seats"))?),
    };
    let plan = match words.next("a plan")?.as_str() {
        "named" => Plan::Named,
        "concurrent" => Plan::Concurrent,
        other => return Err(format!("`{other}` is no plan: named or concurrent")),
    };
    if !words.eat("seat") {
        words.expect("seats")?;
    }
    words.expect("of")?;
    let pool = PoolId::parse(&words.next("a pool")?).map_err(|error| error.to_string())?;
    Ok((pool, limit, plan))
}

/// The pools whose limit changed.
fn changed(pools: &[v1::PoolChange]) -> Happened {
    let after = pools.iter().filter_map(|change| change.after.as_ref());
    Happened::Said(true, after.map(pool).collect::<Vec<_>>().join(", "))
}

/// `the license more is deleted`
pub async fn delete_license(server: &TestServer, words: &mut Words) -> Result<Happened, String> {
    let license_id = words.next("a license")?;
    words.phrase("is deleted")?;
    let request = v1::DeleteLicenseRequest { tenant_id: TENANT.into(), license_id };
    Ok(match server.licenses().delete_license(request).await {
        Err(status) => refused(&status),
        Ok(answer) => changed(&answer.into_inner().pools),
    })
}

/// `all licenses are deleted`
pub async fn delete_licenses(server: &TestServer) -> Happened {
    match server.licenses().delete_licenses(v1::DeleteLicensesRequest { tenant_id: TENANT.into() }).await {
        Err(status) => refused(&status),
        Ok(answer) => changed(&answer.into_inner().pools),
    }
}

/// `ann bob are granted primary crm at north`
pub async fn grant(server: &TestServer, names: &[String], words: &mut Words) -> Result<Happened, String> {
    let pool_ids = words.names("a pool", &["at"])?;
    let request = v1::BatchGrantSeatsRequest {
        tenant_id: TENANT.into(),
        pool_ids,
        user_ids: expanded(names)?.iter().map(|name| email(name)).collect(),
        organization_ids: organizations(words, &[])?,
    };
    Ok(match server.seats().batch_grant_seats(request).await {
        Err(status) => refused(&status),
        Ok(answer) => summed(answer.into_inner().results.iter().map(|result| {
            let no = match &result.outcome {
                Some(Granted::Seat(_)) => None,
                Some(Granted::Denial(denial)) => Some(denied(denial)),
                Some(Granted::Error(error)) => Some(error.reason.clone()),
                None => Some("denied".into()),
            };
            (result.user_id.as_str(), result.pool_id.as_str(), no)
        })),
    })
}

/// `primary crm are recalled from ann bob at north and they are signed out`
pub async fn recall(server: &TestServer, pools: &[String], words: &mut Words) -> Result<Happened, String> {
    words.expect("from")?;
    let user_ids = people_named(words, &["at", "and"])?.iter().map(|name| email(name)).collect();
    let organization_ids = organizations(words, &["and"])?;
    let end_sessions = words.eat("and") && words.phrase("they are signed out").map(|()| true)?;
    let (tenant_id, pool_ids) = (TENANT.into(), pools.to_vec());
    let request = v1::BatchRevokeSeatsRequest { tenant_id, pool_ids, user_ids, organization_ids, end_sessions };
    Ok(match server.seats().batch_revoke_seats(request).await {
        Err(status) => refused(&status),
        Ok(answer) => summed(answer.into_inner().results.iter().map(|result| {
            let no = match &result.outcome {
                Some(Revoked::Revoked(_)) => None,
                Some(Revoked::Error(error)) => Some(error.reason.clone()),
                None => Some("refused".into()),
            };
            (result.user_id.as_str(), result.pool_id.as_str(), no)
        })),
    })
}

/// `yes, all 6`, or the number of successes and the failures: `4 of 6; no SEATS_EXHAUSTED: dee in crm, eve in crm`.
fn summed<'a>(results: impl Iterator<Item = (&'a str, &'a str, Option<String>)>) -> Happened {
    let (mut all, mut nos) = (0, Vec::<(String, Vec<String>)>::new());
    for (user, pool, no) in results {
        all += 1;
        let Some(no) = no else { continue };
        let who = format!("{} in {pool}", short(user));
        match nos.iter_mut().find(|(found, _)| *found == no) {
            Some((_, them)) => them.push(who),
            None => nos.push((no, vec![who])),
        }
    }
    if nos.is_empty() {
        return Happened::Said(true, format!("yes, all {all}"));
    }
    let yes = all - nos.iter().map(|(_, them)| them.len()).sum::<usize>();
    let nos: Vec<_> = nos.iter().map(|(no, them)| format!("no {no}: {}", them.join(", "))).collect();
    Happened::Said(false, format!("{yes} of {all}; {}", nos.join("; ")))
}
