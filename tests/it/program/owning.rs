//! A second process on the same database takes over; the first grants nothing more and ends with its own code.

use secrecy::ExposeSecret;
use tonic::Code;
use usher::proto::v1::DenialReason;

use super::{check_out, login, start, tenant_with_users, usage, users};
use crate::support::postgres;
use crate::support::program::Data;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_process_notices_and_ends() {
    let url = postgres::cluster().database().await;
    let data = Data::Postgres(url.expose_secret());
    let first = start(&data, 1);
    let users = users(2);
    tenant_with_users(&first, "acme", &users).await;
    let mut at_first = first.seats();
    let lease = check_out(&mut at_first, &users[0]).await.unwrap();

    let second = start(&data, 1);
    let refused = at_first.check_out(login(&users[1])).await;
    if let Ok(answer) = refused {
        // Decided from memory that was right: a denial needs no store. A seat would.
        assert_eq!(super::decision(answer.into_inner()).unwrap_err(), DenialReason::SeatsExhausted);
    }
    // What would change something meets the fence.
    let ask = usher::proto::v1::CheckInRequest { tenant_id: "acme".into(), session_id: lease.session_id };
    let status = at_first.check_in(ask).await.unwrap_err();
    // One with a source was made here: the process was gone before it could answer.
    let gone = std::error::Error::source(&status).is_some();
    assert!(gone || status.code() == Code::Unavailable, "{status:?}");
    let ended = first.ended();
    assert_eq!(ended.status.code(), Some(8), "{}", ended.errors);
    assert!(!ended.errors.contains("panicked"), "{}", ended.errors);
    assert_eq!(usage(&second).await.in_use, 1, "the check-in was not carried out by the first");
    assert_eq!(check_out(&mut second.seats(), &users[1]).await.unwrap_err(), DenialReason::SeatsExhausted);
}
