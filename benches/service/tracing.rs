//! What traces cost: the same calls with tracing off, with one trace in a hundred, and with all of them, sent to a sink
//! in this process.

use std::net::SocketAddr;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::host::Host;
use crate::report::{Bounds, Figure};
use crate::rounds::{Extent, Kind, TENANTS, Target, median};
use crate::seed;
use crate::support::program::Data;

/// Takes every span, and forgets it.
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

/// Throughput with tracing on, divided by that without, in the same round: measured in turn on the embedded store.
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
    let mut figures = Vec::new();
    for (kind, names) in [
        (Kind::Heartbeat, ["heartbeat, 1 % traced ÷ off", "heartbeat, all traced ÷ off"]),
        (Kind::Churn, ["CheckOut + CheckIn, 1 % traced ÷ off", "CheckOut + CheckIn, all traced ÷ off"]),
    ] {
        let mut ratios = [Vec::new(), Vec::new()];
        for _ in 0..extent.rounds {
            let off = targets[0].sample(kind, extent.span).await.per_second;
            for (target, ratios) in targets[1..].iter().zip(&mut ratios) {
                ratios.push(target.sample(kind, extent.span).await.per_second / off);
            }
        }
        figures.extend(names.into_iter().zip(ratios).map(|(name, ratios)| Figure {
            name,
            value: median(ratios.into_iter()),
            unit: "",
            bounds: Bounds::None,
        }));
    }
    targets.into_iter().for_each(|target| target.host.end());
    figures
}
