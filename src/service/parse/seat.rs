//! Parses requests of SeatService.

use super::values::{Text, check_text};
use crate::ids::{DeviceId, IdError, MAX_CLIENT_BYTES, OrganizationId, PoolId, SessionId, TenantId, UserId};
use crate::ledger::command::{CheckIn, CheckOut, GrantSeats, Heartbeat, RevokeSeats};
use crate::proto::v1;
use crate::service::limits::Limits;
use crate::status::FieldViolations;

/// Bytes of a malformed id that its result shows.
const MAX_SHOWN_BYTES: usize = 254;
/// Maximum of the number of pools times the number of organizations.
pub(super) const MAX_NAMED: usize = 10_000;
/// Error for a caller that mistakes CheckIn for the call at login.
const SESSION_NEEDED: &str =
    "must not be empty: CheckIn returns a session's seat at logout; CheckOut takes a seat at login";

/// An item of a batch that is not a valid id. It is an error of its own results, and does not affect other items.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed {
    /// Index among all items.
    pub at: usize,
    /// The given text, shortened: it is in one result for each pool.
    pub given: String,
    /// The error.
    pub error: IdError,
}

/// Splits the items of a batch into valid ids and malformed items.
fn split_malformed<T>(texts: &[String], parse: fn(&str) -> Result<T, IdError>) -> (Vec<T>, Vec<Malformed>) {
    let (mut values, mut malformed) = (Vec::with_capacity(texts.len()), Vec::new());
    for (at, text) in texts.iter().enumerate() {
        match parse(text) {
            Ok(value) => values.push(value),
            Err(error) => malformed.push(Malformed { at, given: beginning(text), error }),
        }
    }
    (values, malformed)
}

fn beginning(text: &str) -> String {
    let end = (0..=MAX_SHOWN_BYTES.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
    text[..end.unwrap_or(0)].to_owned()
}

pub fn check_out(request: v1::CheckOutRequest) -> Result<(TenantId, CheckOut), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let pool = problems.value("pool_id", PoolId::parse(&request.pool_id));
    let user = problems.value("user_id", UserId::parse(&request.user_id));
    let device = problems.value("device_id", DeviceId::parse(&request.device_id));
    let organization = problems.optional("organization_id", &request.organization_id, OrganizationId::parse);
    check_text(&mut problems, "client", &request.client, Text::Lines, MAX_CLIENT_BYTES);
    let alternatives = alternatives(&mut problems, &request);
    problems.finish(|| {
        let command = CheckOut {
            pool: pool?,
            user: user?,
            device: device?,
            organization,
            client: request.client.into(),
            check_only: request.check_only,
            fresh: SessionId::random(),
            alternatives,
        };
        Some((tenant?, command))
    })
}

/// The alternative pools of a check-out (R38).
fn alternatives(problems: &mut FieldViolations, request: &v1::CheckOutRequest) -> Vec<PoolId> {
    let texts = &request.alternative_pool_ids;
    if texts.len() > CheckOut::MAX_ALTERNATIVES {
        problems.add("alternative_pool_ids", format!("must be at most {}", CheckOut::MAX_ALTERNATIVES));
        return Vec::new();
    }
    let mut named = Vec::from_iter(PoolId::parse(&request.pool_id));
    for (at, text) in texts.iter().enumerate() {
        let field = format!("alternative_pool_ids[{at}]");
        match problems.value(&field, PoolId::parse(text)) {
            Some(pool) if named.contains(&pool) => problems.add(&field, "must not be named twice"),
            pool => named.extend(pool),
        }
    }
    named.into_iter().skip(1).collect()
}

pub fn check_in(request: v1::CheckInRequest) -> Result<(TenantId, CheckIn), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let session = match SessionId::parse(&request.session_id) {
        Err(IdError::Empty) => {
            problems.add("session_id", SESSION_NEEDED);
            None
        }
        parsed => problems.value("session_id", parsed),
    };
    problems.finish(|| Some((tenant?, CheckIn { session: session? })))
}

pub fn heartbeat(request: v1::HeartbeatRequest) -> Result<(TenantId, Heartbeat), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let session = problems.value("session_id", SessionId::parse(&request.session_id));
    problems.finish(|| Some((tenant?, Heartbeat { heartbeats: vec![(session?, request.active)] })))
}

/// Parses a batch; malformed ids are returned beside the command.
pub fn batch_heartbeat(
    request: v1::BatchHeartbeatRequest,
    limits: &Limits,
) -> Result<(TenantId, Heartbeat, Vec<Malformed>), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let (mut heartbeats, mut malformed) = (Vec::new(), Vec::new());
    if check_count(&mut problems, "heartbeats", request.heartbeats.len(), limits.batch_items) {
        heartbeats.reserve(request.heartbeats.len());
        for (at, heartbeat) in request.heartbeats.iter().enumerate() {
            match SessionId::parse(&heartbeat.session_id) {
                Ok(session) => heartbeats.push((session, heartbeat.active)),
                Err(error) => malformed.push(Malformed { at, given: beginning(&heartbeat.session_id), error }),
            }
        }
    }
    problems.finish(|| Some((tenant?, Heartbeat { heartbeats }, malformed)))
}

pub fn grant_seat(request: v1::GrantSeatRequest, limits: &Limits) -> Result<(TenantId, GrantSeats), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let pool = problems.value("pool_id", PoolId::parse(&request.pool_id));
    let user = problems.value("user_id", UserId::parse(&request.user_id));
    let organizations = organizations(&mut problems, &request.organization_ids, limits);
    problems.finish(|| Some((tenant?, GrantSeats { pools: vec![pool?], users: vec![user?], organizations })))
}

pub fn revoke_seat(
    request: v1::RevokeSeatRequest,
    limits: &Limits,
) -> Result<(TenantId, RevokeSeats), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let pool = problems.value("pool_id", PoolId::parse(&request.pool_id));
    let user = problems.value("user_id", UserId::parse(&request.user_id));
    let organizations = organizations(&mut problems, &request.organization_ids, limits);
    problems.finish(|| {
        let end_sessions = request.end_sessions;
        Some((tenant?, RevokeSeats { pools: vec![pool?], users: vec![user?], organizations, end_sessions }))
    })
}

pub fn batch_grant_seats(
    request: v1::BatchGrantSeatsRequest,
    limits: &Limits,
) -> Result<(TenantId, GrantSeats, Vec<Malformed>), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let (pools, (users, malformed)) = pairs(&mut problems, &request.pool_ids, &request.user_ids, limits);
    let organizations = organizations(&mut problems, &request.organization_ids, limits);
    check_named(&mut problems, pools.len(), organizations.len());
    problems.finish(|| Some((tenant?, GrantSeats { pools, users, organizations }, malformed)))
}

pub fn batch_revoke_seats(
    request: v1::BatchRevokeSeatsRequest,
    limits: &Limits,
) -> Result<(TenantId, RevokeSeats, Vec<Malformed>), FieldViolations> {
    let mut problems = FieldViolations::default();
    let tenant = problems.tenant(&request.tenant_id);
    let (pools, (users, malformed)) = pairs(&mut problems, &request.pool_ids, &request.user_ids, limits);
    let organizations = organizations(&mut problems, &request.organization_ids, limits);
    check_named(&mut problems, pools.len(), organizations.len());
    let end_sessions = request.end_sessions;
    problems.finish(|| Some((tenant?, RevokeSeats { pools, users, organizations, end_sessions }, malformed)))
}

/// Parses the pools and users of a batch. The number of pairs is bounded, because each pair is work of its own. A
/// malformed pool is an error of the whole call, a malformed user only one of this user's pairs.
fn pairs(
    problems: &mut FieldViolations,
    pools: &[String],
    users: &[String],
    limits: &Limits,
) -> (Vec<PoolId>, (Vec<UserId>, Vec<Malformed>)) {
    let max = limits.batch_items;
    let counts =
        [check_count(problems, "pool_ids", pools.len(), max), check_count(problems, "user_ids", users.len(), max)];
    if counts != [true, true] {
        return Default::default();
    }
    if pools.len() * users.len() > max {
        let pairs = pools.len() * users.len();
        problems.add("user_ids", format!("must make at most {max} pairs with pool_ids; these are {pairs}"));
        return Default::default();
    }
    (problems.each("pool_ids", pools, max, PoolId::parse), split_malformed(users, UserId::parse))
}

fn organizations(problems: &mut FieldViolations, ids: &[String], limits: &Limits) -> Vec<OrganizationId> {
    problems.each("organization_ids", ids, limits.batch_items, OrganizationId::parse)
}

/// Checks the number of organizations that a call names in all pools of one user, because the seats of a user may name
/// at most so many.
pub(super) fn check_named(problems: &mut FieldViolations, pools: usize, organizations: usize) {
    if pools * organizations > MAX_NAMED {
        problems
            .add("organization_ids", format!("must be at most {MAX_NAMED} together with pool_ids: one for each pool"));
    }
}

/// Adds a violation unless a batch has 1 to `max` items. Returns true if it has.
fn check_count(problems: &mut FieldViolations, field: &str, count: usize, max: usize) -> bool {
    if count == 0 {
        problems.add(field, "must not be empty");
    } else if count > max {
        problems.add(field, format!("must hold at most {max} items"));
    }
    (1..=max).contains(&count)
}

#[cfg(test)]
mod tests;
