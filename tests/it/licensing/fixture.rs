//! Fixture: a tenant, its installation, and a vendor.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretBox;
use tonic::Status;
use tonic_types::StatusExt;
use usher::clock::{Clock, ManualClock};
use usher::exchange::{Exchange, Folder, FolderUrl, Mailer};
use usher::ids::{InstanceId, PoolId, TenantId};
use usher::journal::Journal;
use usher::ledger::change::{Limit, Plan};
use usher::ledger::time::WallTime;
use usher::license::{Claims, LICENSE, Request as LicenseRequest, SigningKey, Terms, Trust, issue, sign};
use usher::licensing::Licensing;
use usher::notify::{Smtp, SmtpServer};
use usher::proto::v1::audit_service_server::AuditService as _;
use usher::proto::v1::license_service_server::LicenseService as _;
use usher::proto::v1::seat_service_server::SeatService as _;
use usher::proto::v1::tenant_service_server::TenantService as _;
use usher::proto::v1::{self, check_out_response, heartbeat_response};
use usher::service::{AuditService, LicenseService, SeatService, ServiceContext, TenantService};
use usher::store::{Installation, Store};
use usher::tasks::LicenseFetcher;

use super::Backend;
use crate::support::callers::anonymous_request;
use crate::support::in_process::TestProcess;

/// 2027-01-15T08:00:00Z.
pub const START: WallTime = WallTime(1_800_000_000_000);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);

pub struct Fixture {
    backend: Backend,
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    pub clock: Arc<ManualClock>,
    now: Clock,
    pub vendor: SigningKey,
    context: Arc<ServiceContext>,
    licensing: Arc<Licensing>,
    /// The addresses of the vendor that the server knows.
    vendor_at: VendorAt,
}

/// Addresses of the vendor.
#[derive(Debug, Clone, Default)]
pub struct VendorAt {
    /// The URL of its folder.
    pub folder: Option<String>,
    /// The port of a mail server, and the vendor's address.
    pub mail: Option<(u16, String)>,
}

impl VendorAt {
    fn exchange(&self) -> Exchange {
        let folder = self.folder.as_ref().map(|url| Folder::new(FolderUrl::parse(url).expect("a URL")));
        let mailer = self.mail.as_ref().map(|(port, to)| {
            let server = SmtpServer::parse(&format!("smtp+plaintext://127.0.0.1:{port}")).expect("a URL");
            let from = "Usher <usher@licenses.example>";
            let smtp = Smtp::new(server, from, None, Some("usher.example")).expect("a sender");
            Mailer { smtp, to: to.clone() }
        });
        Exchange { folder, mailer }
    }
}

impl Fixture {
    /// Opens an installation with the tenant `acme`, which has no license and no users.
    pub async fn open(backend: Backend) -> Self {
        Self::open_with(backend, VendorAt::default()).await
    }

    pub async fn open_with(backend: Backend, vendor_at: VendorAt) -> Self {
        let vendor = SigningKey::from_seed(&SecretBox::new(Box::new([1; 32])));
        let trust = Trust::new([vendor.public().clone()]);
        let (store, journal, clock, now, context, licensing) = start(&backend, START, trust, &vendor_at).await;
        let fixture = Self { backend, store, journal, clock, now, vendor, context, licensing, vendor_at };
        // Sessions do not end by themselves, so that tests can let months pass.
        let policy = v1::Policy {
            lease_ttl: Some(prost_types::Duration::default()),
            max_session: Some(prost_types::Duration { seconds: 366 * 24 * 60 * 60, nanos: 0 }),
            unknown_users: v1::UnknownUsers::Admit.into(),
            max_devices_per_user: Some(2),
            ..Default::default()
        };
        let tenant = v1::Tenant { tenant_id: "acme".into(), policy: Some(policy), ..Default::default() };
        let request = anonymous_request(v1::CreateTenantRequest { tenant: Some(tenant) });
        TenantService::new(Arc::clone(&fixture.context)).create_tenant(request).await.expect("a tenant");
        fixture
    }

    /// Stops the process, and starts another one when the clock shows `wall`.
    pub async fn restart(self, wall: WallTime) -> Self {
        let Self { backend, store, journal, vendor, vendor_at, context, licensing, .. } = self;
        journal.stop().await;
        store.close().await;
        drop((store, journal, context, licensing));
        let trust = Trust::new([vendor.public().clone()]);
        let (store, journal, clock, now, context, licensing) = start(&backend, wall, trust, &vendor_at).await;
        Self { backend, store, journal, clock, now, vendor, context, licensing, vendor_at }
    }

    pub fn licenses(&self) -> LicenseService {
        LicenseService::new(Arc::clone(&self.context))
    }

    pub fn now(&self) -> WallTime {
        self.now.wall()
    }

    pub fn instance(&self) -> InstanceId {
        self.journal.instance()
    }

    /// Returns terms of a license for `acme`, from a text such as `primary=5 crm=3`. An exclamation mark marks a named
    /// pool: `crm!=3`.
    pub fn terms(&self, seats: &str) -> Terms {
        let mut terms = Terms { tenant: Some(TenantId::parse("acme").unwrap()), ..Terms::default() };
        for word in seats.split_whitespace() {
            let (pool, number) = word.split_once('=').expect("pool=seats");
            let id = PoolId::parse(pool.trim_end_matches('!')).unwrap();
            let limit = number.parse().map_or(Limit::Unlimited, Limit::Seats);
            if pool.ends_with('!') {
                terms.plans.insert(id.clone(), Plan::Named);
            }
            terms.seats.insert(id, limit);
        }
        terms
    }

    pub fn claims(&self, terms: &Terms) -> Claims {
        issue(terms, None, &Trust::default(), self.now()).expect("a license")
    }

    pub fn signed(&self, claims: &Claims) -> String {
        sign(&self.vendor, LICENSE, &claims.to_json())
    }

    pub fn issued(&self, terms: &Terms) -> String {
        self.signed(&self.claims(terms))
    }

    /// Returns the license that the vendor issues in answer to a customer's request.
    pub fn answered(&self, request: &str, terms: &Terms) -> String {
        let request = LicenseRequest::parse(request.as_bytes()).expect("a request");
        let trust = Trust::new([self.vendor.public().clone()]);
        self.signed(&issue(terms, Some(&request), &trust, self.now()).expect("a license"))
    }

    pub async fn install(&self, document: &str) -> Result<v1::InstallLicenseResponse, Status> {
        let request = v1::InstallLicenseRequest { tenant_id: "acme".into(), document: document.into() };
        self.licenses().install_license(anonymous_request(request)).await.map(tonic::Response::into_inner)
    }

    /// Issues a license and installs it.
    pub async fn installed(&self, terms: &Terms) -> v1::InstallLicenseResponse {
        self.install(&self.issued(terms)).await.expect("an installed license")
    }

    /// Returns the reason why a document is refused.
    pub async fn refused(&self, document: &str) -> String {
        reason(&self.install(document).await.expect_err("a refusal"))
    }

    pub async fn request(&self, wanted: v1::CreateLicenseRequestRequest) -> Result<String, Status> {
        let request = anonymous_request(v1::CreateLicenseRequestRequest { tenant_id: "acme".into(), ..wanted });
        self.licenses().create_license_request(request).await.map(|answer| answer.into_inner().document)
    }

    pub async fn list(&self) -> Vec<v1::License> {
        let request = anonymous_request(v1::ListLicensesRequest { tenant_id: "acme".into(), ..Default::default() });
        self.licenses().list_licenses(request).await.expect("licenses").into_inner().licenses
    }

    pub async fn information(&self) -> v1::GetLicenseInformationResponse {
        let request = anonymous_request(v1::GetLicenseInformationRequest { tenant_id: "acme".into() });
        self.licenses().get_license_information(request).await.expect("a license page").into_inner()
    }

    pub async fn entitlements(&self) -> v1::GetEntitlementsResponse {
        let request = anonymous_request(v1::GetEntitlementsRequest { tenant_id: "acme".into() });
        self.licenses().get_entitlements(request).await.expect("entitlements").into_inner()
    }

    pub async fn delete(&self, license: &str) {
        let request =
            anonymous_request(v1::DeleteLicenseRequest { tenant_id: "acme".into(), license_id: license.into() });
        self.licenses().delete_license(request).await.expect("a license");
    }

    pub async fn fetch(&self) -> Result<v1::FetchLicenseResponse, Status> {
        let request = anonymous_request(v1::FetchLicenseRequest { tenant_id: "acme".into() });
        self.licenses().fetch_license(request).await.map(tonic::Response::into_inner)
    }

    pub async fn send(&self, wanted: v1::SendLicenseRequestRequest) -> Result<v1::SendLicenseRequestResponse, Status> {
        let request = anonymous_request(v1::SendLicenseRequestRequest { tenant_id: "acme".into(), ..wanted });
        self.licenses().send_license_request(request).await.map(tonic::Response::into_inner)
    }

    /// Returns the license page's text about the last fetch.
    pub async fn last_fetch(&self) -> String {
        self.information().await.last_fetch.map_or("never".into(), |fetch| fetch_text(&fetch))
    }

    /// Returns the daily fetcher, which looks for licenses when a test runs it.
    pub fn fetcher(&self) -> LicenseFetcher {
        let (journal, licensing) = (Arc::clone(&self.journal), Arc::clone(&self.licensing));
        LicenseFetcher::new(journal, licensing, self.now.clone(), Default::default())
    }

    /// Creates another tenant.
    pub async fn create_tenant(&self, id: &str) {
        let tenant = v1::Tenant { tenant_id: id.into(), ..Default::default() };
        let request = anonymous_request(v1::CreateTenantRequest { tenant: Some(tenant) });
        TenantService::new(Arc::clone(&self.context)).create_tenant(request).await.expect("a tenant");
    }

    pub async fn responsible_person(&self, person: &str) {
        let policy = v1::Policy { responsible_person: person.into(), ..Default::default() };
        let tenant = v1::Tenant { tenant_id: "acme".into(), policy: Some(policy), ..Default::default() };
        let update_mask = Some(prost_types::FieldMask { paths: vec!["policy.responsible_person".into()] });
        let request = anonymous_request(v1::UpdateTenantRequest { tenant: Some(tenant), update_mask });
        TenantService::new(Arc::clone(&self.context)).update_tenant(request).await.expect("a tenant");
    }

    /// Returns usage as GetUsage shows it: `primary 1/5, crm 0/3, over 1`.
    pub async fn usage(&self) -> String {
        let request = anonymous_request(v1::GetUsageRequest { tenant_id: "acme".into() });
        let usage = TenantService::new(Arc::clone(&self.context)).get_usage(request).await.expect("usage").into_inner();
        usage.pools.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    /// Signs a user in. Returns `yes` or the reason of the denial, followed by the notices.
    pub async fn sign_in(&self, user: &str, pool: &str) -> String {
        let request = v1::CheckOutRequest {
            tenant_id: "acme".into(),
            pool_id: pool.into(),
            user_id: format!("{user}@acme.example"),
            device_id: "laptop".into(),
            ..Default::default()
        };
        let service = SeatService::new(Arc::clone(&self.context));
        let answer = service.check_out(anonymous_request(request)).await.expect("a decision").into_inner();
        let mut words = vec![match answer.outcome {
            Some(check_out_response::Outcome::Lease(lease)) => format!("yes {}", lease.session_id),
            Some(check_out_response::Outcome::Denial(denial)) => denial.reason().as_str_name()[14..].to_owned(),
            None => "nothing".to_owned(),
        }];
        words.extend(answer.notices.iter().map(|notice| notice.code().as_str_name()[12..].to_owned()));
        words.join(", ")
    }

    /// Returns whether the session in a `yes` of `sign_in` is still live.
    pub async fn lives(&self, yes: &str) -> bool {
        let session_id = yes.strip_prefix("yes ").expect(yes).split(',').next().unwrap_or_default().to_owned();
        let request = v1::HeartbeatRequest { tenant_id: "acme".into(), session_id, active: true };
        let service = SeatService::new(Arc::clone(&self.context));
        let answer = service.heartbeat(anonymous_request(request)).await.expect("an answer").into_inner();
        matches!(answer.outcome, Some(heartbeat_response::Outcome::Lease(_)))
    }

    /// Returns the audit events about licenses, newest first.
    pub async fn audit(&self) -> Vec<String> {
        let request = anonymous_request(v1::ListAuditEventsRequest { tenant_id: "acme".into(), ..Default::default() });
        let service = AuditService::new(Arc::clone(&self.context));
        let events = service.list_audit_events(request).await.expect("events").into_inner().events;
        let about = |event: &v1::AuditEvent| event.action().as_str_name().contains("LICENSE");
        let event_text = |event: v1::AuditEvent| format!("{} {}", &event.action().as_str_name()[13..], event.detail);
        events.into_iter().filter(about).map(event_text).collect()
    }
}

/// Returns a fetch as text: its outcome, the seconds since the start, and the message, as in `NOT_NEWER at 3600: …`.
pub fn fetch_text(fetch: &v1::LicenseFetch) -> String {
    let outcome = &fetch.outcome().as_str_name()["LICENSE_FETCH_OUTCOME_".len()..];
    let at = fetch.fetched_at.expect("a time").seconds - START.0 / 1_000;
    let reason = if fetch.reason.is_empty() { String::new() } else { format!(" {}", fetch.reason) };
    format!("{outcome}{reason} at {at}: {}", fetch.message)
}

/// Returns a pool as text: `primary 1/5`, and by how many seats it is over its limit.
pub fn shown(pool: &v1::PoolUsage) -> String {
    let limit = if pool.unlimited { "unlimited".to_owned() } else { pool.limit.to_string() };
    let over = if pool.over > 0 { format!(" over {}", pool.over) } else { String::new() };
    format!("{} {}/{limit}{over}", pool.pool_id, pool.in_use)
}

/// Returns the reason in the `ErrorInfo` of a status.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().expect("every error has one").reason
}

async fn start(
    backend: &Backend,
    wall: WallTime,
    trust: Trust,
    vendor_at: &VendorAt,
) -> (Arc<dyn Store>, Arc<Journal>, Arc<ManualClock>, Clock, Arc<ServiceContext>, Arc<Licensing>) {
    let store: Arc<dyn Store> = Arc::from(backend.open().await);
    let process = TestProcess::start(store, Installation::new(1), wall, 2, Default::default()).await;
    let hosts = vec!["login-1".to_owned(), "login.acme.example".to_owned()];
    let licensing = Licensing::new(trust, hosts, process.now.clone()).with_exchange(vendor_at.exchange());
    let licensing = Arc::new(licensing);
    let context = process.context(&licensing, &Default::default());
    let TestProcess { store, journal, clock, now } = process;
    (store, journal, clock, now, context, licensing)
}
