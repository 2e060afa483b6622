//! An owner is frozen under load, and wakes when another process has long taken over: it acknowledges nothing that the
//! new owner does not have, and is a node again.

use std::time::Duration;

use secrecy::ExposeSecret;

use crate::history::{Load, Plan, StoreContents, check};
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// Number of frozen owners.
const TIMES: u64 = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_owner_wakes_up() {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    let plan = Plan::default();
    let options = plan.options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut load = Load::start(plan);
    let mut owner = Program::start(&data, &options);
    load.switch.at(owner.api);
    for _ in 0..TIMES {
        serves(&load).await;
        owner.freeze();
        let next = Program::start(&data, &options);
        load.switch.at(next.api);
        serves(&load).await;
        // Requests that clients sent and gave up are still in its sockets.
        owner.thaw();
        owner.says("it joins anew");
        serves(&load).await;
        let former = std::mem::replace(&mut owner, next);
        former.terminate();
        let ended = former.ended();
        assert!(ended.status.success(), "{}", ended.errors);
        serves(&load).await;
    }
    let history = load.stop().await;
    let served = load.served(owner.api).await.unwrap();
    owner.terminate();
    assert!(owner.ended().status.success());
    let recount = StoreContents { served: Some(served), ..StoreContents::read(&data).await };
    check(&history, &recount).unwrap_or_else(|found| panic!("{} violations: {found:#?}", found.len()));
}

async fn serves(load: &Load) {
    let answers = load.answered(300);
    tokio::time::timeout(Duration::from_secs(30), answers).await.expect("clients are answered");
}
