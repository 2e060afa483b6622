//! Fixture: a tenant `acme` whose pool `crm` has one seat, held by `ann`, and notifiers that run when a test runs them.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use usher::clock::{Clock, ManualClock};
use usher::ids::{LicenseId, PoolId, TenantId, UserId};
use usher::journal::Journal;
use usher::ledger::change::{Actor, Limit, Plan};
use usher::ledger::command::{
    CreateTenant, GrantSeats, InstallLicense, LicenseGrant, ListNotifications, RedeliverNotification,
};
use usher::ledger::notification::{Channels, NotificationView, Topic};
use usher::ledger::policy::Policy;
use usher::ledger::time::WallTime;
use usher::notify::{Sender, SigningKeys, Smtp, SmtpServer, Webhook, WebhookUrl};
use usher::store::sqlite::SqliteStore;
use usher::store::{Installation, Store};
use usher::tasks::Notifier;

use super::receiver::{Receiver, SECRET};
use crate::support::in_process::TestProcess;

/// 2027-01-15T08:00:00Z.
pub const START: WallTime = WallTime(1_800_000_000_000);

pub struct Fixture {
    folder: TempDir,
    store: Arc<dyn Store>,
    pub journal: Arc<Journal>,
    pub clock: Arc<ManualClock>,
    now: Clock,
    pub stop: CancellationToken,
}

fn acme() -> TenantId {
    TenantId::stored("acme")
}

pub fn exceeded() -> Topic {
    Topic::Exceeded(PoolId::stored("crm"))
}

async fn start(folder: &TempDir, wall: WallTime) -> TestProcess {
    let store = Arc::new(SqliteStore::open(folder.path()).expect("a store"));
    TestProcess::start(store, Installation::new(2), wall, 0, Channels { email: true, webhook: true }).await
}

impl Fixture {
    pub async fn open(responsible_person: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let TestProcess { store, journal, clock, now } = start(&folder, START).await;
        let fixture = Self { folder, store, journal, clock, now, stop: CancellationToken::new() };
        let policy = Policy { responsible_person: responsible_person.into(), ..Policy::default() };
        let tenant = CreateTenant { display_name: "Acme".into(), contact: "".into(), policy };
        fixture.journal.submit(&actor(), &acme(), tenant).await.unwrap().unwrap();
        let pools = vec![(PoolId::stored("crm"), Plan::Named, Limit::Seats(1)).into()];
        let grant = LicenseGrant { revision: 1, pools, ..LicenseGrant::default() };
        let license = InstallLicense { license: LicenseId::stored("base"), grant };
        fixture.journal.submit(&actor(), &acme(), license).await.unwrap().unwrap();
        fixture.grant("ann").await;
        fixture
    }

    /// Grants a seat. The first user gets it; later users are denied, which raises a notification.
    pub async fn grant(&self, user: &str) {
        let users = vec![UserId::stored(user)];
        let grant = GrantSeats { pools: vec![PoolId::stored("crm")], users, organizations: Vec::new() };
        self.journal.submit(&actor(), &acme(), grant).await.unwrap();
    }

    /// Returns the notification about the pool.
    pub async fn notification(&self) -> NotificationView {
        let list = ListNotifications { limit: 10, ..ListNotifications::default() };
        let page = self.journal.query(&acme(), list).await.unwrap().unwrap();
        page.rows.into_iter().find(|view| view.topic == exceeded()).expect("something told")
    }

    /// Returns the state of each delivery as text, such as `email Done 1`: channel, state, attempts, and the error if
    /// there is one.
    pub async fn states(&self) -> Vec<String> {
        let state = |one: &usher::ledger::notification::DeliveryView| {
            let why = if one.error.is_empty() { String::new() } else { format!(": {}", one.error) };
            format!("{} {:?} {}{why}", one.channel.word(), one.state, one.attempts)
        };
        self.notification().await.deliveries.iter().map(state).collect()
    }

    pub async fn redeliver(&self) {
        let again = RedeliverNotification { topic: exceeded() };
        self.journal.submit(&actor(), &acme(), again).await.unwrap().unwrap();
    }

    pub fn message_id(&self, view: &NotificationView) -> String {
        self.journal.message_id(&acme(), view.event)
    }

    /// Returns a notifier that sends webhooks to this receiver.
    pub fn webhooks(&self, receiver: &Receiver) -> Notifier {
        let keys = SigningKeys::parse(&SecretString::from(SECRET)).expect("a secret");
        let url = WebhookUrl::parse(&receiver.url()).expect("a URL");
        self.notifier(Sender::Webhook(Webhook::new(url, keys)))
    }

    /// Returns a notifier that sends email through a server without TLS.
    pub fn emails(&self, port: u16) -> Notifier {
        let server = SmtpServer::parse(&format!("smtp+plaintext://127.0.0.1:{port}")).expect("a URL");
        let smtp = Smtp::new(server, "Usher <usher@licenses.example>", None, Some("usher.example")).expect("a sender");
        self.notifier(Sender::Email(smtp))
    }

    fn notifier(&self, sender: Sender) -> Notifier {
        Notifier::new(Arc::clone(&self.journal), sender, self.now.clone(), self.stop.clone())
    }

    pub fn pass(&self, time: Duration) {
        self.clock.advance(time);
    }

    /// Stops the process and starts another one.
    pub async fn restart(self) -> Self {
        let Self { folder, store, journal, now, .. } = self;
        journal.stop().await;
        store.close().await;
        drop((journal, store));
        let TestProcess { store, journal, clock, now } = start(&folder, now.wall()).await;
        Self { folder, store, journal, clock, now, stop: CancellationToken::new() }
    }
}

fn actor() -> Actor {
    Actor("root".into())
}
