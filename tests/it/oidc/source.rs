//! Sources of keys, and the keys in force while they change.

use std::sync::Arc;
use std::time::Duration;

use usher::auth::oidc::{KeysFrom, Oidc, Refused};
use usher::clock::{Clock, ManualClock};
use usher::ledger::time::WallTime;

use super::server::Server;
use super::signer::Signer;
use super::{Fixture, NOW, claims, claims_with, config, jwks};

const PAUSE: Duration = Duration::from_secs(10);
const PERIOD: Duration = Duration::from_secs(10 * 60);

fn asking(keys: KeysFrom) -> (Oidc, Arc<ManualClock>) {
    let (clock, manual) = Clock::manual(WallTime(NOW * 1000));
    (Oidc::new(config(keys), clock).expect("a URL is not asked at once"), manual)
}

/// Returns a new token under this key id.
fn fresh(signer: &Signer, kid: &str) -> String {
    static LAST: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);
    let number = LAST.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    signer.token_of(kid, &claims_with(serde_json::json!({ "jti": number, "exp": NOW + 100_000 })))
}

#[tokio::test]
async fn an_issuer_that_is_away_at_first_is_asked_again() {
    let signer = Signer::ed25519();
    let server = Server::start();
    server.answers("503 Service Unavailable", "", "");
    let (oidc, clock) = asking(server.keys());
    for failures in 1..=3 {
        assert_eq!(oidc.check(&fresh(&signer, "k1")), Err(Refused::KeysPending), "this is no decision");
        oidc.follow_keys().await;
        oidc.follow_keys().await;
        assert_eq!((oidc.refresh_failures(), server.requests()), (failures, failures as usize));
        clock.advance(PAUSE);
    }
    server.publishes(&jwks(&[signer.jwk("k1")]));
    oidc.follow_keys().await;
    assert!(oidc.check(&fresh(&signer, "k1")).is_ok());
    assert_eq!(oidc.refresh_failures(), 3);
}

#[tokio::test]
async fn keys_are_read_every_ten_minutes_and_when_somebody_comes_with_another() {
    let (old, new) = (Signer::ed25519(), Signer::p256());
    let server = Server::start();
    server.publishes(&jwks(&[old.jwk("old")]));
    let (oidc, clock) = asking(server.keys());
    oidc.follow_keys().await;
    let seen = fresh(&old, "old");
    assert!(oidc.check(&seen).is_ok());
    clock.advance(PERIOD - Duration::from_millis(1));
    oidc.follow_keys().await;
    assert_eq!(server.requests(), 1, "it is not time");
    clock.advance(Duration::from_millis(1));
    oidc.follow_keys().await;
    assert_eq!(server.requests(), 2);

    server.publishes(&jwks(&[new.jwk("new")]));
    let early = fresh(&new, "new");
    assert_eq!(oidc.check(&early), Err(Refused::KeysPending));
    assert_eq!(oidc.check(&early), Err(Refused::KeysPending));
    assert!(oidc.check(&seen).is_ok(), "meanwhile the others go on");
    oidc.follow_keys().await;
    assert!(oidc.check(&early).is_ok());
    assert_eq!(oidc.check(&seen), Err(Refused::UnknownKey), "also one that was known: its key is gone");
    oidc.follow_keys().await;
    assert_eq!(server.requests(), 3, "nobody is asked twice within ten seconds");
    clock.advance(PAUSE);
    assert_eq!(oidc.check(&seen), Err(Refused::KeysPending));
    oidc.follow_keys().await;
    assert_eq!(oidc.check(&seen), Err(Refused::UnknownKey));
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn old_keys_stay_in_force_whatever_the_issuer_answers() {
    let signer = Signer::ed25519();
    let good = jwks(&[signer.jwk("k1")]);
    let server = Server::start();
    server.publishes(&good);
    let (oidc, _) = asking(server.keys());
    oidc.refresh_keys().await;
    let elsewhere = format!("location: {}/x\r\n", "https://idp.example.org");
    let large = " ".repeat(1024 * 1024) + &good;
    let answers = [
        ("500 Internal Server Error", "", good.as_str()),
        ("302 Found", &elsewhere, &good),
        ("204 No Content", "", ""),
        ("200 OK", "", "<html>"),
        ("200 OK", "", "{\"keys\":[]}"),
        ("200 OK", "", &large),
    ];
    for (number, (status, header, body)) in answers.into_iter().enumerate() {
        server.answers(status, header, body);
        oidc.refresh_keys().await;
        assert_eq!(oidc.refresh_failures(), number as u64 + 1, "{status}");
        assert!(oidc.check(&fresh(&signer, "k1")).is_ok(), "{status}");
    }
    let padded = " ".repeat(1024 * 1024 - good.len()) + &good;
    server.publishes(&padded);
    oidc.refresh_keys().await;
    assert_eq!(oidc.refresh_failures(), answers.len() as u64, "a mebibyte is not too much");
}

/// Shows that an issuer which does not answer is given up within 6 s. The paused clock of tokio advances by itself
/// while nothing happens.
#[tokio::test(start_paused = true)]
async fn an_issuer_that_does_not_answer_is_not_waited_for() {
    let server = Server::start();
    server.is_silent();
    let (oidc, _) = asking(server.keys());
    let begun = tokio::time::Instant::now();
    oidc.refresh_keys().await;
    assert_eq!(oidc.refresh_failures(), 1);
    assert!(begun.elapsed() <= Duration::from_secs(6), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_failure_is_logged_once_until_it_is_over_and_without_the_path() {
    let log = tempfile::NamedTempFile::new().unwrap();
    let file = Arc::new(log.reopen().unwrap());
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(file).finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let signer = Signer::ed25519();
    let server = Server::start();
    let (oidc, _) = asking(server.keys());
    for _ in 0..2 {
        server.answers("503 Service Unavailable", "", "");
        oidc.refresh_keys().await;
        oidc.refresh_keys().await;
        server.publishes(&jwks(&[signer.jwk("k1")]));
        oidc.refresh_keys().await;
        oidc.refresh_keys().await;
    }
    let log = std::fs::read_to_string(log.path()).unwrap();
    let ours: Vec<_> = log.lines().filter(|line| line.contains("OIDC")).collect();
    let levels: Vec<_> = ours.iter().filter_map(|line| line.split_whitespace().nth(1)).collect();
    assert_eq!(levels, ["WARN", "INFO", "WARN", "INFO"], "{log}");
    assert!(log.contains("it answered 503") && !log.contains("secret"), "{log}");
}

#[tokio::test]
async fn a_file_is_read_again_when_it_is_asked_for() {
    let (old, new) = (Signer::ed25519(), Signer::ed25519());
    let fixture = Fixture::with_keys(&[old.jwk("old")]);
    fixture.publish("nonsense");
    fixture.oidc.refresh_keys().await;
    assert!(fixture.check(&fresh(&old, "old")).is_ok());
    assert_eq!(fixture.oidc.refresh_failures(), 1);
    fixture.publish(&jwks(&[new.jwk("new")]));
    fixture.oidc.refresh_keys().await;
    assert!(fixture.check(&fresh(&new, "new")).is_ok());
    assert_eq!(fixture.refusal(&fresh(&old, "old")), Refused::KeysPending);
    fixture.oidc.follow_keys().await;
    assert_eq!(fixture.refusal(&fresh(&old, "old")), Refused::UnknownKey);
}

#[test]
fn a_file_without_keys_is_a_mistake() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.jwks");
    let problem = || {
        let (clock, _) = Clock::manual(WallTime(NOW * 1000));
        Oidc::new(config(KeysFrom::File(file.clone())), clock).map(drop).unwrap_err()
    };
    assert!(problem().starts_with(&format!("{}: ", file.display())), "{}", problem());
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(problem(), format!("{}: keys: is missing", file.display()));
    assert!(claims()["exp"].is_number());
}
