//! Tests of requests of SeatService.

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
        alternative_pool_ids: Vec::new(),
    }
}

#[test]
fn r38_alternatives_are_eight_other_pools() {
    let with = |ids: &[&str]| {
        let alternative_pool_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        check_out(v1::CheckOutRequest { alternative_pool_ids, ..login() })
    };
    let eight = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let named = with(&eight).unwrap().1.alternatives;
    assert_eq!(named.iter().map(PoolId::as_str).collect::<Vec<_>>(), eight);
    assert_eq!(bad(with(&[&eight[..], &["i"]].concat())), ["alternative_pool_ids"]);
    assert_eq!(bad(with(&["a", "primary", ""])), ["alternative_pool_ids[1]", "alternative_pool_ids[2]"]);
    assert_eq!(bad(with(&["a", "b", "a"])), ["alternative_pool_ids[2]"]);
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
