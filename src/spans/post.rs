//! The span of an HTTP request that this process sends, and the trace context in its headers.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status as SpanStatus, TraceContextExt, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::TRACER;

/// A POST request in progress.
#[derive(Debug)]
pub struct PostSpan(Context);

impl PostSpan {
    /// Begins the span of a request to a host. `None`: tracing is off.
    #[must_use]
    pub fn begin(host: &str) -> Option<Self> {
        let tracer = TRACER.get()?;
        let builder = SpanBuilder::from_name("POST").with_kind(SpanKind::Client).with_attributes([
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("server.address", host.to_owned()),
        ]);
        let parent = Context::current();
        Some(Self(parent.with_span(tracer.build_with_context(builder, &parent))))
    }

    /// The headers `traceparent` and `tracestate`, for the receiver.
    #[must_use]
    pub fn headers(&self) -> HashMap<String, String> {
        let mut headers = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0, &mut headers);
        headers.retain(|_, value| !value.is_empty());
        headers
    }

    /// Ends the span. `status`: the HTTP status of the answer, if there was one.
    pub fn end(self, status: Option<u16>) {
        let span = self.0.span();
        match status {
            Some(status) => span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status))),
            None => span.set_attribute(KeyValue::new("error.type", "no answer")),
        }
        if status.is_none_or(|status| status >= 400) {
            span.set_status(SpanStatus::error(""));
        }
        span.end();
    }
}
