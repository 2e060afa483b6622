//! Several processes on one database: one serves, the others stand by. An owner that is silent for too long is
//! replaced, and answers nothing from memory when it wakes up (C4, I8).

use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::JoinHandle;
use tonic::{Code, Request, Status};
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::{
    CheckInRequest, CheckOutRequest, DenialReason, GetUsageRequest, HeartbeatRequest, ListSessionsRequest,
};

use super::{check_out, decision, login, start, tenant_with_users, usage, users};
use crate::support::postgres;
use crate::support::program::{Data, Program};
use crate::support::proxy::{Network, Proxy};

/// Exit code of a process that lost its shards.
const LOST: i32 = 8;
/// Timeout of a call that must not be answered.
const ATTEMPT: Duration = Duration::from_secs(1);

/// Starts a process. The task ends when the process serves.
fn stand_by(url: &str) -> JoinHandle<Program> {
    let url = url.to_owned();
    tokio::task::spawn_blocking(move || start(&Data::Postgres(&url), 1))
}

/// Sends every kind of call that could be answered from memory, and asserts that none is answered (C4).
async fn says_nothing(program: &Program, session: &str, user: &str) {
    let (mut seats, channel) = (program.seats(), program.channel());
    let tenant_id = || "acme".to_owned();
    let request = HeartbeatRequest { tenant_id: tenant_id(), session_id: session.into(), active: true };
    let beat = seats.heartbeat(request).await.map(|answer| match answer.into_inner().outcome {
        Some(HeartbeatOutcome::Lease(_)) => "a lease".to_owned(),
        other => format!("{other:?}"),
    });
    refused("a heartbeat", beat);
    refused("a check-out", seats.check_out(login(user)).await.map(|answer| format!("{answer:?}")));
    let check = CheckOutRequest { check_only: true, ..login(user) };
    refused("a check", seats.check_out(check).await.map(|answer| format!("{answer:?}")));
    let mut request = Request::new(CheckInRequest { tenant_id: tenant_id(), session_id: session.into() });
    request.set_timeout(ATTEMPT);
    refused("a check-in", seats.check_in(request).await.map(|answer| format!("{answer:?}")));
    let mut sessions = usher::proto::v1::session_service_client::SessionServiceClient::new(channel.clone());
    let request = ListSessionsRequest { tenant_id: tenant_id(), ..Default::default() };
    refused("a list", sessions.list_sessions(request).await.map(|answer| format!("{answer:?}")));
    let mut tenants = usher::proto::v1::tenant_service_client::TenantServiceClient::new(channel);
    let usage = tenants.get_usage(GetUsageRequest { tenant_id: tenant_id() }).await;
    refused("usage", usage.map(|answer| format!("{answer:?}")));
}

/// Asserts that a call was not answered: UNAVAILABLE, or a check-in without any answer before its deadline, whose
/// outcome is unknown. A status with a source was made by this client: the process is gone or about to be.
fn refused(what: &str, answer: Result<String, Status>) {
    match answer {
        Ok(answer) => panic!("{what} was answered: {answer}"),
        Err(status) => {
            let gone = std::error::Error::source(&status).is_some();
            let silent = status.code() == Code::DeadlineExceeded && what == "a check-in";
            assert!(gone || silent || status.code() == Code::Unavailable, "{what}: {status:?}");
        }
    }
}

/// Asserts that the second process knows the first user's session, which holds the only seat: it returns the seat
/// there, and the second user gets it.
async fn handed_over(second: &Program, session: &str, other: &str) {
    let request = CheckInRequest { tenant_id: "acme".into(), session_id: session.into() };
    assert!(second.seats().check_in(request).await.unwrap().into_inner().ended_now);
    check_out(&mut second.seats(), other).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_process_stands_by_until_the_first_one_ends() {
    let url = postgres::cluster().database().await;
    let first = start(&Data::Postgres(url.expose_secret()), 1);
    let users = users(2);
    tenant_with_users(&first, "acme", &users).await;
    let lease = check_out(&mut first.seats(), &users[0]).await.unwrap();

    let second = stand_by(url.expose_secret());
    // The second process joins, and sees that the first one is alive.
    let client = postgres::connect(url.expose_secret()).await;
    let joined = "SELECT count(*) FROM nodes WHERE state = 0 AND heartbeat > 2";
    while client.query_one(joined, &[]).await.unwrap().get::<_, i64>(0) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!second.is_finished(), "it stands by");
    assert_eq!(check_out(&mut first.seats(), &users[1]).await.unwrap_err(), DenialReason::SeatsExhausted);
    first.terminate();
    let ended = first.ended();
    assert!(ended.status.success(), "{}", ended.errors);

    let second = second.await.unwrap();
    assert_eq!(usage(&second).await.in_use, 1, "the session went over");
    handed_over(&second, &lease.session_id, &users[1]).await;
    assert!(client.query("SELECT FROM nodes", &[]).await.unwrap().len() == 1, "the first one left");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_owner_is_replaced_and_says_nothing_of_its_own_when_it_wakes() {
    let url = postgres::cluster().database().await;
    let first = start(&Data::Postgres(url.expose_secret()), 1);
    let users = users(3);
    tenant_with_users(&first, "acme", &users).await;
    let lease = check_out(&mut first.seats(), &users[0]).await.unwrap();

    first.freeze();
    let second = stand_by(url.expose_secret()).await.unwrap();
    handed_over(&second, &lease.session_id, &users[1]).await;
    first.thaw();
    says_nothing(&first, &lease.session_id, &users[2]).await;
    let ended = first.ended();
    assert_eq!(ended.status.code(), Some(LOST), "{}", ended.errors);
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
    assert_eq!(usage(&second).await.in_use, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_cut_off_from_the_store_is_replaced_and_says_nothing_of_its_own() {
    for network in [Network::Swallows, Network::SwallowsAnswers, Network::Resets] {
        let cluster = postgres::cluster();
        let url = cluster.database().await;
        let proxy = Proxy::to(cluster.address()).await;
        let through = url.expose_secret().replace(&cluster.address().to_string(), &proxy.address.to_string());
        let first = start(&Data::Postgres(&through), 1);
        let users = users(3);
        tenant_with_users(&first, "acme", &users).await;
        let lease = check_out(&mut first.seats(), &users[0]).await.unwrap();

        proxy.set(network);
        let second = stand_by(url.expose_secret()).await.unwrap();
        handed_over(&second, &lease.session_id, &users[1]).await;
        says_nothing(&first, &lease.session_id, &users[2]).await;
        proxy.set(Network::Works);
        let ended = first.ended();
        assert_eq!(ended.status.code(), Some(LOST), "{network:?}: {}", ended.errors);
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
    let first = start(&data, 1);
    first.terminate();
    assert!(first.ended().status.success());
    let client = postgres::connect(url.expose_secret()).await;
    client.batch_execute(NO_BEATS).await.unwrap();
    let starting = Program::begin(&data);
    let count = async |rows: &str| client.query_one(rows, &[]).await.unwrap().get::<_, i64>(0);
    while count("SELECT count(*) FROM owners WHERE node_id IS NULL").await > 0 {
        tokio::task::yield_now().await;
    }
    starting.terminate();
    let ended = starting.ended();
    assert!(ended.status.success() && !ended.errors.contains("panicked"), "{}", ended.errors);
    assert_eq!(count("SELECT count(*) FROM nodes").await, 0, "it left: whatever it owned is free");
    client.batch_execute("DROP TRIGGER no ON nodes").await.unwrap();
    let next = start(&data, 1);
    next.terminate();
    assert!(next.ended().status.success());
}

/// Shows that of two processes which start together on an empty database, one serves and one stands by, and neither
/// ends.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_starts_at_once_one_serves_and_the_other_stands_by() {
    for _ in 0..4 {
        let url = postgres::cluster().database().await;
        let mut pair = [stand_by(url.expose_secret()), stand_by(url.expose_secret())];
        let (served, at, _) = futures_util::future::select_all(pair.iter_mut()).await;
        let served = served.unwrap();
        tenant_with_users(&served, "acme", &users(1)).await;
        assert!(decision(served.seats().check_out(login(&users(1)[0])).await.unwrap().into_inner()).is_ok());
        assert!(!pair[1 - at].is_finished(), "the other one stands by");
        served.terminate();
        assert!(served.ended().status.success());
        let [one, other] = pair;
        let then = if at == 0 { other.await.unwrap() } else { one.await.unwrap() };
        assert_eq!(usage(&then).await.in_use, 1);
    }
}
