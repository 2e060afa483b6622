//! Tenants of a shard share its numbers. No number leaves the service in the clear, so nobody can tell from ids,
//! cursors and page tokens how much others do (R1).

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tonic::Code;
use usher::proto::v1;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::notification_service_client::NotificationServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;

use crate::support::program::{Data, Program};

/// Number of the last event before the first one of the test: its digits occur nowhere else, and all event numbers of
/// the test share most of them.
const MANY: u64 = 0x1234_5678_9abc_0000;

/// A client of the tenant `acme` that collects all texts which could reveal another tenant's activity.
struct Acme {
    program: Program,
    noted: Vec<String>,
}

impl Acme {
    fn start(data: &Data) -> Self {
        Self { program: Program::start(data, &["--shards", "1", "--demo-seats", "2"]), noted: Vec::new() }
    }

    fn stop(self) -> Vec<String> {
        self.program.terminate();
        assert!(self.program.ended().status.success());
        self.noted
    }

    /// Creates a tenant with a full pool, and a responsible person who is notified.
    async fn tenant(&self, tenant_id: &str) {
        let policy = v1::Policy { responsible_person: "boss@example.org".into(), ..Default::default() };
        let tenant = v1::Tenant { tenant_id: tenant_id.into(), policy: Some(policy), ..Default::default() };
        let create = v1::CreateTenantRequest { tenant: Some(tenant) };
        TenantServiceClient::new(self.program.channel()).create_tenant(create).await.expect("a tenant");
        for user in ["ann", "bob", "cid"] {
            self.grant(tenant_id, user).await;
            self.sign_in(tenant_id, user).await;
        }
    }

    async fn grant(&self, tenant_id: &str, user_id: &str) {
        let (tenant_id, pool_id, user_id) = (tenant_id.into(), "primary".into(), user_id.into());
        let grant = v1::GrantSeatRequest { tenant_id, pool_id, user_id, ..Default::default() };
        self.program.seats().grant_seat(grant).await.expect("a seat");
    }

    async fn sign_in(&self, tenant_id: &str, user_id: &str) {
        let (tenant_id, pool_id, user_id) = (tenant_id.into(), "primary".into(), user_id.into());
        let device_id = "laptop".into();
        let login = v1::CheckOutRequest { tenant_id, pool_id, user_id, device_id, ..Default::default() };
        self.program.seats().check_out(login).await.expect("a decision");
    }

    async fn page(&mut self, page_size: i32, page_token: &str) -> (Vec<String>, String) {
        let page_token = page_token.to_owned();
        let request =
            v1::ListAuditEventsRequest { tenant_id: "acme".into(), page_size, page_token, ..Default::default() };
        let page = AuditServiceClient::new(self.program.channel()).list_audit_events(request).await.expect("a page");
        let v1::ListAuditEventsResponse { events, next_page_token } = page.into_inner();
        let ids: Vec<String> = events.into_iter().map(|event| event.event_id).collect();
        self.noted.extend(ids.clone());
        self.noted.extend((!next_page_token.is_empty()).then(|| next_page_token.clone()));
        (ids, next_page_token)
    }

    /// Returns the ids of all events, from pages of a few events.
    async fn events(&mut self) -> Vec<String> {
        let (mut ids, mut token) = self.page(2, "").await;
        while !token.is_empty() {
            let (more, next) = self.page(2, &token).await;
            ids.extend(more);
            token = next;
        }
        ids
    }

    /// Returns the first message of a watch.
    async fn watch(&mut self, cursor: &str) -> v1::WatchSessionsResponse {
        let request = v1::WatchSessionsRequest { tenant_id: "acme".into(), cursor: cursor.into() };
        let watch = SessionServiceClient::new(self.program.channel()).watch_sessions(request).await.expect("a watch");
        let told = watch.into_inner().message().await.expect("a message").expect("the first one");
        self.noted.push(told.cursor.clone());
        told
    }

    async fn message_ids(&mut self) -> Vec<String> {
        let request = v1::ListNotificationsRequest { tenant_id: "acme".into(), ..Default::default() };
        let told =
            NotificationServiceClient::new(self.program.channel()).list_notifications(request).await.expect("a list");
        let ids: Vec<String> = told.into_inner().notifications.into_iter().map(|told| told.message_id).collect();
        assert!(!ids.is_empty(), "nobody was told anything");
        self.noted.extend(ids.clone());
        ids
    }
}

/// Prepares a store whose next event has a number that can be recognized everywhere.
fn counted_far(data: &Data, folder: &std::path::Path) {
    let program = Program::start(data, &["--shards", "1"]);
    program.terminate();
    assert!(program.ended().status.success());
    let database = rusqlite::Connection::open(folder.join("usher.db")).unwrap();
    database.execute("UPDATE shards SET last_event_no = ?1", [MANY.cast_signed()]).unwrap();
}

/// Returns how a text shows an event number: in digits, or in the bytes that the text encodes.
fn shows(text: &str) -> Option<&'static str> {
    let (big, little) = (MANY.to_be_bytes(), MANY.to_le_bytes());
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let has = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
    // The digits that all event numbers of the test share.
    let decimal = MANY.to_string();
    let checks = [
        ("decimal digits", text.contains(&decimal[..12])),
        ("hexadecimal digits", text.to_lowercase().contains("123456789abc")),
        ("bytes", has(&big[..6]) || has(&little[2..])),
        ("digits in bytes", has(&decimal.as_bytes()[..12])),
    ];
    checks.into_iter().find_map(|(what, there)| there.then_some(what))
}

#[test]
fn what_shows_a_number_is_found() {
    let number = MANY + 77;
    for (what, text) in [
        ("decimal digits", number.to_string()),
        ("hexadecimal digits", format!("{number:X}")),
        ("bytes", URL_SAFE_NO_PAD.encode([&[1, 2][..], &number.to_be_bytes()].concat())),
        ("bytes", URL_SAFE_NO_PAD.encode(number.to_le_bytes())),
        ("digits in bytes", URL_SAFE_NO_PAD.encode(format!("1:{number}"))),
    ] {
        assert_eq!(shows(&text), Some(what), "{text}");
    }
    assert_eq!(shows("nothing"), None);
}

#[tokio::test]
async fn nothing_counts_what_others_do() {
    let folder = tempfile::tempdir().unwrap();
    let data = Data::Folder(folder.path());
    counted_far(&data, folder.path());
    let mut acme = Acme::start(&data);
    acme.tenant("acme").await;
    acme.tenant("globex").await;
    // Between two events of `acme`, `globex` does more and more.
    for busy in 0..5 {
        acme.grant("acme", &format!("user{busy}")).await;
        for at in 0..busy * 3 {
            acme.grant("globex", &format!("user{busy}-{at}")).await;
        }
    }
    let ids = acme.events().await;
    assert!(ids.len() > 15, "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "each its own");
    assert_eq!(acme.page(1_000, "").await, (ids.clone(), String::new()), "the same, however they are asked for");

    // Two cursors of the same position differ, so different cursors do not reveal that somebody did something in
    // between.
    let (one, other) = (acme.watch("").await, acme.watch("").await);
    assert_ne!(one.cursor, other.cursor);
    assert_eq!(one.cursor.len(), other.cursor.len());
    let messages = acme.message_ids().await;

    // Ids, tokens and cursors mean the same after a restart.
    let (newest, token) = acme.page(5, "").await;
    let mut noted = acme.stop();
    let mut acme = Acme::start(&data);
    let (older, _) = acme.page(1_000, &token).await;
    assert_eq!([newest, older].concat(), ids);
    assert_eq!(acme.message_ids().await, messages);
    let resumed = acme.watch(&one.cursor).await;
    assert!(matches!(resumed.event, Some(v1::watch_sessions_response::Event::Watching(_))), "{resumed:?}");
    noted.extend(acme.stop());

    let database = rusqlite::Connection::open(folder.path().join("usher.db")).unwrap();
    let least: i64 = database.query_row("SELECT min(event_no) FROM audit", [], |row| row.get(0)).unwrap();
    assert!(least.cast_unsigned() > MANY, "the numbers are those that were looked for");
    assert!(noted.len() > 60, "only {} texts were noted", noted.len());
    for text in noted {
        assert_eq!(shows(&text), None, "{text}");
    }
}

#[tokio::test]
async fn another_installations_tokens_are_refused() {
    let [here, there] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let mut tokens = Vec::new();
    for folder in [&here, &there] {
        let mut acme = Acme::start(&Data::Folder(folder.path()));
        acme.tenant("acme").await;
        if let Some(token) = tokens.first() {
            let page_token = String::clone(token);
            let request =
                v1::ListAuditEventsRequest { tenant_id: "acme".into(), page_size: 2, page_token, ..Default::default() };
            let mut audit = AuditServiceClient::new(acme.program.channel());
            assert_eq!(audit.list_audit_events(request).await.expect_err("not ours").code(), Code::InvalidArgument);
        }
        tokens.push(acme.page(2, "").await.1);
        acme.stop();
    }
}
