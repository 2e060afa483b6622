//! How long a call waits, and how often it tries.

use super::fake::{Fate, at, owner};
use super::*;

fn elsewhere() -> [Play; 1] {
    [Play::Refuse(usize::MAX, NOT_APPLIED)]
}

async fn timed(stage: &Stage, path: &str, timeout: &str) -> (String, Duration) {
    let began = Instant::now();
    let mut request = request(path, &message(10));
    if !timeout.is_empty() {
        request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
    }
    let answer = Answer::of(stage.call(request).await).await;
    (answer.reason(), began.elapsed())
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_an_owner_at_most_five_seconds_and_never_beyond_its_deadline() {
    for (timeout, seconds) in [("", 5), ("60S", 5), ("2S", 2)] {
        let stage = Stage::new(Fake::told(&[], &[]), &elsewhere());
        let (reason, took) = timed(&stage, HEARTBEAT, timeout).await;
        assert_eq!((reason.as_str(), took.as_secs()), ("NOT_OWNER", seconds), "{timeout:?}");
        assert_eq!(stage.fake.tried(), [None], "it does not ask again and again");
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_refused_by_a_known_owner_waits_for_another() {
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::NotApplied]), &elsewhere());
    let (reason, took) = timed(&stage, HEARTBEAT, "").await;
    assert_eq!((reason.as_str(), took.as_secs()), ("NOT_OWNER", 5));
    assert_eq!((stage.fake.tried(), stage.fake.sent()), (vec![None, Some(1)], 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_without_an_answer_ends_at_its_deadline_and_is_given_up() {
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Never]), &elsewhere());
    let (reason, took) = timed(&stage, HEARTBEAT, "7S").await;
    assert_eq!((reason.as_str(), took.as_secs(), stage.fake.open()), ("DEADLINE_EXCEEDED", 7, 0));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_goes_away_ends_what_was_sent_for_it() {
    let stage = Stage::new(Fake::told(&[at(1)], &[Fate::Never]), &elsewhere());
    let mut call = Box::pin(stage.call(request(HEARTBEAT, &message(10))));
    while stage.fake.sent() == 0 {
        assert!(futures_util::poll!(call.as_mut()).is_pending());
    }
    assert_eq!(stage.fake.open(), 1);
    drop(call);
    assert_eq!((stage.fake.open(), stage.stats.calls_now()), (0, 0));
    assert_eq!(stage.stats.calls().map(|(_, code, _)| code).collect::<Vec<_>>(), ["CANCELLED"]);
}

#[tokio::test(start_paused = true)]
async fn whatever_a_forwarder_says_a_call_is_not_tried_forever() {
    for location in [at(1), Location::Here(owner(1))] {
        let fake = Fake { repeats: true, ..Fake::told(&[location], &[]) };
        let stage = Stage::new(fake, &vec![Play::Refuse(usize::MAX, NOT_APPLIED); 100]);
        let (reason, took) = timed(&stage, HEARTBEAT, "").await;
        assert_eq!((reason.as_str(), took), ("NOT_OWNER", Duration::ZERO));
        assert_eq!(stage.fake.sent() + stage.seats.calls().len() - 1, MAX_ATTEMPTS);
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_attempt_counts_too() {
    let mut fates = vec![Fate::NotApplied; MAX_ATTEMPTS - 1];
    fates.push(Fate::Unknown);
    let fake = Fake { repeats: true, ..Fake::told(&[at(1)], &fates) };
    let stage = Stage::new(fake, &elsewhere());
    assert_eq!(stage.answer(HEARTBEAT).await.reason(), "OUTCOME_UNKNOWN");
}
