//! Never one seat above the limit (I1), however many users sign in at once.

use std::collections::BTreeSet;

use usher::proto::v1::DenialReason;

use super::{check_out, live_sessions, start, tenant_with_users, usage, users};
use crate::support::program::{Data, Program};

super::on_both_stores!(the_last_seat_of_one_for_two, sixty_four_for_the_last_seat, ten_thousand_on_a_thousand);

async fn the_last_seat_of_one_for_two(data: &Data<'_>) {
    let program = start(data, 1);
    let users = users(2);
    tenant_with_users(&program, "acme", &users).await;
    for round in 0..20 {
        let granted = race(&program, &users).await;
        assert_eq!(granted.len(), 1, "round {round}");
        return_all(&program, &granted).await;
    }
}

async fn sixty_four_for_the_last_seat(data: &Data<'_>) {
    let program = start(data, 10);
    let all = users(73);
    tenant_with_users(&program, "acme", &all).await;
    assert_eq!(race(&program, &all[..9]).await.len(), 9, "limit - 1");
    assert_eq!(race(&program, &all[9..]).await.len(), 1, "64 clients, one seat");
    assert_eq!(usage(&program).await.in_use, 10);
}

async fn ten_thousand_on_a_thousand(data: &Data<'_>) {
    let program = start(data, 1_000);
    let users = users(10_000);
    tenant_with_users(&program, "acme", &users).await;
    let granted: BTreeSet<String> = race(&program, &users).await.into_iter().collect();
    assert_eq!(granted.len(), 1_000);
    assert_eq!(usage(&program).await.in_use, 1_000);
    assert_eq!(live_sessions(&program).await.into_iter().collect::<BTreeSet<_>>(), granted);
}

/// Signs all users in at once. Returns the sessions of those who got a seat.
async fn race(program: &Program, users: &[String]) -> Vec<String> {
    let seats = program.seats();
    let calls: Vec<_> = users
        .iter()
        .map(|user| {
            let (mut seats, user) = (seats.clone(), user.clone());
            tokio::spawn(async move { check_out(&mut seats, &user).await })
        })
        .collect();
    let mut granted = Vec::new();
    for call in calls {
        match call.await.unwrap() {
            Ok(lease) => granted.push(lease.session_id),
            Err(reason) => assert_eq!(reason, DenialReason::SeatsExhausted),
        }
    }
    granted
}

async fn return_all(program: &Program, sessions: &[String]) {
    let mut seats = program.seats();
    for session_id in sessions {
        let request = usher::proto::v1::CheckInRequest { tenant_id: "acme".into(), session_id: session_id.clone() };
        assert!(seats.check_in(request).await.unwrap().into_inner().ended_now);
    }
}
