//! Export to a collector: OTLP over gRPC, in batches, from a thread of its own. A call only puts its spans into a
//! queue; if the queue is full, the spans are dropped.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Key, KeyValue};
use opentelemetry_otlp::{WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter};
use tonic::transport::ClientTlsConfig;

use super::TRACER;

/// Endpoint and sampling. OpenTelemetry's other environment variables are read by its library.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Such as `http://127.0.0.1:4317`.
    pub endpoint: String,
    pub sampling: Sampling,
}

/// Share of the traces that are sampled; a trace is sampled with all its spans or not at all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// The caller's sampling decision applies, if it made one.
    pub parent: bool,
    /// From 0 to 1.
    pub ratio: f64,
}

/// Reason why tracing could not be started.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent: {0}")]
pub struct StartError(#[from] opentelemetry_otlp::ExporterBuildError);

/// Tracing, while it is on.
#[derive(Debug)]
pub struct Spans {
    provider: SdkTracerProvider,
}

impl Spans {
    /// Starts tracing. Connects when there is something to send. Needs a runtime.
    ///
    /// # Errors
    /// [`StartError`]: the endpoint, or another setting of OpenTelemetry, is invalid.
    pub fn start(settings: &Settings) -> Result<Self, StartError> {
        let mut exporter =
            opentelemetry_otlp::SpanExporter::builder().with_tonic().with_endpoint(settings.endpoint.clone());
        if settings.endpoint.starts_with("https:") {
            exporter = exporter.with_tls_config(ClientTlsConfig::new().with_enabled_roots());
        }
        let exporter = ReportingExporter { exporter: exporter.build()?, away: AtomicBool::new(false) };
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler(settings.sampling))
            .with_resource(resource())
            .build();
        let _ = TRACER.set(provider.tracer("usher"));
        let Sampling { parent, ratio } = settings.sampling;
        tracing::info!(endpoint = settings.endpoint, ratio, parent, "calls are traced");
        Ok(Self { provider })
    }

    /// Sends the remaining spans, for at most `wait`. Blocks.
    pub fn stop(self, wait: Duration) {
        if let Err(error) = self.provider.shutdown_with_timeout(wait) {
            tracing::warn!(%error, "the last spans were not exported");
        }
    }
}

fn sampler(sampling: Sampling) -> Sampler {
    let own = match sampling.ratio {
        ratio if ratio >= 1.0 => Sampler::AlwaysOn,
        ratio if ratio <= 0.0 => Sampler::AlwaysOff,
        ratio => Sampler::TraceIdRatioBased(ratio),
    };
    if sampling.parent { Sampler::ParentBased(Box::new(own)) } else { own }
}

/// Resource from `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`; the default name is `usher`.
fn resource() -> Resource {
    let found = Resource::builder().build();
    let name = found.get(&Key::from_static_str("service.name")).map(|name| name.to_string());
    let named = name.is_some_and(|name| !name.starts_with("unknown_service"));
    let mut resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if !named {
        resource = resource.with_service_name("usher");
    }
    resource.build()
}

/// Logs once that the collector is unavailable, and once that it is back. Only traces are affected.
#[derive(Debug)]
struct ReportingExporter {
    exporter: opentelemetry_otlp::SpanExporter,
    away: AtomicBool,
}

impl SpanExporter for ReportingExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.exporter.export(batch).await;
        match &sent {
            Ok(()) if self.away.swap(false, Ordering::Relaxed) => tracing::info!("the collector accepts traces again"),
            Ok(()) => {}
            Err(error) if self.away.swap(true, Ordering::Relaxed) => {
                tracing::debug!(%error, spans, "the collector does not accept traces yet");
            }
            Err(error) => {
                tracing::warn!(%error, spans, "the collector does not accept traces; spans are dropped until it does");
            }
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}
