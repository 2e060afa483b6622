//! Calls that another node sent.

use super::fake::{Fate, at, node};
use super::*;
use crate::auth::Principal;
use crate::ledger::access::{Role, Roles, Tenants};
use crate::ledger::change::Actor;

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
