//! The claims of a new license: the vendor's terms, and for the rest those of the license that it revises.

use super::claims::{Claims, Tier};
use super::date::{self, iso};
use super::request::{Installed, Request};
use super::seats::entitlements;
use super::terms::Terms;
use super::trust::Trust;
use crate::ids::{LicenseId, TenantId};
use crate::json::Wrong;
use crate::ledger::time::WallTime;

/// All mistakes, each with the option that corrects it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct IssueError(pub Vec<String>);

/// Returns the claims of a license issued `at` this time. With a request, it revises the license in the request, which
/// must be signed with a key of `trust`; nothing else in the request is trusted, except what it asks for.
///
/// # Errors
/// [`IssueError`] lists all mistakes.
pub fn issue(terms: &Terms, request: Option<&Request>, trust: &Trust, at: WallTime) -> Result<Claims, IssueError> {
    let base = request.map_or(Ok(None), |request| base(terms, request, trust));
    let base = base.map_err(|problem| IssueError(vec![problem]))?;
    let base = base.as_ref();
    let mut problems = Vec::new();
    let tenant = tenant(terms, request, &mut problems);
    problems.extend(disagreements(terms, base, request, at));
    let given = base.map_or(&[][..], |base| &base.entitlements);
    let entitlements = entitlements(given, request, terms, &mut problems);
    let Some(tenant) = tenant.filter(|_| problems.is_empty()) else { return Err(IssueError(problems)) };

    let known = request.and_then(|request| request.customer_id.clone());
    let customer_id = terms.customer_id.clone().or(base.map(|base| base.customer_id.clone())).or(known);
    let customer_id = customer_id.unwrap_or_else(|| tenant.as_str().into());
    let registered_to = terms.registered_to.clone().or(base.map(|base| base.registered_to.clone()));
    let mut features = base.map(|base| base.features.clone()).unwrap_or_default();
    features.extend(terms.features.iter().cloned());
    let mut limits = base.map(|base| base.limits.clone()).unwrap_or_default();
    limits.extend(terms.limits.clone());
    let claims = Claims {
        license: terms.license.clone().or(base.map(|base| base.license.clone())).unwrap_or_else(|| first(&tenant)),
        revision: terms.revision.unwrap_or(base.map_or(1, |base| base.revision + 1)),
        registered_to: registered_to.unwrap_or_else(|| customer_id.clone()),
        customer_id,
        hosts: terms.hosts.clone().or(base.map(|base| base.hosts.clone())).unwrap_or_default(),
        instance: terms.instance.or(base.and_then(|base| base.instance)),
        tier: terms.tier.or(base.map(|base| base.tier)).unwrap_or(Tier::Bronze),
        entitlements,
        features,
        limits,
        issued: date::whole_seconds(at),
        not_before: terms.not_before.or(base.and_then(|base| base.not_before)),
        expires: expires(terms, base),
        tenant,
    };
    // Claims that an installation would refuse are not issued.
    Claims::parse(claims.to_json().to_string().as_bytes()).map_err(|wrong| IssueError(vec![remedy(&wrong)]))
}

fn expires(terms: &Terms, base: Option<&Claims>) -> Option<WallTime> {
    terms.expires.unwrap_or(base.and_then(|base| base.expires))
}

/// Conflicts of the terms with the license to be revised, with the request, or with the time.
fn disagreements(terms: &Terms, base: Option<&Claims>, request: Option<&Request>, at: WallTime) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(base) = base
        && terms.revision.is_some_and(|revision| revision <= base.revision)
    {
        problems.push(format!("--revision: must be above {}, which is installed", base.revision));
    }
    if let (None, Some(bound), Some(request)) = (terms.instance, base.and_then(|base| base.instance), request)
        && bound != request.instance
    {
        let from = request.instance;
        problems.push(format!("--instance: the license is for {bound}, and the request comes from {from}"));
    }
    if let Some(end) = expires(terms, base).filter(|end| *end <= at) {
        problems.push(format!("--expires: {} is in the past", iso(end)));
    }
    problems
}

/// The first license of a tenant has the tenant's id. So issuing it twice by mistake does not double the seats: the
/// second is refused where the first is installed.
fn first(tenant: &TenantId) -> LicenseId {
    LicenseId::stored(tenant.as_str())
}

fn tenant(terms: &Terms, request: Option<&Request>, problems: &mut Vec<String>) -> Option<TenantId> {
    let requested = request.map(|request| &request.tenant);
    match (&terms.tenant, requested) {
        (Some(tenant), Some(requested)) if tenant != requested => {
            problems.push(format!("--tenant: the request is of {requested}"))
        }
        (None, None) => problems.push("--tenant: is missing; a --request would bring it".into()),
        _ => {}
    }
    terms.tenant.as_ref().or(requested).cloned()
}

/// The license to be revised: the one that is named, or the only one. `None`: a new license is wanted.
fn base(terms: &Terms, request: &Request, trust: &Trust) -> Result<Option<Claims>, String> {
    let installed = match (&terms.license, &*request.licenses) {
        (_, []) => return Ok(None),
        (Some(license), licenses) => match licenses.iter().find(|installed| installed.license == *license) {
            Some(installed) => installed,
            None => return Ok(None),
        },
        (None, [only]) => only,
        (None, several) => {
            let ids: Vec<_> = several.iter().map(|installed| installed.license.as_str()).collect();
            return Err(format!("--license-id: which one is to be revised, {}?", ids.join(" or ")));
        }
    };
    verified_claims(installed, request, trust).map(Some)
}

fn verified_claims(installed: &Installed, request: &Request, trust: &Trust) -> Result<Claims, String> {
    let Installed { license, revision, document } = installed;
    let verified = trust.verify(document);
    let claims = verified.map_err(|rejection| format!("--request: the license {license} in it: {rejection}"))?.claims;
    let same = claims.license == *license && claims.revision == *revision && claims.tenant == request.tenant;
    if same { Ok(claims) } else { Err(format!("--request: the license {license} in it is another one than it says")) }
}

/// The mistake in a claim, with the name of its option.
fn remedy(wrong: &Wrong) -> String {
    let claim = wrong.member.split(['.', '[']).next().unwrap_or_default();
    let option = match claim {
        "jti" => "--license-id",
        "revision" => "--revision",
        "sub" => "--tenant",
        "customer_id" => "--customer-id",
        "registered_to" => "--registered-to",
        "hosts" => "--host",
        "instance_id" => "--instance",
        "tier" => "--tier",
        "entitlements" => "--seats",
        "features" => "--feature",
        "limits" => "--limit",
        "nbf" => "--not-before",
        "exp" => "--expires",
        _ => return wrong.to_string(),
    };
    format!("{option}: {}", wrong.what)
}
