//! An OTLP collector that records every byte it receives.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{TraceService, TraceServiceServer};
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

/// Nothing takes nearly as long.
const TIMEOUT: Duration = Duration::from_secs(60);

#[derive(Clone)]
struct TraceSink {
    came: Arc<Mutex<Vec<ExportTraceServiceRequest>>>,
    news: watch::Sender<usize>,
}

#[tonic::async_trait]
impl TraceService for TraceSink {
    async fn export(
        &self,
        request: Request<ExportTraceServiceRequest>,
    ) -> Result<Response<ExportTraceServiceResponse>, Status> {
        self.came.lock().unwrap().push(request.into_inner());
        self.news.send_modify(|count| *count += 1);
        Ok(Response::new(ExportTraceServiceResponse::default()))
    }
}

pub struct Collector {
    pub address: SocketAddr,
    sink: TraceSink,
    _task: AbortOnDropHandle<()>,
}

impl Collector {
    pub async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let sink = TraceSink { came: Arc::default(), news: watch::Sender::new(0) };
        let server = tonic::transport::Server::builder().add_service(TraceServiceServer::new(sink.clone()));
        let serving = async move { server.serve_with_incoming(TcpIncoming::from(listener)).await.expect("it serves") };
        Self { address, sink, _task: AbortOnDropHandle::new(tokio::spawn(serving)) }
    }

    /// Returns the environment variables that make a program export its spans here every 20 ms.
    pub fn variables(&self) -> [(&'static str, String); 2] {
        [
            ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", self.address)),
            ("OTEL_BSP_SCHEDULE_DELAY", "20".to_owned()),
        ]
    }

    /// Returns all spans so far.
    pub fn spans(&self) -> Vec<Span> {
        let came = self.sink.came.lock().unwrap();
        let scopes = came.iter().flat_map(|request| &request.resource_spans).flat_map(|of| &of.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Waits until the spans satisfy `enough`.
    pub async fn until(&self, enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let mut news = self.sink.news.subscribe();
        let waiting = async {
            loop {
                let spans = self.spans();
                if enough(&spans) {
                    return spans;
                }
                news.changed().await.expect("it is open");
            }
        };
        let came = tokio::time::timeout(TIMEOUT, waiting).await;
        came.unwrap_or_else(|_| panic!("it never came: {:#?}", self.spans()))
    }

    /// Returns the resource attributes of the sender.
    pub fn resource(&self) -> BTreeMap<String, String> {
        let came = self.sink.came.lock().unwrap();
        let resource = came[0].resource_spans[0].resource.clone().expect("a resource");
        attributes(&resource.attributes)
    }

    /// Returns everything that was received, as bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.sink.came.lock().unwrap().iter().flat_map(Message::encode_to_vec).collect()
    }
}

/// Returns attributes as text.
pub fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Option<AnyValue>| match value.as_ref().and_then(|value| value.value.clone()) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    };
    all.iter().map(|pair| (pair.key.clone(), text(&pair.value))).collect()
}

pub fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
