//! Sending a request to the vendor (R32): by mail, with the document attached, and in the audit before it goes out.

use tonic::Code;
use tonic_types::StatusExt;
use usher::license::{Request, Terms};
use usher::proto::v1;

use super::fixture::{HOUR, VendorAt, reason};
use super::{Backend, Fixture, on_both_stores};
use crate::notify::mail::MailServer;

on_both_stores![
    r32_a_request_goes_to_the_vendor,
    r32_what_is_sent_first_says_who_the_customer_is,
    r35_what_could_not_be_sent_is_in_the_audit,
];

async fn fixture(backend: Backend, port: u16, to: &str) -> Fixture {
    Fixture::open_with(backend, VendorAt { folder: None, mail: Some((port, to.into())) }).await
}

fn wanted(seats: u64) -> v1::SendLicenseRequestRequest {
    let seats = vec![v1::SeatsWanted { pool_id: "primary".into(), seats }];
    v1::SendLicenseRequestRequest { seats, target_version: "2.0".into(), ..Default::default() }
}

async fn r32_a_request_goes_to_the_vendor(backend: Backend) {
    let mut server = MailServer::start("plain", &[]);
    let fixture = fixture(backend, server.port, "licenses@vendor.example").await;
    fixture.installed(&fixture.terms("primary=20")).await;
    fixture.responsible_person("boss@acme.example").await;
    let sent = fixture.send(wanted(10)).await.unwrap();
    assert_eq!((sent.sent_to.as_str(), sent.reply_to.as_str()), ("licenses@vendor.example", "boss@acme.example"));
    let mail = server.email();
    assert_eq!(mail["to"], serde_json::json!(["licenses@vendor.example"]));
    for (name, value) in [
        ("subject", "[acme] license request: 10 seats more for primary, an update to 2.0"),
        ("from", "Usher <usher@licenses.example>"),
        ("reply-to", "boss@acme.example"),
    ] {
        assert_eq!(mail["headers"][name], value, "{name}");
    }
    let text = mail["text"].as_str().unwrap();
    assert!(text.contains("- 10 seats more for primary") && text.contains("Asked by:     anonymous"), "{text}");
    // The attachment equals the document in the answer, and the vendor can issue the next license from it.
    let attached = mail["files"][&sent.file_name].as_str().expect("the file");
    assert_eq!((sent.file_name.as_str(), attached.replace("\r\n", "\n")), ("acme.tlr", sent.document.clone()));
    let request = Request::parse(attached.as_bytes()).unwrap();
    assert_eq!((request.seats[0].seats, request.licenses.len(), request.instance), (10, 1, fixture.instance().0));
    fixture.install(&fixture.answered(attached, &Default::default())).await.unwrap();
    assert_eq!(fixture.usage().await, "primary 0/30");
    let event = "LICENSE_REQUEST_SENT to licenses@vendor.example: 10 seats more for primary, an update to 2.0";
    assert_eq!(fixture.audit().await[1..2], [event]);
    assert_eq!(fixture.information().await.requests_sent_to, "licenses@vendor.example");
    // An invalid request is not sent.
    let status = fixture.send(wanted(4)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::InvalidArgument, "INVALID_REQUEST"));
    assert_eq!(server.others(), 0);
}

async fn r32_what_is_sent_first_says_who_the_customer_is(backend: Backend) {
    let mut server = MailServer::start("plain", &[]);
    let fixture = fixture(backend, server.port, "licenses@vendor.example").await;
    let first = v1::SendLicenseRequestRequest { customer_id: "C-4711".into(), ..wanted(10) };
    let sent = fixture.send(first.clone()).await.unwrap();
    assert_eq!(Request::parse(sent.document.as_bytes()).unwrap().customer_id.as_deref(), Some("C-4711"));
    let text = server.email()["text"].to_string();
    assert!(text.contains("Customer:     C-4711"), "{text}");
    // A customer id must agree with the license's; and a refused request is not sent.
    fixture.installed(&Terms { customer_id: Some("C-1".into()), ..fixture.terms("primary=20") }).await;
    let status = fixture.send(first).await.unwrap_err();
    let fields = status.get_details_bad_request().unwrap().field_violations;
    assert_eq!((fields.len(), fields[0].field.as_str(), server.others()), (1, "customer_id", 0));
}

async fn r35_what_could_not_be_sent_is_in_the_audit(backend: Backend) {
    let server = MailServer::start("plain", &[]);
    let port = server.port;
    let fixture = fixture(backend, port, "nobody@vendor.example").await;
    let status = fixture.send(wanted(10)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "REQUEST_REFUSED"));
    assert!(status.message().contains("no such mailbox"), "{status:?}");
    drop(server);
    let status = fixture.send(wanted(10)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "REQUEST_NOT_SENT"));
    assert!(status.get_details_retry_info().is_some_and(|retry| retry.retry_delay.is_some()));
    let events = fixture.audit().await;
    let is = |at: usize, start: &str| assert!(events[at].starts_with(start), "{events:?}");
    assert_eq!(events.len(), 4);
    is(0, &format!("LICENSE_REQUEST_FAILED to nobody@vendor.example: smtp+plaintext://127.0.0.1:{port}: "));
    is(1, "LICENSE_REQUEST_SENT to nobody@vendor.example: 10 seats more for primary");
    is(2, "LICENSE_REQUEST_FAILED to nobody@vendor.example: ");
    is(3, "LICENSE_REQUEST_SENT to nobody@vendor.example: ");
}

#[tokio::test]
async fn without_a_mail_server_the_option_is_named() {
    let fixture = Fixture::open(Backend::sqlite()).await;
    let status = fixture.send(wanted(10)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "NO_REQUEST_ADDRESS"));
    for option in ["--license-request-to", "--smtp-url"] {
        assert!(status.message().contains(option), "{status:?}");
    }
    assert_eq!(fixture.audit().await, [""; 0]);
}

#[tokio::test]
async fn nobody_floods_the_vendor() {
    let server = MailServer::start("plain", &[]);
    let fixture = fixture(Backend::sqlite(), server.port, "licenses@vendor.example").await;
    for _ in 0..5 {
        fixture.send(wanted(10)).await.expect("an answer");
    }
    let status = fixture.send(wanted(10)).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::ResourceExhausted, "RATE_LIMITED"));
    fixture.clock.advance(HOUR / 6);
    fixture.send(wanted(10)).await.expect("an answer, ten minutes later");
    assert_eq!(server.others(), 6);
}
