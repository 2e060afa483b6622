//! `grpc.health.v1.Health`: every service has the health of the process.

use std::pin::Pin;

use tokio::sync::watch;
use tokio_stream::wrappers::WatchStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::health::{NotReadyReasons, Readiness};
use crate::ledger::outcome::Refusal;

/// Answers for the names of the services, and for `""`, the process.
#[derive(Debug)]
pub struct HealthService {
    names: Vec<String>,
    reasons: watch::Receiver<NotReadyReasons>,
}

impl HealthService {
    #[must_use]
    pub fn server<'a>(names: impl Iterator<Item = &'a str>, readiness: &Readiness) -> HealthServer<Self> {
        let names = [""].into_iter().chain(names).map(str::to_owned).collect();
        HealthServer::new(Self { names, reasons: readiness.subscribe() })
    }

    fn knows(&self, name: &str) -> bool {
        self.names.iter().any(|known| known == name)
    }
}

fn answer(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into() }
}

fn status_of(reasons: NotReadyReasons) -> ServingStatus {
    if reasons.serving() { ServingStatus::Serving } else { ServingStatus::NotServing }
}

#[tonic::async_trait]
impl Health for HealthService {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        let name = &request.get_ref().service;
        if !self.knows(name) {
            return Err(Refusal::NotFound { kind: "service", id: name.clone() }.into());
        }
        Ok(Response::new(answer(status_of(*self.reasons.borrow()))))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        if !self.knows(&request.get_ref().service) {
            // The protocol requires the stream to stay open, because the service could appear later. Here none does.
            let unknown = tokio_stream::once(Ok(answer(ServingStatus::ServiceUnknown)));
            return Ok(Response::new(Box::pin(unknown.chain(tokio_stream::pending()))));
        }
        let mut last_status = None;
        let statuses = WatchStream::new(self.reasons.clone()).filter_map(move |reasons| {
            // A change of the reasons that leaves the status the same is not sent.
            let status = status_of(reasons);
            (last_status.replace(status) != Some(status)).then(|| Ok(answer(status)))
        });
        Ok(Response::new(Box::pin(statuses)))
    }
}
