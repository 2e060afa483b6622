//! Grant, kill -9, start: everything that was acknowledged is there (I2), and nothing else.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use usher::proto::v1::{CheckInRequest, DenialReason};

use super::{check_out, decision, live_sessions, login, start, tenant_with_users, usage, users};
use crate::support::program::Data;

super::on_both_stores!(what_was_acknowledged_survives_kill_9);

async fn what_was_acknowledged_survives_kill_9(data: &Data<'_>) {
    let program = start(data, 500);
    let all = users(600);
    tenant_with_users(&program, "acme", &all).await;

    // Logins and logouts by many clients; each notes only what was acknowledged.
    let held = Arc::new(Mutex::new(BTreeSet::new()));
    let returning = Arc::new(Mutex::new(BTreeSet::new()));
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = all
        .chunks(20)
        .map(|some| {
            let (mut seats, some) = (program.seats(), some.to_vec());
            let (held, returning, acknowledged, stop) =
                (held.clone(), returning.clone(), acknowledged.clone(), stop.clone());
            tokio::spawn(async move {
                for (at, user) in some.iter().cycle().enumerate() {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let Ok(answer) = seats.check_out(login(user)).await else { return };
                    let Ok(lease) = decision(answer.into_inner()) else { continue };
                    held.lock().unwrap().insert(lease.session_id.clone());
                    acknowledged.fetch_add(1, Ordering::Relaxed);
                    if at % 3 == 0 {
                        // Between the request and its answer, either state is right.
                        returning.lock().unwrap().insert(lease.session_id.clone());
                        held.lock().unwrap().remove(&lease.session_id);
                        let request = CheckInRequest { tenant_id: "acme".into(), session_id: lease.session_id.clone() };
                        if seats.check_in(request).await.is_err() {
                            return;
                        }
                        returning.lock().unwrap().remove(&lease.session_id);
                    }
                }
            })
        })
        .collect();
    while acknowledged.load(Ordering::Relaxed) < 2_000 {
        tokio::task::yield_now().await;
    }
    program.kill();
    stop.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }

    let program = start(data, 500);
    let live: BTreeSet<String> = live_sessions(&program).await.into_iter().collect();
    let (held, returning) = (held.lock().unwrap().clone(), returning.lock().unwrap().clone());
    let lost: Vec<_> = held.difference(&live).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert_eq!(usage(&program).await.in_use, live.len() as u64, "usage is a recount (I4)");
    assert!(live.len() <= 500, "{} live", live.len());
    assert!(returning.len() <= 30, "at most one unanswered check-in a client");

    // The limit still holds.
    let mut seats = program.seats();
    let mut free = 500 - live.len();
    for user in &all {
        match check_out(&mut seats, user).await {
            Ok(lease) if lease.renewed => {}
            Ok(_) => free -= 1,
            Err(reason) => assert_eq!(reason, DenialReason::SeatsExhausted),
        }
    }
    assert_eq!(free, 0);
    assert_eq!(usage(&program).await.in_use, 500);
}
