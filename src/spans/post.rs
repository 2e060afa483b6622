//! The span of a request that this process makes over HTTP, and the trace context that it carries.

use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::TRACER;

/// A POST on its way.
#[derive(Debug)]
pub struct PostSpan(Context);

impl PostSpan {
    /// To a host; `None`: tracing is off.
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

    /// `traceparent` and `tracestate`, for the receiver.
    #[must_use]
    pub fn headers(&self) -> HashMap<String, String> {
        let mut headers = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0, &mut headers);
        headers.retain(|_, value| !value.is_empty());
        headers
    }

    /// `status`: what the receiver answered, if it did.
    pub fn end(self, status: Option<u16>) {
        let span = self.0.span();
        match status {
            Some(status) => span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status))),
            None => span.set_attribute(KeyValue::new("error.type", "no answer")),
        }
        if status.is_none_or(|status| status >= 400) {
            span.set_status(Status::error(""));
        }
        span.end();
    }
}
