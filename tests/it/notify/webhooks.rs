//! Webhooks: a receiver that fails, is slow, redirects, or refuses.

use std::time::Duration;

use super::fixture::{Fixture, exceeded};
use super::receiver::{Answer, Receiver, SECRET};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_what_was_answered_is_never_sent_again() {
    let receiver = Receiver::open([]).await;
    let mut fixture = Fixture::open("boss@acme.example").await;
    fixture.webhooks(&receiver).run().await;
    assert!(receiver.came().is_empty(), "no notifications yet");
    fixture.grant("bob").await;
    fixture.webhooks(&receiver).run().await;
    let came = receiver.one();
    assert_eq!(came.header("content-type"), "application/cloudevents+json");
    assert_eq!(came.header("webhook-id"), fixture.message_id(&fixture.notification().await));
    assert_eq!(came.header("webhook-timestamp"), "1800000000");
    let event: serde_json::Value = serde_json::from_str(&came.body).unwrap();
    assert_eq!((&event["id"], &event["type"]), (&came.header("webhook-id").into(), &"usher.limit.exceeded.v1".into()));
    assert_eq!((&event["data"]["pool_id"], &event["data"]["user_id"]), (&"crm".into(), &"bob".into()));
    assert_eq!(fixture.states().await, ["email Pending 0", "webhook Done 1"]);
    for _ in 0..3 {
        fixture.pass(24 * 60 * MINUTE);
        fixture.webhooks(&receiver).run().await;
        fixture = fixture.restart().await;
        fixture.webhooks(&receiver).run().await;
    }
    receiver.one();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_receiver_that_fails_is_asked_again_with_the_same_id() {
    let receiver = Receiver::open([Answer::Status(500), Answer::Redirect("http://127.0.0.1:1/".into())]).await;
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    let notifier = fixture.webhooks(&receiver);
    notifier.run().await;
    let answered = |what: &str| format!("http://{}/… answered {what}", receiver.address);
    assert_eq!(fixture.states().await, [format!("webhook Pending 1: {}", answered("500 Internal Server Error"))]);
    notifier.run().await;
    receiver.one();
    fixture.pass(2 * MINUTE);
    let (totals, _) = fixture.journal.totals(0).await;
    assert_eq!((totals.deliveries_pending, totals.deliveries_oldest), (1, 120), "for the metrics");
    notifier.run().await;
    // A redirect is not followed: otherwise the receiver could direct events anywhere.
    assert_eq!(fixture.states().await, [format!("webhook Pending 2: {}", answered("307 Temporary Redirect"))]);
    let fixture = fixture.restart().await;
    fixture.pass(3 * MINUTE);
    fixture.webhooks(&receiver).run().await;
    assert_eq!(fixture.states().await, ["webhook Done 3"]);
    let came = receiver.came();
    let ids: Vec<&str> = came.iter().map(|came| came.header("webhook-id")).collect();
    assert_eq!(ids, [ids[0]; 3]);
    assert!(came.iter().all(|one| one.body == came[0].body), "the same each time");
    let times: std::collections::BTreeSet<&str> = came.iter().map(|came| came.header("webhook-timestamp")).collect();
    assert_eq!(times.len(), 3, "signed anew each time: {times:?}");
}

/// Shows that `Retry-After` is respected: in seconds, as a date, and for at most a day (R34).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_receiver_says_when_it_is_asked_again() {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    for (status, when, pause) in [
        (429, "7200", 2 * HOUR),
        (503, "Fri, 15 Jan 2027 10:00:00 GMT", 2 * HOUR),
        (503, "31536000", 24 * HOUR),
        (429, "1", MINUTE),
    ] {
        let receiver = Receiver::open([Answer::Later(status, when.into())]).await;
        let fixture = Fixture::open("").await;
        fixture.grant("bob").await;
        let notifier = fixture.webhooks(&receiver);
        notifier.run().await;
        fixture.pass(pause - Duration::from_secs(1));
        notifier.run().await;
        assert_eq!(receiver.came().len(), 1, "{when}: not yet");
        fixture.pass(MINUTE);
        notifier.run().await;
        assert_eq!((receiver.came().len(), fixture.states().await), (2, vec!["webhook Done 2".to_owned()]), "{when}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_receiver_that_says_nothing_holds_nobody_up_for_long() {
    let receiver = Receiver::open([Answer::Silence]).await;
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    fixture.webhooks(&receiver).run().await;
    assert_eq!(fixture.states().await, ["webhook Pending 1: no answer within 10s"]);
    fixture.pass(2 * MINUTE);
    fixture.webhooks(&receiver).run().await;
    assert_eq!((fixture.states().await, receiver.came().len()), (vec!["webhook Done 2".to_owned()], 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_the_body_of_an_answer_is_not_read() {
    let receiver = Receiver::open([Answer::Endless]).await;
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    fixture.webhooks(&receiver).run().await;
    assert_eq!(fixture.states().await, ["webhook Done 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_who_wants_no_more_is_a_dead_letter_which_can_be_sent_again() {
    let receiver = Receiver::open([Answer::Status(410)]).await;
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    let notifier = fixture.webhooks(&receiver);
    notifier.run().await;
    let states = fixture.states().await;
    assert!(states[0].starts_with("webhook Dead 1: ") && states[0].ends_with("410 Gone"), "{states:?}");
    fixture.pass(24 * 60 * MINUTE);
    notifier.run().await;
    receiver.one();
    fixture.redeliver().await;
    notifier.run().await;
    assert_eq!((fixture.states().await, receiver.came().len()), (vec!["webhook Done 1".to_owned()], 2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_receiver_that_is_away_for_three_days_leaves_a_dead_letter() {
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    let gone = Receiver::open([]).await;
    let notifier = fixture.webhooks(&gone);
    drop(gone);
    let mut runs = 0;
    while !fixture.states().await[0].contains("Dead") {
        notifier.run().await;
        fixture.pass(30 * MINUTE);
        runs += 1;
        assert!(runs < 200, "it is never given up");
    }
    let states = fixture.states().await;
    assert!((124..=146).contains(&runs), "given up after {runs} half hours: {states:?}");
    assert!(states[0].contains("webhook Dead 1") && states[0].contains("refused"), "{states:?}");
}

/// Shows that a delivery in flight when the process died is sent again with the same id, so that the receiver can
/// recognize it (R34).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_process_that_stops_in_the_middle_sends_it_again_and_the_receiver_knows_it() {
    let receiver = Receiver::open([Answer::Silence]).await;
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    let notifier = fixture.webhooks(&receiver);
    let stop = fixture.stop.clone();
    let stopping = async {
        let mut looks = tokio::time::interval(Duration::from_millis(2));
        while receiver.came().is_empty() {
            looks.tick().await;
        }
        stop.cancel();
    };
    tokio::join!(notifier.run(), stopping);
    assert_eq!(fixture.states().await, ["webhook UnderWay 1"]);
    drop(notifier);
    let fixture = fixture.restart().await;
    fixture.webhooks(&receiver).run().await;
    receiver.one();
    fixture.pass(10 * MINUTE);
    fixture.webhooks(&receiver).run().await;
    assert_eq!(fixture.states().await, ["webhook Done 2"]);
    let came = receiver.came();
    assert_eq!((came.len(), came[0].header("webhook-id")), (2, came[1].header("webhook-id")));
}

/// Shows that the specification's own library accepts the signature.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_is_what_receivers_expect() {
    let receiver = Receiver::open([]).await;
    let fixture = Fixture::open("").await;
    fixture.grant("bob").await;
    let now = std::fs::metadata(tempfile::tempdir().unwrap().path()).unwrap().modified().unwrap();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap();
    fixture.clock.set_wall(usher::ledger::time::WallTime(i64::try_from(now.as_millis()).unwrap()));
    fixture.webhooks(&receiver).run().await;
    let came = receiver.one();
    let event = came.verified(SECRET).expect("the signature holds");
    assert_eq!(event["data"]["topic"], exceeded().to_string());
    let other = SECRET.replace("MDEy", "MDEz");
    assert_eq!(came.verified(&other), None, "another secret");
    let mut changed = came.clone();
    changed.body = changed.body.replace("bob", "eve");
    assert_eq!(changed.verified(SECRET), None, "another text");
}
