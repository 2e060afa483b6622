//! Cost of traces: the same calls with tracing off, with one trace in a hundred, and with all traces, exported to a
//! sink in this process.

use std::net::SocketAddr;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::host::Host;
use crate::report::Figure;
use crate::rounds::{Extent, TENANTS, Target, ratios};
use crate::seed;
use crate::support::program::Data;

/// A collector that drops every span.
struct Sink;

#[tonic::async_trait]
impl TraceService for Sink {
    async fn export(
        &self,
        _: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

async fn sink() -> SocketAddr {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(Sink));
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

/// Returns the throughput with tracing, divided by that without in the same round, measured in turn on the embedded
/// store.
pub async fn figures(extent: Extent) -> Vec<Figure> {
    let endpoint = format!("http://{}", sink().await);
    let sampled = |ratio| {
        vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", ratio),
        ]
    };
    let variables = [Vec::new(), sampled("0.01"), sampled("1")];
    let (mut targets, mut folders) = (Vec::new(), Vec::new());
    for variables in &variables {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = Data::Folder(folder.path());
        seed::tenants(&data, TENANTS).await;
        targets.push(Target::new("SQLite", Host::usher_with(&data, &[], variables), extent.callers).await);
        folders.push(folder);
    }
    let heartbeats = ["heartbeat, 1 % traced ÷ off", "heartbeat, all traced ÷ off"];
    let churn = ["CheckOut + CheckIn, 1 % traced ÷ off", "CheckOut + CheckIn, all traced ÷ off"];
    ratios(targets, extent, [&heartbeats, &churn]).await
}
