//! Shutdown: SIGTERM under load loses nothing that was acknowledged, leaves no call hanging, and ends in time.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tonic::Code;
use tonic_types::StatusExt;
use usher::proto::v1::WatchSessionsRequest;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::watch_sessions_response::Event;

use super::{decision, live_sessions, login, start, tenant_with_users, users};
use crate::support::program::Data;

super::on_both_stores!(sigterm_under_load_drains);

async fn sigterm_under_load_drains(data: &Data<'_>) {
    let program = start(data, 1_000_000);
    let all = users(2_000);
    tenant_with_users(&program, "acme", &all).await;
    let mut watching = SessionServiceClient::new(program.channel());
    let request = WatchSessionsRequest { tenant_id: "acme".into(), ..WatchSessionsRequest::default() };
    let mut events = watching.watch_sessions(request).await.unwrap().into_inner();
    let Some(Event::Watching(_)) = events.message().await.unwrap().unwrap().event else { panic!("not watching") };

    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    let count = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = all
        .chunks(50)
        .map(|some| {
            let (mut seats, some) = (program.seats(), some.to_vec());
            let (acknowledged, count) = (acknowledged.clone(), count.clone());
            tokio::spawn(async move {
                for user in some {
                    // Every call gets an answer: a decision, or UNAVAILABLE.
                    match seats.check_out(login(&user)).await {
                        Ok(answer) => {
                            let lease = decision(answer.into_inner()).unwrap();
                            acknowledged.lock().unwrap().insert(lease.session_id);
                            count.fetch_add(1, Ordering::Relaxed);
                        }
                        // A status with a source was made by this client: the call was never sent, because the server
                        // is gone.
                        Err(status) => {
                            let unsent = std::error::Error::source(&status).is_some();
                            assert!(unsent || status.code() == Code::Unavailable, "{status:?}");
                            return;
                        }
                    }
                }
            })
        })
        .collect();
    while count.load(Ordering::Relaxed) < 200 {
        tokio::task::yield_now().await;
    }
    program.terminate();
    for client in clients {
        tokio::time::timeout(Duration::from_secs(30), client).await.expect("no request hangs").unwrap();
    }
    let end = loop {
        match events.message().await {
            Ok(Some(_)) => {}
            Ok(None) => panic!("a watch must say why it ends"),
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), Code::Unavailable, "{end:?}");
    assert!(end.get_details_retry_info().is_some(), "{end:?}");
    let ended = program.ended();
    assert_eq!(ended.status.code(), Some(0), "{}", ended.errors);

    let program = start(data, 1_000_000);
    let live: BTreeSet<String> = live_sessions(&program).await.into_iter().collect();
    let acknowledged = acknowledged.lock().unwrap().clone();
    let lost: Vec<_> = acknowledged.difference(&live).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}
