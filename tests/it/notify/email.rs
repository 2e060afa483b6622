//! Email: a server that accepts, one that refuses, and one that asks for a later attempt.

use std::time::Duration;

use super::fixture::Fixture;
use super::mail::MailServer;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_the_responsible_person_gets_an_email() {
    let mut server = MailServer::start("plain", &[]);
    let fixture = Fixture::open("boss@acme.example").await;
    fixture.grant("bob").await;
    let notifier = fixture.emails(server.port);
    notifier.run().await;
    let email = server.email();
    let headers = &email["headers"];
    let id = fixture.message_id(&fixture.notification().await);
    for (name, value) in [
        ("subject", "[acme] no seat was free in crm (1 of 1 in use)".to_owned()),
        ("from", "Usher <usher@licenses.example>".to_owned()),
        ("to", "boss@acme.example".to_owned()),
        ("message-id", format!("<{id}@licenses.example>")),
        ("auto-submitted", "auto-generated".to_owned()),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    let text = email["text"].as_str().unwrap();
    assert!(text.contains("A seat for bob was refused: none of the pool crm was free."), "{text}");
    assert!(text.contains("1 of 1 seats are in use.") && text.contains("What can be done:"), "{text}");
    assert_eq!(fixture.states().await, ["email Done 1", "webhook Pending 0"]);
    notifier.run().await;
    let fixture = fixture.restart().await;
    fixture.pass(Duration::from_secs(60 * 60));
    fixture.emails(server.port).run().await;
    assert_eq!(server.others(), 0, "it was sent once");
}

/// Shows that an international domain is sent as its A-label, because the server has no SMTPUTF8.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_an_international_domain_is_sent_as_its_a_label() {
    let mut server = MailServer::start("plain", &[]);
    let fixture = Fixture::open("boss@münchen.example").await;
    fixture.grant("bob").await;
    fixture.emails(server.port).run().await;
    assert_eq!(fixture.states().await, ["email Done 1", "webhook Pending 0"]);
    let email = server.email();
    assert_eq!(email["to"][0], "boss@xn--mnchen-3ya.example");
    assert_eq!(email["headers"]["to"], "boss@xn--mnchen-3ya.example");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_mailbox_that_is_not_there_is_a_dead_letter_and_a_busy_one_is_asked_again() {
    let server = MailServer::start("plain", &[]);
    for (person, state, why) in
        [("nobody@acme.example", "email Dead 1", "no such mailbox"), ("busy@acme.example", "email Pending 1", "later")]
    {
        let fixture = Fixture::open(person).await;
        fixture.grant("bob").await;
        fixture.emails(server.port).run().await;
        let states = fixture.states().await;
        assert!(states[0].starts_with(state) && states[0].contains(why), "{states:?}");
    }
    assert_eq!(server.others(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r34_a_server_that_is_away_is_asked_again() {
    let fixture = Fixture::open("boss@acme.example").await;
    fixture.grant("bob").await;
    let server = MailServer::start("plain", &[]);
    let port = server.port;
    drop(server);
    fixture.emails(port).run().await;
    let states = fixture.states().await;
    assert!(states[0].starts_with(&format!("email Pending 1: smtp+plaintext://127.0.0.1:{port}: ")), "{states:?}");
    let mut server = MailServer::start("plain", &[]);
    fixture.pass(Duration::from_secs(120));
    fixture.emails(server.port).run().await;
    assert_eq!(server.email()["to"][0], "boss@acme.example");
    assert_eq!(fixture.states().await[0], "email Done 2");
}
