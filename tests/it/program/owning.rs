//! Several processes on one database: each is a node, and every node answers every call (C1, C8). An owner that is silent
//! for too long is replaced; when it wakes up it says nothing of its own (C4, I8), and is a node again.

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};
use tonic::{Code, Request, Status};
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::server_service_client::ServerServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    CheckInRequest, CheckOutRequest, DenialReason, GetUsageRequest, HeartbeatRequest, ListNodesRequest,
    ListSessionsRequest,
};

use super::{check_out, decision, login, start, tenant_with_users, usage, users};
use crate::support::postgres;
use crate::support::program::{Data, Program};
use crate::support::proxy::{Network, Proxy};

/// Time that a call may take whose owner may be gone.
const ATTEMPT: Duration = Duration::from_secs(1);
/// Nothing takes this long.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts a process. The task ends when the process serves.
fn begin(url: &str) -> JoinHandle<Program> {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || start(&Data::Postgres(&url), 1))
}

/// A request with a deadline.
fn soon<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(ATTEMPT);
    request
}

/// Returns the answer of a call; `None`: there is none, as if its owner were gone.
fn answer<T>(what: &str, answer: Result<tonic::Response<T>, Status>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let gone = matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled);
            assert!(gone, "{what}: {status:?}");
            None
        }
    }
}

/// Returns the session, through a node that may still forward calls to an owner that is gone.
async fn returned(program: &Program, session: &str) {
    let mut seats = program.seats();
    let mut looks = interval(Duration::from_millis(50));
    let returns = async {
        loop {
            looks.tick().await;
            let request = CheckInRequest { tenant_id: "acme".into(), session_id: session.into() };
            if answer("a check-in", seats.check_in(soon(request)).await).is_some() {
                return;
            }
        }
    };
    timeout(TIMEOUT, returns).await.expect("another node has the shard");
    assert_eq!(usage(program).await.in_use, 0);
}

/// A process that once had the only session of the pool in its memory, which was returned elsewhere since.
struct Former<'a> {
    program: &'a Program,
    session: &'a str,
    user: &'a str,
}

impl Former<'_> {
    /// Sends every kind of call that could be answered from memory, again and again until all of them are answered.
    /// Each answer must be the one of the shard's new owner.
    async fn says_nothing_of_its_own(&self) {
        let mut looks = interval(Duration::from_millis(50));
        let answered = async {
            let mut left: Vec<_> = (0..5).collect();
            while !left.is_empty() {
                looks.tick().await;
                let mut unanswered = Vec::new();
                for call in left {
                    if self.call(call).await.is_none() {
                        unanswered.push(call);
                    }
                }
                left = unanswered;
            }
        };
        timeout(TIMEOUT, answered).await.expect("it hands calls on");
    }

    /// `None`: it was not answered.
    async fn call(&self, number: usize) -> Option<()> {
        let (mut seats, channel, tenant_id) = (self.program.seats(), self.program.channel(), "acme".to_owned());
        let session_id = self.session.to_owned();
        match number {
            0 => {
                let request = HeartbeatRequest { tenant_id, session_id, active: true };
                let kept = answer("a heartbeat", seats.heartbeat(soon(request)).await)?;
                assert!(!matches!(kept.outcome, Some(HeartbeatOutcome::Lease(_))), "{kept:?}");
            }
            1 => {
                let request = CheckInRequest { tenant_id, session_id };
                assert!(!answer("a check-in", seats.check_in(soon(request)).await)?.ended_now);
            }
            2 => {
                let request = ListSessionsRequest { tenant_id, ..Default::default() };
                let list = SessionServiceClient::new(channel).list_sessions(soon(request)).await;
                assert_eq!(answer("a list", list)?.sessions, []);
            }
            3 => {
                let usage = TenantServiceClient::new(channel).get_usage(soon(GetUsageRequest { tenant_id })).await;
                assert_eq!(answer("usage", usage)?.pools[0].in_use, 0);
            }
            _ => {
                let check = CheckOutRequest { check_only: true, ..login(self.user) };
                let checked = answer("a check", seats.check_out(soon(check)).await)?;
                assert!(decision(checked).is_ok(), "the seat is free");
            }
        }
        Some(())
    }
}

/// Waits until so many nodes are members.
async fn members(url: &str, count: i64) {
    let client = postgres::connect(url).await;
    let mut looks = interval(Duration::from_millis(50));
    let there = async {
        let members = "SELECT count(*) FROM nodes WHERE state = 1";
        while client.query_one(members, &[]).await.unwrap().get::<_, i64>(0) != count {
            looks.tick().await;
        }
    };
    timeout(TIMEOUT, there).await.expect("so many members");
}

/// Waits until a node knows so many nodes.
async fn sees(program: &Program, count: usize) {
    let mut server = ServerServiceClient::new(program.channel());
    let mut looks = interval(Duration::from_millis(50));
    let there = async {
        while server.list_nodes(ListNodesRequest {}).await.unwrap().into_inner().nodes.len() != count {
            looks.tick().await;
        }
    };
    timeout(TIMEOUT, there).await.expect("it sees so many nodes");
}

fn ends_well(program: Program) {
    program.terminate();
    let ended = program.ended();
    assert!(ended.status.success() && !ended.errors.contains("panicked"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_answers_for_every_shard_and_the_last_one_has_them_all() {
    let url = postgres::cluster().database().await;
    let first = start(&Data::Postgres(url.expose_secret()), 1);
    let users = users(2);
    tenant_with_users(&first, "acme", &users).await;
    let lease = check_out(&mut first.seats(), &users[0]).await.unwrap();
    let second = begin(url.expose_secret()).await.unwrap();
    members(url.expose_secret(), 2).await;
    assert_eq!(usage(&second).await.in_use, 1);
    assert_eq!(check_out(&mut second.seats(), &users[1]).await.unwrap_err(), DenialReason::SeatsExhausted);
    ends_well(first);
    members(url.expose_secret(), 1).await;
    assert_eq!(usage(&second).await.in_use, 1, "the session went over");
    returned(&second, &lease.session_id).await;
    check_out(&mut second.seats(), &users[1]).await.unwrap();
    ends_well(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_owner_is_replaced_and_says_nothing_of_its_own_when_it_wakes() {
    let url = postgres::cluster().database().await;
    let first = start(&Data::Postgres(url.expose_secret()), 1);
    let users = users(2);
    tenant_with_users(&first, "acme", &users).await;
    let lease = check_out(&mut first.seats(), &users[0]).await.unwrap();

    first.freeze();
    let second = begin(url.expose_secret()).await.unwrap();
    returned(&second, &lease.session_id).await;
    first.thaw();
    let former = Former { program: &first, session: &lease.session_id, user: &users[1] };
    former.says_nothing_of_its_own().await;
    first.says("it joins anew");
    members(url.expose_secret(), 2).await;
    check_out(&mut first.seats(), &users[1]).await.unwrap();
    assert_eq!(usage(&second).await.in_use, 1);
    ends_well(first);
    ends_well(second);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_cut_off_from_the_store_is_replaced_and_hands_calls_on() {
    for network in [Network::Swallows, Network::SwallowsAnswers, Network::Resets] {
        let cluster = postgres::cluster();
        let url = cluster.database().await;
        let proxy = Proxy::to(cluster.address()).await;
        let through = url.expose_secret().replace(&cluster.address().to_string(), &proxy.address.to_string());
        let first = start(&Data::Postgres(&through), 1);
        let users = users(2);
        tenant_with_users(&first, "acme", &users).await;
        let lease = check_out(&mut first.seats(), &users[0]).await.unwrap();
        let second = begin(url.expose_secret()).await.unwrap();
        members(url.expose_secret(), 2).await;
        sees(&first, 2).await;

        proxy.set(network);
        returned(&second, &lease.session_id).await;
        let former = Former { program: &first, session: &lease.session_id, user: &users[1] };
        former.says_nothing_of_its_own().await;
        members(url.expose_secret(), 1).await;
        proxy.set(Network::Works);
        members(url.expose_secret(), 2).await;
        check_out(&mut first.seats(), &users[1]).await.unwrap();
        assert_eq!(usage(&second).await.in_use, 1, "{network:?}");
    }
}

/// Refuses heartbeats of a process that owns a shard.
const NO_BEATS: &str = "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF EXISTS (SELECT FROM owners WHERE node_id = NEW.node_id) THEN RAISE EXCEPTION 'not now'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER no BEFORE UPDATE ON nodes FOR EACH ROW EXECUTE FUNCTION no()";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_to_end_before_its_shards_are_confirmed_gives_them_back() {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    ends_well(start(&data, 1));
    let client = postgres::connect(url.expose_secret()).await;
    client.batch_execute(NO_BEATS).await.unwrap();
    let starting = Program::begin(&data);
    let count = async |rows: &str| client.query_one(rows, &[]).await.unwrap().get::<_, i64>(0);
    while count("SELECT count(*) FROM owners WHERE node_id IS NOT NULL").await == 0 {
        tokio::task::yield_now().await;
    }
    starting.terminate();
    let ended = starting.ended();
    assert!(ended.status.success() && !ended.errors.contains("panicked"), "{}", ended.errors);
    assert_eq!(count("SELECT count(*) FROM nodes").await, 0, "it left: whatever it owned is free");
    client.batch_execute("DROP TRIGGER no ON nodes").await.unwrap();
    ends_well(start(&data, 1));
}

/// Shows that two processes which start together on an empty database are two nodes of one installation.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_starts_at_once_both_serve() {
    for _ in 0..4 {
        let url = postgres::cluster().database().await;
        let (one, other) = tokio::join!(begin(url.expose_secret()), begin(url.expose_secret()));
        let (one, other) = (one.unwrap(), other.unwrap());
        let users = users(2);
        tenant_with_users(&one, "acme", &users).await;
        check_out(&mut one.seats(), &users[0]).await.unwrap();
        assert_eq!(check_out(&mut other.seats(), &users[1]).await.unwrap_err(), DenialReason::SeatsExhausted);
        ends_well(one);
        assert_eq!(usage(&other).await.in_use, 1);
        ends_well(other);
    }
}
