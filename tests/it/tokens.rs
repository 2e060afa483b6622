//! TokenService and authentication with tokens, over a real journal and a real store, with a clock that the test moves.

use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Request, Status};
use tonic_types::StatusExt;
use usher::auth::token::Token;
use usher::auth::{self, Principal, TokenRefused, Tokens};
use usher::clock::{Clock, ManualClock};
use usher::ids::TenantId;
use usher::journal::{AuditFilter, Journal};
use usher::ledger::access::{Role, Roles, Tenants};
use usher::ledger::change::Actor;
use usher::ledger::time::WallTime;
use usher::license::Trust;
use usher::licensing::Licensing;
use usher::proto::v1::audit_service_server::AuditService as _;
use usher::proto::v1::token_service_server::TokenService as _;
use usher::proto::v1::{self, CreateTokenRequest, ListTokensRequest, RevokeTokenRequest, TokenState};
use usher::service::{AuditService, TokenService};
use usher::shards::AllShards;
use usher::store::{Installation, Store};

use crate::conformance::Backend;
use crate::support::callers::anonymous_request;
use crate::support::in_process::TestProcess;

const START: WallTime = WallTime(1_800_000_000_000);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Makes each test run on both stores.
macro_rules! on_both_stores {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test] async fn $name() { super::$name(crate::conformance::Backend::sqlite()).await; })*
        }
        mod on_postgres {
            $(#[tokio::test] async fn $name() { super::$name(crate::conformance::Backend::postgres().await).await; })*
        }
    };
}

on_both_stores! {
    a_token_lets_in_until_it_is_revoked,
    a_token_expires_and_a_clock_that_is_set_back_revives_it_not,
    tokens_outlive_the_process,
    nobody_gives_away_more_than_they_have,
    a_third_token_of_a_name_is_refused,
    nothing_tells_a_secret_or_a_hash,
    token_lists_come_in_pages,
    what_is_no_tenants_is_told_to_operators_of_all_tenants,
}

/// A process with its store.
struct TestServer {
    backend: Backend,
    store: Arc<dyn Store>,
    journal: Arc<Journal>,
    tokens: Arc<Tokens>,
    service: TokenService,
    auditors: AuditService,
    now: Clock,
    clock: Arc<ManualClock>,
}

impl TestServer {
    async fn open(backend: Backend) -> Self {
        Self::at(backend, START).await
    }

    async fn at(backend: Backend, wall: WallTime) -> Self {
        let store: Arc<dyn Store> = Arc::from(backend.open().await);
        let process = TestProcess::start(store, Installation::new(2), wall, 2, Default::default()).await;
        let tokens = Arc::new(Tokens::default());
        tokens.reload(&process.journal).await.expect("tokens");
        let licensing = Licensing::new(Trust::default(), vec!["login-1".to_owned()], process.now.clone());
        let context = process.context(&Arc::new(licensing), &tokens);
        let TestProcess { store, journal, clock, now } = process;
        let (service, auditors) = (TokenService::new(Arc::clone(&context)), AuditService::new(context));
        Self { backend, store, journal, tokens, service, auditors, now, clock }
    }

    /// Stops the process in order, and starts another one when the clock shows `wall`.
    async fn restart(self, wall: WallTime) -> Self {
        let Self { backend, store, journal, tokens, .. } = self;
        let shards = AllShards::of_one_process(Arc::clone(&journal), tokens);
        shards.write_token_use().await.expect("written");
        drop(shards);
        journal.stop().await;
        store.close().await;
        drop(store);
        Self::at(backend, wall).await
    }

    async fn create(&self, by: &Caller, request: CreateTokenRequest) -> Result<(v1::Token, Token), Status> {
        let answer = self.service.create_token(by.request(request)).await?.into_inner();
        Ok((answer.token.expect("a token"), Token::parse(&answer.secret).expect("its text")))
    }

    async fn created(&self, name: &str) -> (v1::Token, Token) {
        self.create(&Caller::Anybody, application(name)).await.expect("a token")
    }

    async fn list(&self, by: &Caller) -> Vec<v1::Token> {
        let request = ListTokensRequest::default();
        self.service.list_tokens(by.request(request)).await.expect("a list").into_inner().tokens
    }

    async fn revoke(&self, by: &Caller, token_id: &str) -> Result<v1::Token, Status> {
        let request = RevokeTokenRequest { token_id: token_id.to_owned() };
        Ok(self.service.revoke_token(by.request(request)).await?.into_inner().token.expect("a token"))
    }

    fn find(&self, token: &Token) -> Result<Arc<Principal>, TokenRefused> {
        self.tokens.find(token, self.now.wall())
    }

    /// Returns the audit of the installation, newest first.
    async fn audit(&self) -> Vec<String> {
        let filter = AuditFilter { limit: 100, ..AuditFilter::default() };
        let page = self.journal.audit(&TenantId::installation(), filter).await.expect("events");
        page.events.iter().map(|event| format!("{} {:?} {}", event.actor.0, event.action, event.detail)).collect()
    }
}

/// The caller of a request, as authentication would set it.
enum Caller {
    Anybody,
    OperatorOf(&'static [&'static str]),
}

impl Caller {
    fn request<T>(&self, message: T) -> Request<T> {
        let Caller::OperatorOf(tenants) = self else { return anonymous_request(message) };
        let tenants = Tenants::Only(tenants.iter().map(|id| TenantId::stored(id)).collect());
        let needs = Roles::NONE.with(Role::Operator);
        let principal = Arc::new(Principal::new(Actor("token:root".into()), needs, tenants));
        let mut request = Request::new(message);
        request.extensions_mut().insert(auth::Caller { principal, needs });
        request
    }
}

fn application(name: &str) -> CreateTokenRequest {
    CreateTokenRequest {
        name: name.to_owned(),
        roles: vec![v1::Role::Application.into()],
        tenant_ids: vec!["acme".to_owned()],
        ..CreateTokenRequest::default()
    }
}

fn refused(status: &Status) -> (Code, String) {
    (status.code(), status.get_details_error_info().expect("every error has one").reason)
}

async fn a_token_lets_in_until_it_is_revoked(backend: Backend) {
    let server = TestServer::open(backend).await;
    let (made, token) = server.created("login-eu").await;
    assert_eq!((made.state(), made.created_by.as_str()), (TokenState::Active, "anonymous"));
    assert_eq!((made.token_id.as_str(), made.expires_at), (token.id().to_string().as_str(), None));
    let found = server.find(&token).expect("known from the answer on");
    let may = |role, tenant| found.may(Roles::NONE.with(role), &TenantId::stored(tenant));
    assert!(found.actor.0.starts_with("token:") && found.actor.0.ends_with(":login-eu"), "{found:?}");
    assert!(may(Role::Application, "acme") && !may(Role::Application, "bolt") && !may(Role::Viewer, "acme"));
    let revoked = server.revoke(&Caller::Anybody, &made.token_id).await.expect("an answer");
    assert_eq!(revoked.state(), TokenState::Revoked);
    assert_eq!(server.find(&token), Err(TokenRefused::Revoked));
    server.clock.advance(HOUR);
    assert_eq!(server.revoke(&Caller::Anybody, &made.token_id).await.expect("the same"), revoked);
    assert_eq!(server.list(&Caller::Anybody).await, [revoked]);
    let id = &made.token_id;
    let events = [
        format!("anonymous TokenRevoked {id} login-eu"),
        format!("anonymous TokenCreated {id} login-eu: application; acme; never expires"),
    ];
    assert_eq!(server.audit().await, events);
    let missing = server.revoke(&Caller::Anybody, "0123456789abcdef").await.expect_err("there is none");
    assert_eq!(refused(&missing), (Code::NotFound, "RESOURCE_NOT_FOUND".to_owned()));
}

async fn a_token_expires_and_a_clock_that_is_set_back_revives_it_not(backend: Backend) {
    let server = TestServer::open(backend).await;
    let ttl = Some(prost_types::Duration { seconds: 3_600, nanos: 0 });
    let (made, token) =
        server.create(&Caller::Anybody, CreateTokenRequest { ttl, ..application("cron") }).await.expect("a token");
    assert_eq!(made.expires_at.map(|at| at.seconds), Some(START.0 / 1_000 + 3_600));
    server.clock.advance(HOUR - Duration::from_millis(1));
    assert!(server.find(&token).is_ok());
    server.clock.advance(Duration::from_millis(1));
    assert_eq!(server.find(&token), Err(TokenRefused::Expired));
    assert_eq!(server.list(&Caller::Anybody).await[0].state(), TokenState::Expired);
    let server = server.restart(START).await;
    assert_eq!(server.find(&token), Err(TokenRefused::Expired));
    assert_eq!(server.list(&Caller::Anybody).await[0].state(), TokenState::Expired);
}

async fn tokens_outlive_the_process(backend: Backend) {
    let server = TestServer::open(backend).await;
    let (first, old) = server.created("login").await;
    let (_, new) = server.created("login").await;
    server.revoke(&Caller::Anybody, &first.token_id).await.expect("an answer");
    server.clock.advance(HOUR);
    server.find(&new).expect("good");
    assert_eq!(server.list(&Caller::Anybody).await[1].last_used_at, None, "not written yet");
    let later = START.plus(2 * HOUR);
    let server = server.restart(later).await;
    assert_eq!(server.find(&old), Err(TokenRefused::Revoked));
    assert!(server.find(&new).expect("good").actor.0.ends_with(":login"));
    let used = server.list(&Caller::Anybody).await.into_iter().filter_map(|token| token.last_used_at);
    assert_eq!(used.map(|at| at.seconds).collect::<Vec<_>>(), [START.plus(HOUR).0 / 1_000]);
}

async fn nobody_gives_away_more_than_they_have(backend: Backend) {
    let server = TestServer::open(backend).await;
    let caller = Caller::OperatorOf(&["acme", "cord"]);
    for (tenant_ids, all_tenants) in [(vec![], true), (vec!["bolt"], false), (vec!["acme", "bolt"], false)] {
        let tenant_ids = tenant_ids.into_iter().map(str::to_owned).collect();
        let request = CreateTokenRequest { tenant_ids, all_tenants, ..application("spy") };
        let status = server.create(&caller, request).await.map(|_| ()).expect_err("more than it has");
        assert_eq!(refused(&status), (Code::PermissionDenied, "NOT_ALLOWED".to_owned()));
        assert!(!status.message().contains("bolt"), "{status:?}");
    }
    assert_eq!(server.audit().await, [""; 0], "nothing was made");
    let (own, _) = server.create(&caller, application("own")).await.expect("a token");
    assert_eq!(own.created_by, "token:root");
    let bolt = CreateTokenRequest { tenant_ids: vec!["bolt".to_owned()], ..application("bolt's") };
    let (bolt, token) = server.create(&Caller::Anybody, bolt).await.expect("a token");
    assert_eq!(server.list(&caller).await, [own]);
    let foreign = server.revoke(&caller, &bolt.token_id).await.expect_err("as good as not there");
    let missing = server.revoke(&caller, "0123456789abcdef").await.expect_err("there is none");
    assert_eq!(foreign.message().replace(&bolt.token_id, "0123456789abcdef"), missing.message());
    assert!(server.find(&token).is_ok());
}

async fn a_third_token_of_a_name_is_refused(backend: Backend) {
    let server = TestServer::open(backend).await;
    let (first, _) = server.created("login").await;
    server.created("login").await;
    let status = server.create(&Caller::Anybody, application("login")).await.map(|_| ()).expect_err("two are there");
    assert_eq!(refused(&status), (Code::FailedPrecondition, "TOKEN_LIMIT".to_owned()));
    server.revoke(&Caller::Anybody, &first.token_id).await.expect("an answer");
    server.created("login").await;
    let zero = Some(prost_types::Duration::default());
    let request = CreateTokenRequest { ttl: zero, ..application("cron") };
    let status = server.create(&Caller::Anybody, request).await.map(|_| ()).expect_err("it would be over at once");
    assert_eq!(status.get_details_bad_request().expect("a field").field_violations[0].field, "ttl");
}

async fn nothing_tells_a_secret_or_a_hash(backend: Backend) {
    use secrecy::ExposeSecret;
    let server = TestServer::open(backend).await;
    let (made, token) = server.created("login").await;
    let text = token.text().expose_secret().to_owned();
    let secret = text.split('_').nth(2).expect("the third part").to_owned();
    let bytes = token.hash().0;
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let refused = server.find(&Token::new(token.id(), &[0; 32]));
    let shown = [
        format!("{made:?} {token:?} {refused:?}"),
        format!("{:?} {:?}", server.list(&Caller::Anybody).await, server.audit().await),
        format!("{:?}", server.tokens),
    ];
    for shown in shown {
        for canary in [&secret, &hex, &format!("{bytes:?}")] {
            assert!(!shown.contains(canary), "{shown}");
        }
    }
}

async fn token_lists_come_in_pages(backend: Backend) {
    let server = TestServer::open(backend).await;
    for name in ["b", "a", "b", "c"] {
        server.created(name).await;
        server.clock.advance(HOUR);
    }
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = anonymous_request(ListTokensRequest { page_size: 1, page_token });
        let page = server.service.list_tokens(request).await.expect("a page").into_inner();
        names.extend(page.tokens.iter().map(|token| (token.name.clone(), token.created_at.expect("a time").seconds)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let made = |hours: i64| START.0 / 1_000 + hours * 3_600;
    let expected = [("a", made(1)), ("b", made(0)), ("b", made(2)), ("c", made(3))];
    assert_eq!(names, expected.map(|(name, at)| (name.to_owned(), at)));
}

async fn what_is_no_tenants_is_told_to_operators_of_all_tenants(backend: Backend) {
    let server = TestServer::open(backend).await;
    let (made, _) = server.created("login").await;
    let list = |by: &Caller| by.request(v1::ListAuditEventsRequest::default());
    let events = server.auditors.list_audit_events(list(&Caller::Anybody)).await.expect("events").into_inner().events;
    let [event] = &events[..] else { panic!("{events:?}") };
    assert_eq!((event.action(), event.tenant_id.as_str()), (v1::AuditAction::TokenCreated, ""));
    assert!(event.detail.starts_with(&made.token_id), "{event:?}");
    let some = Caller::OperatorOf(&["acme"]);
    let status = server.auditors.list_audit_events(list(&some)).await.map(|_| ()).expect_err("of some tenants only");
    assert_eq!(refused(&status), (Code::PermissionDenied, "NOT_ALLOWED".to_owned()));
    let export = some.request(v1::ExportAuditEventsRequest::default());
    let status = server.auditors.export_audit_events(export).await.map(|_| ()).expect_err("of some tenants only");
    assert_eq!(refused(&status), (Code::PermissionDenied, "NOT_ALLOWED".to_owned()));
}
