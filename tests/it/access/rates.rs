//! Rates: check-outs of one caller and of one user, and failed authentications.

use bytes::Bytes;
use tonic::Code;
use tonic_types::StatusExt;
use usher::proto::v1;
use usher::proto::v1::seat_service_client::SeatServiceClient;

use super::fixture::{Fixture, line, shape};
use crate::support::raw::call;

fn login(user: &str, check_only: bool) -> v1::CheckOutRequest {
    v1::CheckOutRequest {
        tenant_id: "demo".into(),
        pool_id: "primary".into(),
        user_id: format!("{user}@demo.example"),
        device_id: "laptop".into(),
        check_only,
        ..Default::default()
    }
}

#[tokio::test]
async fn check_outs_of_a_user_and_of_a_caller_have_a_rate_where_one_is_set() {
    let fixture = Fixture::new();
    let program = fixture.start(&["--demo", "--check-out-rate-per-user", "2/h", "--check-out-rate-per-caller", "5/h"]);
    let mut seats = SeatServiceClient::new(line(&program.channel(), &fixture.admin));
    for _ in 0..2 {
        seats.check_out(login("ann", false)).await.expect("a decision");
    }
    let status = seats.check_out(login("ann", false)).await.expect_err("one too many");
    assert_eq!(shape(&status), (Code::ResourceExhausted, "RATE_LIMITED".into()));
    assert!(status.message().contains("one user"), "{status:?}");
    let retry = status.get_details_retry_info().and_then(|info| info.retry_delay).expect("when to try again");
    assert!((1_700..=1_800).contains(&retry.as_secs()), "{retry:?}");
    // `check_only` uses up nothing (R20), and each user has a rate of its own. The refused call counted for the caller.
    seats.check_out(login("ann", true)).await.expect("an answer");
    seats.check_out(login("bob", false)).await.expect("a decision");
    seats.check_out(login("cid", false)).await.expect("a decision");
    let status = seats.check_out(login("dee", false)).await.expect_err("one too many");
    assert!(status.message().contains("one caller"), "{status:?}");
}

#[tokio::test]
async fn an_address_that_fails_too_often_is_held_off_and_good_credentials_pass() {
    let fixture = Fixture::new();
    let program = fixture.start(&["--demo"]);
    let channel = program.channel();
    let secret = "c0ffee".repeat(11)[..64].to_owned();
    let wrong = format!("Bearer usher_0000000000000007_{secret}_00000000");
    let request = |authorization: String| {
        let channel = channel.clone();
        async move { call(&channel, "usher.v1.TenantService/ListTenants", Bytes::new(), Some(&authorization)).await }
    };
    let mut failures = 0;
    let held_off = loop {
        let status = request(wrong.clone()).await.expect_err("a wrong token");
        failures += 1;
        match status.code() {
            Code::Unauthenticated => assert!(failures < 5_000, "never held off"),
            _ => break status,
        }
    };
    assert_eq!(shape(&held_off), (Code::ResourceExhausted, "TOO_MANY_FAILURES".into()));
    assert!(held_off.get_details_retry_info().is_some());
    assert!(failures > 500, "{failures}");
    request(format!("Bearer {}", fixture.admin)).await.expect("a good token");

    let (_, page) = crate::shell::page(program.ops, "/metrics");
    let count = |reason: &str| {
        let name = format!("usher_authentication_failures_total{{reason=\"{reason}\"}} ");
        page.lines().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok())
    };
    assert_eq!(count("malformed"), Some(failures - 1));
    assert_eq!(count("too_often"), Some(1));
    program.terminate();
    let ended = program.ended();
    let lines =
        ended.errors.lines().filter(|line| line.contains("authentication or authorization failed")).collect::<Vec<_>>();
    assert_eq!(lines.len() as u64, failures - 1, "one line for each, until it is held off");
    assert!(lines[0].contains("reason=\"malformed\"") && lines[0].contains("127.0.0.1"), "{}", lines[0]);
    assert!(!ended.errors.contains(&secret));
}
