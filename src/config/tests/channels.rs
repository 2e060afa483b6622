//! Tests of the ways to people and to the vendor: email, webhooks, license URLs.

use super::{config, problems};

const SECRET: &str = "USHER_WEBHOOK_SECRET=whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
const PASSWORD: &str = "USHER_SMTP_PASSWORD=tooth";

#[test]
fn nothing_is_notified_unless_it_is_configured() {
    let notify = config("", &[]).unwrap().notify;
    assert!(notify.email.is_none() && notify.webhook.is_none());
    let arguments = "--smtp-url smtp://mail --smtp-user u --mail-from u@x.example --webhook-url https://h.example/x";
    let config = config(arguments, &[PASSWORD, SECRET]).unwrap();
    assert!(config.notify.email.as_ref().is_some_and(|email| email.login.is_some()));
    let shown = format!("{config:?} {:?}", config.settings());
    assert!(shown.contains("smtp://mail:587") && shown.contains("https://h.example/"), "{shown}");
    for secret in ["tooth", "whsec", "MDEy"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn what_is_missing_beside_a_channel_is_named() {
    let check = |arguments: &str, environment: &[&str], expected: &[&str]| {
        let found = problems(arguments, environment);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (problem, start) in found.iter().zip(expected) {
            assert!(problem.starts_with(start) && !problem.contains("tooth"), "{problem} should start with {start}");
        }
    };
    let mail = "--smtp-url smtp://mail --mail-from u@x.example";
    check("--smtp-url smtp://mail", &[], &["--mail-from: is missing"]);
    check("--mail-from u@x.example", &[PASSWORD], &["--smtp-password-file: --smtp-url", "--mail-from: --smtp-url"]);
    check(&format!("{mail} --smtp-user u"), &[], &["--smtp-user: --smtp-password-file"]);
    check(mail, &[PASSWORD], &["--smtp-password-file: --smtp-user is missing"]);
    check(&format!("{mail} --smtp-password-file /nowhere/x"), &[], &["--smtp-password-file: /nowhere/x"]);
    check(&format!("{mail} --smtp-password-file x"), &[PASSWORD], &["--smtp-password-file and USHER_SMTP_PASSWORD"]);
    check("--smtp-url mail --mail-from u@x.example", &[], &["--smtp-url: it is not a URL such as"]);
    check("--smtp-url smtp://mail --mail-from nobody", &[], &["--mail-from: \"nobody\""]);
    let plaintext = "--smtp-url smtp+plaintext://mail --mail-from u@x.example";
    assert!(config(plaintext, &[]).is_ok());
    check(&format!("{plaintext} --smtp-user u"), &[PASSWORD], &["--smtp-url: a password is not sent without TLS"]);
    check("--webhook-url https://h.example", &[], &["--webhook-url: --webhook-secret-file"]);
    check("", &[SECRET], &["--webhook-secret-file: --webhook-url is missing"]);
    check("--webhook-url http://h.example", &[SECRET], &["--webhook-url: must be https://"]);
    let short = "USHER_WEBHOOK_SECRET=whsec_tooth";
    check("--webhook-url https://h.example", &[short], &["--webhook-secret-file: a secret is whsec_"]);
}

#[test]
fn the_way_to_the_vendor_needs_whom_to_trust_and_a_mail_server() {
    let check = |arguments: &str, expected: &[&str]| {
        let found = problems(arguments, &[]);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (problem, start) in found.iter().zip(expected) {
            assert!(problem.starts_with(start) && !problem.contains("hunter2"), "{problem} should start with {start}");
        }
    };
    let (keys, mail) = ("--license-keys keys", "--smtp-url smtp://mail --mail-from u@x.example");
    check("--license-url https://v.example/x", &["--license-url: --license-keys is missing"]);
    check(&format!("{keys} --license-url vendor"), &["--license-url: it is not a URL such as https://"]);
    check(&format!("{keys} --license-url http://v.example/hunter2"), &["--license-url: must be https://"]);
    check("--license-request-to v@x.example", &["--license-request-to: --smtp-url is missing"]);
    check(
        &format!("{mail} --license-request-to vendor"),
        &["--license-request-to: \"vendor\" is not an email address"],
    );
    check("--smtp-url mail --mail-from u@x.example --license-request-to v@x.example", &["--smtp-url: it is not"]);
    let arguments = format!("{keys} {mail} --license-url https://v.example/hunter2 --license-request-to v@x.example");
    let settings = config(&arguments, &[]).unwrap().settings();
    for (name, value) in [("license-url", "https://v.example/…"), ("license-request-to", "v@x.example")] {
        assert!(settings.contains(&(name, value.to_owned())), "{settings:?}");
    }
    let none = config("--license-url= --license-request-to=", &[]).unwrap();
    assert!(none.license_url.is_none() && none.license_request_to.is_none());
    assert!(config("--demo --license-url http://127.0.0.1:1/", &[]).is_ok(), "a key of its own");
}
