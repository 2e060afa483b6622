//! Calls that another node sent.

use super::fake::{Fate, at, node};
use super::*;
use crate::auth::token::TokenHash;
use crate::auth::{Principal, TokenEdition, UsedToken};
use crate::ids::{TokenId, TokenName};
use crate::ledger::access::{Role, Roles, Tenants};
use crate::ledger::change::Actor;
use crate::ledger::time::WallTime;
use crate::ledger::token::TokenRow;

fn elsewhere() -> [Play; 1] {
    [Play::Refuse(usize::MAX, NOT_APPLIED)]
}

fn forwarded(path: &str, role: Role, visited: &[NodeId]) -> Request<Body> {
    let principal = Principal::new(Actor("token:ann".into()), Roles::NONE.with(role), Tenants::All);
    let mut request = request(path, &message(10));
    let (principal, visited) = (Arc::new(principal), visited.to_vec());
    request.extensions_mut().insert(Forwarded { principal, visited });
    request
}

async fn answer(stage: &Stage, request: Request<Body>) -> Answer {
    Answer::of(stage.call(request).await).await
}

#[tokio::test(start_paused = true)]
async fn the_caller_is_whom_the_first_node_let_in_and_needs_a_role_here_too() {
    let stage = Stage::for_peers(Fake::told(&[], &[]), &[]);
    let told = answer(&stage, forwarded(HEARTBEAT, Role::Application, &[node(9)])).await;
    assert!(told.reason().is_empty() && told.body == message(10));
    let told = answer(&stage, forwarded(CREATE_USER, Role::Application, &[node(9)])).await;
    assert_eq!(told.reason(), "NOT_ALLOWED");
    assert!(stage.others.calls().is_empty());
    let told = answer(&stage, request(HEARTBEAT, &message(10))).await;
    assert_eq!(
        told.status().code(),
        tonic::Code::Unauthenticated,
        "nobody's call, whatever this node's own callers may"
    );
}

/// The API token 1, as this node knows it.
fn known(revoked: Option<WallTime>) -> Arc<TokenRow> {
    Arc::new(TokenRow {
        id: TokenId(1),
        name: TokenName::stored("login"),
        hash: TokenHash([0; 32]),
        roles: Roles::ALL,
        tenants: Tenants::All,
        created: WallTime(0),
        created_by: Actor("token:root".into()),
        expires: None,
        revoked,
        last_used: None,
    })
}

#[tokio::test(start_paused = true)]
async fn c10_the_token_of_a_forwarded_call_is_checked_again() {
    let stage = Stage::for_peers(Fake::told(&[], &[]), &[]);
    let told = async |edition: u64| {
        let mut request = forwarded(HEARTBEAT, Role::Application, &[node(9)]);
        let forwarded = request.extensions_mut().get_mut::<Forwarded>().unwrap();
        let token = UsedToken { id: TokenId(1), edition: TokenEdition(edition) };
        forwarded.principal = Arc::new(Principal::clone(&forwarded.principal).by_token(token));
        let told = answer(&stage, request).await;
        (told.reason(), told.status().code())
    };
    let (let_in, refused) = (tonic::Code::Ok, tonic::Code::Unauthenticated);
    stage.tokens.replace(vec![known(None)], WallTime(10));
    assert_eq!(told(10).await, (String::new(), let_in));
    stage.tokens.replace(vec![known(Some(WallTime(20)))], WallTime(20));
    assert_eq!(told(10).await, ("CREDENTIAL_REVOKED".into(), refused));
    assert_eq!(told(99).await, ("CREDENTIAL_REVOKED".into(), refused), "whatever the other node knows");
    stage.tokens.replace(Vec::new(), WallTime(30));
    assert_eq!(told(30).await, ("CREDENTIAL_UNKNOWN".into(), refused), "it was deleted");
    assert_eq!(told(31).await, (String::new(), let_in), "it was created since");
    assert_eq!(stage.seats.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_sent_on_once_more_and_never_back() {
    let stage = Stage::for_peers(Fake::told(&[at(1)], &[Fate::Echo]), &elsewhere());
    let told = answer(&stage, forwarded(HEARTBEAT, Role::Application, &[node(9)])).await;
    assert!(told.reason().is_empty() && !told.is_marked());
    let sent = stage.fake.sent.lock().unwrap().pop().unwrap();
    assert_eq!((sent.visited, sent.actor.as_str()), (vec![node(9)], "token:ann"));

    for visited in [vec![node(1)], vec![node(8), node(9)]] {
        let stage = Stage::for_peers(Fake::told(&[at(1)], &[Fate::Echo]), &elsewhere());
        let told = answer(&stage, forwarded(HEARTBEAT, Role::Application, &visited)).await;
        assert_eq!((told.headers["usher-routing"].as_bytes(), stage.fake.sent()), (&b"not-applied 3"[..], 0));
        assert_eq!(told.status().code(), tonic::Code::Unavailable);
        assert!(told.status().get_details_retry_info().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_sent_a_call_learns_what_is_known_of_it() {
    for (plays, fates, mark) in [
        (vec![Play::Refuse(usize::MAX, NO_LEASE)], vec![], "no-lease 3"),
        (vec![Play::Refuse(usize::MAX, UNKNOWN)], vec![], "unknown 3"),
        (elsewhere().to_vec(), vec![Fate::Unknown], "unknown 3"),
        (elsewhere().to_vec(), vec![Fate::Refuse(UNKNOWN)], "unknown 3"),
        (elsewhere().to_vec(), vec![Fate::Refuse(NO_LEASE)], "not-applied 3"),
    ] {
        let stage = Stage::for_peers(Fake::told(&[at(1)], &fates), &plays);
        let told = answer(&stage, forwarded(CREATE_USER, Role::Manager, &[node(9)])).await;
        let fate = fates.first();
        assert_eq!(told.headers["usher-routing"], mark, "{plays:?} {fate:?}");
    }
    // Also where it has no peers itself.
    let fake = Fake { is_alone: true, ..Fake::default() };
    let stage = Stage::for_peers(fake, &elsewhere());
    let told = answer(&stage, forwarded(HEARTBEAT, Role::Application, &[node(9)])).await;
    assert_eq!(told.headers["usher-routing"], "not-applied 3");
}

#[tokio::test(start_paused = true)]
async fn a_service_learns_that_a_call_may_have_been_carried_out() {
    for repeated in [false, true] {
        let stage = Stage::for_peers(Fake::told(&[], &[]), &[]);
        let mut request = forwarded(HEARTBEAT, Role::Application, &[node(9)]);
        if repeated {
            request.headers_mut().insert(REPEATED, HeaderValue::from_static("1"));
        }
        answer(&stage, request).await;
        assert_eq!(stage.seats.calls(), [(message(10), repeated)]);
    }
    // A client cannot say so.
    let stage = Stage::new(Fake::told(&[], &[]), &[]);
    let mut request = request(HEARTBEAT, &message(10));
    request.headers_mut().insert(REPEATED, HeaderValue::from_static("1"));
    answer(&stage, request).await;
    assert_eq!(stage.seats.calls(), [(message(10), false)]);
}
