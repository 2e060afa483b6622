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
    problems.finish(|| {
        let command = CheckOut {
            pool: pool?,
            user: user?,
            device: device?,
            organization,
            client: request.client.into(),
            check_only: request.check_only,
            fresh: SessionId::random(),
        };
        Some((tenant?, command))
    })
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
mod tests {
    use super::super::testing::{LONG, NO_SESSION, SESSION, bad, list};
    use super::*;

    const LIMITS: Limits = Limits { batch_items: 6, watchers: 1, caller_rate: None, user_rate: None };

    fn login() -> v1::CheckOutRequest {
        v1::CheckOutRequest {
            tenant_id: "acme".into(),
            pool_id: "primary".into(),
            user_id: " Ann@Acme.Example ".into(),
            device_id: "laptop".into(),
            organization_id: String::new(),
            check_only: false,
            client: "10.0.0.1\tBrowser".into(),
        }
    }

    #[test]
    fn pools_times_organizations_are_bounded() {
        let many = |prefix: &str, count: usize| (0..count).map(|no| format!("{prefix}{no}")).collect::<Vec<_>>();
        let limits = Limits { batch_items: 1_000, ..LIMITS };
        let request = |pools, organizations| v1::BatchGrantSeatsRequest {
            tenant_id: "acme".into(),
            pool_ids: many("p", pools),
            user_ids: list(&["ann"]),
            organization_ids: many("o", organizations),
        };
        assert!(batch_grant_seats(request(20, 500), &limits).is_ok());
        assert_eq!(bad(batch_grant_seats(request(21, 500), &limits)), ["organization_ids"]);
    }

    #[test]
    fn a_check_out() {
        let (tenant, command) = check_out(login()).unwrap();
        assert_eq!(tenant.as_str(), "acme");
        assert_eq!(command.user.as_str(), "ann@acme.example");
        assert_eq!(command.organization, None);
        assert_eq!(&*command.client, "10.0.0.1\tBrowser");
        let again = check_out(login()).unwrap().1;
        assert_ne!(command.fresh, again.fresh, "a session id was used twice");
        let north = v1::CheckOutRequest { organization_id: "north".into(), check_only: true, ..login() };
        let (_, command) = check_out(north).unwrap();
        assert_eq!(command.organization.unwrap().as_str(), "north");
        assert!(command.check_only);
    }

    #[test]
    fn a_check_out_names_every_bad_field() {
        assert_eq!(bad(check_out(v1::CheckOutRequest::default())), ["tenant_id", "pool_id", "user_id", "device_id"]);
        let check = |request, field| assert_eq!(bad(check_out(request)), [field]);
        check(v1::CheckOutRequest { tenant_id: LONG.into(), ..login() }, "tenant_id");
        check(v1::CheckOutRequest { pool_id: "a\0b".into(), ..login() }, "pool_id");
        check(v1::CheckOutRequest { user_id: "ann smith".into(), ..login() }, "user_id");
        check(v1::CheckOutRequest { device_id: " laptop".into(), ..login() }, "device_id");
        check(v1::CheckOutRequest { organization_id: "\n".into(), ..login() }, "organization_id");
        check(v1::CheckOutRequest { client: "x".repeat(513), ..login() }, "client");
        check(v1::CheckOutRequest { client: "x\0".into(), ..login() }, "client");
    }

    #[test]
    fn a_check_in_without_a_session_names_the_call_that_takes_a_seat() {
        let request = |session: &str| v1::CheckInRequest { tenant_id: "acme".into(), session_id: session.into() };
        let problems = check_in(request("")).unwrap_err().into_vec();
        assert_eq!(
            problems[0].to_string(),
            "session_id must not be empty: CheckIn returns a session's seat at logout; CheckOut takes a seat at login"
        );
        assert_eq!(check_in(request(SESSION)).unwrap().1.session.to_string(), SESSION);
        assert_eq!(bad(check_in(request(NO_SESSION))), ["session_id"]);
        assert_eq!(bad(check_in(v1::CheckInRequest::default())), ["tenant_id", "session_id"]);
    }

    #[test]
    fn a_heartbeat() {
        let request = v1::HeartbeatRequest { tenant_id: "acme".into(), session_id: SESSION.into(), active: true };
        let (_, command) = heartbeat(request).unwrap();
        assert_eq!(command.heartbeats, [(SessionId::parse(SESSION).unwrap(), true)]);
        assert_eq!(bad(heartbeat(v1::HeartbeatRequest::default())), ["tenant_id", "session_id"]);
    }

    #[test]
    fn a_batch_of_heartbeats() {
        let batch = |sessions: &[&str]| {
            let item = |id: &&str| v1::SessionHeartbeat { session_id: (*id).into(), active: false };
            let heartbeats = sessions.iter().map(item).collect();
            batch_heartbeat(v1::BatchHeartbeatRequest { tenant_id: "acme".into(), heartbeats }, &LIMITS)
        };
        assert_eq!(batch(&[SESSION, SESSION]).unwrap().1.heartbeats.len(), 2);
        let (_, command, malformed) = batch(&[SESSION, NO_SESSION, "", SESSION]).unwrap();
        let others: Vec<_> = malformed.iter().map(|it| (it.at, &*it.given, it.error)).collect();
        assert_eq!(
            (command.heartbeats.len(), &others[..]),
            (2, &[(1, NO_SESSION, IdError::NotASession), (2, "", IdError::Empty)][..])
        );
        assert_eq!(bad(batch(&[])), ["heartbeats"]);
        assert_eq!(bad(batch(&[SESSION; 7])), ["heartbeats"]);
        assert_eq!(batch(&[SESSION; 6]).unwrap().1.heartbeats.len(), 6);
    }

    #[test]
    fn a_grant_and_a_revocation() {
        let request = v1::GrantSeatRequest {
            tenant_id: "acme".into(),
            pool_id: "crm".into(),
            user_id: "ann".into(),
            organization_ids: list(&["north", "south"]),
        };
        let (_, command) = grant_seat(request, &LIMITS).unwrap();
        assert_eq!((command.pools.len(), command.users.len(), command.organizations.len()), (1, 1, 2));
        let organization_ids = list(&["north", "", " x"]);
        let bad_grant = v1::GrantSeatRequest { organization_ids: organization_ids.clone(), ..Default::default() };
        let bad_revocation = v1::RevokeSeatRequest { organization_ids, ..Default::default() };
        let fields = ["tenant_id", "pool_id", "user_id", "organization_ids[1]", "organization_ids[2]"];
        assert_eq!(bad(grant_seat(bad_grant, &LIMITS)), fields);
        assert_eq!(bad(revoke_seat(bad_revocation, &LIMITS)), fields);
    }

    #[test]
    fn batches_of_pairs_are_bounded_by_their_product() {
        let grant = |pools: &[&str], users: &[&str]| {
            let request = v1::BatchGrantSeatsRequest {
                tenant_id: "acme".into(),
                pool_ids: list(pools),
                user_ids: list(users),
                organization_ids: Vec::new(),
            };
            batch_grant_seats(request, &LIMITS)
        };
        let (_, command, malformed) = grant(&["a", "b"], &["x", "y", "X"]).unwrap();
        assert_eq!((command.pools.len(), command.users.len(), malformed), (2, 3, Vec::new()));
        assert_eq!(bad(grant(&["a", "b"], &["w", "x", "y", "z"])), ["user_ids"]);
        assert_eq!(bad(grant(&["a"; 7], &["x"])), ["pool_ids"]);
        assert_eq!(bad(grant(&["a"; 7], &["x"; 7])), ["pool_ids", "user_ids"]);
        assert_eq!(bad(grant(&[], &[])), ["pool_ids", "user_ids"]);
        assert_eq!(bad(grant(&["", "b"], &["x", "y z"])), ["pool_ids[0]"]);
    }

    #[test]
    fn a_user_of_a_batch_who_is_malformed_stops_no_other() {
        let long = "ä".repeat(600);
        let request = v1::BatchGrantSeatsRequest {
            tenant_id: "acme".into(),
            pool_ids: list(&["a"]),
            user_ids: list(&["y z", "x", "", &long]),
            organization_ids: Vec::new(),
        };
        let (_, command, malformed) = batch_grant_seats(request, &LIMITS).unwrap();
        assert_eq!(command.users, [UserId::stored("x")]);
        let shown: Vec<_> = malformed.iter().map(|it| (it.at, &*it.given, it.error)).collect();
        let cut = "ä".repeat(127);
        assert_eq!(shown, [(0, "y z", IdError::Space), (2, "", IdError::Empty), (3, &cut, IdError::TooLong(254))]);
    }

    #[test]
    fn a_batch_of_revocations() {
        let request = v1::BatchRevokeSeatsRequest {
            tenant_id: "acme".into(),
            pool_ids: list(&["crm"]),
            user_ids: list(&["ann", "bob"]),
            organization_ids: list(&["north"]),
            end_sessions: true,
        };
        let (_, command, _) = batch_revoke_seats(request, &LIMITS).unwrap();
        assert!(command.end_sessions && command.users.len() == 2 && command.organizations.len() == 1);
        let empty = v1::BatchRevokeSeatsRequest::default();
        assert_eq!(bad(batch_revoke_seats(empty, &LIMITS)), ["tenant_id", "pool_ids", "user_ids"]);
    }
}
