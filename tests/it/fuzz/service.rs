//! The services in this process, over a store in memory: from the bytes of a request to the bytes of its answer,
//! without a network.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use secrecy::SecretBox;
use tokio::runtime::Runtime;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::{Code, Status};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};
use usher::app::mount;
use usher::ledger::time::WallTime;
use usher::license::{SigningKey, Trust};
use usher::licensing::Licensing;
use usher::proto::v1::audit_service_server::AuditServiceServer;
use usher::proto::v1::directory_service_server::DirectoryServiceServer;
use usher::proto::v1::license_service_server::LicenseServiceServer;
use usher::proto::v1::notification_service_server::NotificationServiceServer;
use usher::proto::v1::seat_service_server::SeatServiceServer;
use usher::proto::v1::server_service_server::ServerServiceServer;
use usher::proto::v1::session_service_server::SessionServiceServer;
use usher::proto::v1::tenant_service_server::TenantServiceServer;
use usher::proto::v1::token_service_server::TokenServiceServer;
use usher::service::{
    AuditService, DirectoryService, LicenseService, NotificationService, SeatService, ServerService, SessionService,
    TenantService, TokenService,
};

use crate::support::callers::anyone;
use crate::support::in_process::{TestProcess, about, nodes};
use crate::support::memory::{Memory, installation};

type Boxed = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

pub struct InProcess {
    runtime: Runtime,
    services: BTreeMap<&'static str, Boxed>,
    /// Names such as `usher.v1.SeatService/CheckOut`, sorted.
    pub methods: Vec<String>,
}

impl InProcess {
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (store, wall) = (Arc::new(Memory::default()), WallTime(1_800_000_000_000));
        let process = runtime.block_on(TestProcess::start(store, installation(1), wall, 3, Default::default()));
        let key = SigningKey::from_seed(&SecretBox::new(Box::new([7; 32])));
        let trust = Trust::new([key.public().clone()]);
        let licensing = Arc::new(Licensing::new(trust, vec!["login.example.com".into()], process.now.clone()));
        let context = process.context(&licensing, &Default::default());
        let context = || Arc::clone(&context);
        let services = BTreeMap::from([
            boxed(SeatServiceServer::new(SeatService::new(context()))),
            boxed(SessionServiceServer::new(SessionService::new(context()))),
            boxed(DirectoryServiceServer::new(DirectoryService::new(context()))),
            boxed(LicenseServiceServer::new(LicenseService::new(context()))),
            boxed(NotificationServiceServer::new(NotificationService::new(context()))),
            boxed(TenantServiceServer::new(TenantService::new(context()))),
            boxed(TokenServiceServer::new(TokenService::new(context()))),
            boxed(AuditServiceServer::new(AuditService::new(context()))),
            boxed(ServerServiceServer::new(ServerService::new(about(), nodes()))),
        ]);
        let ours = |name: &String| name.starts_with("usher.v1.");
        let methods = mount::methods().all().iter().map(|method| method.name.clone()).filter(ours).collect();
        Self { runtime, services, methods }
    }

    /// Calls a method with an encoded message. Returns the answer's bytes after its first frame header; nothing for a
    /// watch, which does not end.
    pub fn call(&self, method: &str, message: &[u8]) -> Result<Bytes, Status> {
        let framed = [&[0], &(message.len() as u32).to_be_bytes()[..], message].concat();
        self.call_framed(method, framed)
    }

    /// Calls a method with a whole body, frames included.
    pub fn call_framed(&self, method: &str, body: Vec<u8>) -> Result<Bytes, Status> {
        let (service, _) = method.split_once('/').expect("a service and a method");
        let mut service = self.services[service].clone();
        let request = Request::post(format!("http://localhost/{method}")).header("content-type", "application/grpc");
        let mut request = request.body(Body::new(Full::new(Bytes::from(body)))).unwrap();
        request.extensions_mut().insert(anyone());
        self.runtime.block_on(async {
            let answer = service.ready().await.unwrap_or_else(|never| match never {}).call(request).await;
            let Ok(answer) = answer;
            if let Some(status) = Status::from_header_map(answer.headers()) {
                return if status.code() == Code::Ok { Ok(Bytes::new()) } else { Err(status) };
            }
            if method.ends_with("/WatchSessions") {
                return Ok(Bytes::new());
            }
            let body = answer.into_body().collect().await?.to_bytes();
            Ok(body.slice(body.len().min(5)..))
        })
    }
}

fn boxed<S>(service: S) -> (&'static str, Boxed)
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + NamedService,
    S: Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    (S::NAME, BoxCloneSyncService::new(service))
}

/// Asserts that an error is one that invalid bytes may cause.
pub fn check_error(what: &str, status: &Status) {
    let blames_the_caller =
        [Code::InvalidArgument, Code::NotFound, Code::AlreadyExists, Code::FailedPrecondition, Code::Aborted];
    // tonic refuses bytes that are no message, without details; the server adds them, and is not part of this fixture.
    let unreadable = status.details().is_empty();
    assert!(unreadable || blames_the_caller.contains(&status.code()), "{what}: {status:?}");
}
