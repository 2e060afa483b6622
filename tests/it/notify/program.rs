//! Notifications of the real program: TLS, passwords, the way from a denied grant to an email, and the stop.

use std::time::Duration;

use tempfile::TempDir;
use tonic::transport::Channel;
use usher::proto::v1::notification_service_client::NotificationServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{
    Delivery, DeliveryState, GrantSeatRequest, ListNotificationsRequest, Notification, Policy,
    RedeliverNotificationRequest, Tenant, UpdateTenantRequest,
};

use super::mail::MailServer;
use super::receiver::{Answer, Receiver, SECRET};
use crate::support::program::{Data, Program};

const PASSWORD: &str = "open sesame hunter2";

/// Creates a folder with the password and the secret in files.
fn secrets() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n")).unwrap();
    std::fs::write(folder.path().join("secret"), format!("{SECRET}\n")).unwrap();
    folder
}

fn email_options(folder: &TempDir, url: &str, login: bool) -> Vec<String> {
    let mut options = vec!["--demo".into(), "--smtp-url".into(), url.into()];
    options.extend(["--mail-from".into(), "Usher <usher@licenses.example>".into()]);
    if login {
        let password = folder.path().join("password").display().to_string();
        options.extend(["--smtp-user".into(), "usher".into(), "--smtp-password-file".into(), password]);
    }
    options
}

fn start(folder: &TempDir, options: &[String], variables: &[(&str, &str)]) -> Program {
    let data = folder.path().join("data");
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    Program::launch(&Data::Folder(&data), &options, variables).unwrap_or_else(|ended| panic!("{ended:?}"))
}

/// Causes a denial: the demo tenant's named pool is full, so the grant is denied.
async fn refuse(program: &Program) {
    let policy = Policy { responsible_person: "boss@acme.example".into(), ..Policy::default() };
    let tenant = Tenant { tenant_id: "demo".into(), policy: Some(policy), ..Tenant::default() };
    let update = UpdateTenantRequest { tenant: Some(tenant), ..Default::default() };
    TenantServiceClient::new(program.channel()).update_tenant(update).await.unwrap();
    let grant = GrantSeatRequest {
        tenant_id: "demo".into(),
        pool_id: "crm".into(),
        user_id: "cid@demo.example".into(),
        ..Default::default()
    };
    program.seats().grant_seat(grant).await.unwrap();
}

fn notifications(program: &Program) -> NotificationServiceClient<Channel> {
    NotificationServiceClient::new(program.channel())
}

async fn listed(program: &Program) -> Notification {
    let list = ListNotificationsRequest { tenant_id: "demo".into(), ..Default::default() };
    let mut page = notifications(program).list_notifications(list).await.unwrap().into_inner();
    assert_eq!(page.notifications.len(), 1, "{page:?}");
    page.notifications.remove(0)
}

/// Waits until a delivery satisfies `is`.
async fn delivery(program: &Program, is: impl Fn(&Delivery) -> bool) -> Delivery {
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..1_500 {
        looks.tick().await;
        if let Some(found) = listed(program).await.deliveries.into_iter().find(&is) {
            return found;
        }
    }
    panic!("it never came: {:?}", listed(program).await);
}

fn done(delivery: &Delivery) -> bool {
    delivery.state() == DeliveryState::Done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_goes_by_tls_with_a_password_and_once() {
    for (mode, scheme) in [("starttls", "smtp"), ("tls", "smtps")] {
        let mut server = MailServer::start(mode, &["usher", PASSWORD]);
        let (folder, authority) = (secrets(), server.authority());
        let options = email_options(&folder, &format!("{scheme}://127.0.0.1:{}", server.port), true);
        let trust = [("SSL_CERT_FILE", authority.as_str())];
        let program = start(&folder, &options, &trust);
        refuse(&program).await;
        let email = server.email();
        assert_eq!((&email["tls"], &email["user"]), (&true.into(), &"usher".into()), "{mode}");
        assert!(email["text"].as_str().unwrap().contains("A seat for cid@demo.example was refused"), "{email}");
        delivery(&program, done).await;
        let notification = listed(&program).await;
        assert_eq!(email["headers"]["message-id"], format!("<{}@licenses.example>", notification.message_id));
        // After a kill, the next process knows that the email was accepted, and does not send it again by itself.
        program.kill();
        let program = start(&folder, &options, &trust);
        let again = RedeliverNotificationRequest { tenant_id: "demo".into(), topic: "exceeded/crm".into() };
        notifications(&program).redeliver_notification(again).await.unwrap();
        assert_eq!(server.email()["headers"]["message-id"], email["headers"]["message-id"], "asked for, sent again");
        delivery(&program, done).await;
        program.terminate();
        let ended = program.ended();
        assert!(ended.status.success() && !ended.errors.contains(PASSWORD), "{ended:?}");
        assert_eq!(server.others(), 0, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_said_to_a_server_that_is_not_trusted_or_has_no_tls() {
    for (mode, trusted, why) in [("starttls", false, "certificate"), ("plain", true, "STARTTLS")] {
        let server = MailServer::start(mode, &[]);
        let folder = secrets();
        let options = email_options(&folder, &format!("smtp://127.0.0.1:{}", server.port), true);
        let authority = server.authority();
        let variables: &[(&str, &str)] = if trusted { &[] } else { &[("SSL_CERT_FILE", "/dev/null")] };
        let program = start(&folder, &options, variables);
        refuse(&program).await;
        let failed = delivery(&program, |delivery| delivery.attempts > 0 && !delivery.error.is_empty()).await;
        assert!(failed.error.contains(why), "{mode} {authority}: {failed:?}");
        assert_eq!(failed.state(), DeliveryState::Pending);
        program.kill();
        assert_eq!(server.others(), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_logged_and_not_shown() {
    let server = MailServer::start("starttls", &["usher", "another"]);
    let folder = secrets();
    let options = email_options(&folder, &format!("smtp://127.0.0.1:{}", server.port), true);
    let authority = server.authority();
    let program = start(&folder, &options, &[("SSL_CERT_FILE", authority.as_str())]);
    refuse(&program).await;
    let failed = delivery(&program, |delivery| !delivery.error.is_empty()).await;
    assert_eq!(failed.state(), DeliveryState::Pending, "somebody can set it right: {failed:?}");
    assert!(failed.error.contains("535"), "{failed:?}");
    program.terminate();
    let ended = program.ended();
    assert!(!format!("{failed:?} {ended:?}").contains(PASSWORD), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_gets_a_signed_event_and_a_silent_one_holds_up_no_stop() {
    let receiver = Receiver::open([Answer::Status(204), Answer::Silence]).await;
    let folder = secrets();
    let secret = folder.path().join("secret").display().to_string();
    let options = ["--demo", "--webhook-url", &receiver.url(), "--webhook-secret-file", &secret].map(str::to_owned);
    // Nothing listens at the collector's address; the webhook carries the trace all the same.
    let program = start(&folder, &options, &[("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")]);
    refuse(&program).await;
    delivery(&program, done).await;
    let traced = receiver.one().header("traceparent").to_owned();
    assert!(traced.len() == 55 && traced.starts_with("00-") && traced.ends_with("-01"), "{traced:?}");
    let event = receiver.one().verified(SECRET).expect("the signature holds, and the time is now");
    let notification = listed(&program).await;
    assert_eq!((&event["id"], &event["data"]["topic"]), (&notification.message_id.into(), &"exceeded/crm".into()));
    let again = RedeliverNotificationRequest { tenant_id: "demo".into(), topic: "exceeded/crm".into() };
    notifications(&program).redeliver_notification(again).await.unwrap();
    let under_way = |delivery: &Delivery| delivery.state() == DeliveryState::UnderWay;
    delivery(&program, under_way).await;
    program.terminate();
    let ended = program.ended();
    assert!(ended.status.success(), "it got a bounded time: {ended:?}");
    let logged = format!("{ended:?}");
    assert!(!logged.contains(SECRET) && !logged.contains("token=x"), "{logged}");
    assert_eq!(receiver.came().len(), 2);
}
