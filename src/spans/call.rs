//! The span of a call, and its parent: the W3C trace context in the headers.

use std::net::SocketAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{Span as _, SpanBuilder, SpanKind, Status as SpanStatus, TraceContextExt, Tracer as _};
use opentelemetry::{Context, ContextGuard, KeyValue, TraceId};
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::TRACER;

/// A traced call, from its headers to the end of its response.
#[derive(Debug)]
pub struct CallSpan(Box<Context>);

impl CallSpan {
    /// Begins the span. `None`: tracing is off, or this call is not sampled. `method`: such as
    /// `usher.v1.SeatService/CheckOut`.
    pub fn begin(method: &str, headers: &HeaderMap, peer: SocketAddr) -> Option<Self> {
        let tracer = TRACER.get()?;
        // All other attributes are set only for sampled calls.
        let builder = SpanBuilder::from_name("call").with_kind(SpanKind::Server);
        let mut span = tracer.build_with_context(builder, &caller(headers));
        if !span.span_context().is_sampled() {
            return None;
        }
        span.update_name(method.to_owned());
        let (service, name) = method.split_once('/').unwrap_or(("", method));
        span.set_attributes([
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", service.to_owned()),
            KeyValue::new("rpc.method", name.to_owned()),
            KeyValue::new("network.peer.address", peer.ip().to_string()),
            KeyValue::new("network.peer.port", i64::from(peer.port())),
        ]);
        Some(Self(Box::new(Context::new().with_span(span))))
    }

    /// Until the guard is dropped, spans that begin on this thread belong to the call.
    #[must_use]
    pub fn enter(&self) -> ContextGuard {
        (*self.0).clone().attach()
    }

    /// Trace id in hexadecimal, for the log.
    #[must_use]
    pub fn trace_id(&self) -> String {
        self.0.span().span_context().trace_id().to_string()
    }

    /// Ends the span. `code`: the number of the gRPC status.
    pub fn end(&self, code: i32) {
        let span = self.0.span();
        span.set_attribute(KeyValue::new("rpc.grpc.status_code", i64::from(code)));
        if is_servers_fault(code) {
            span.set_status(SpanStatus::error(""));
        }
        span.end();
    }
}

/// By the RPC conventions for servers, other codes are errors of the caller.
fn is_servers_fault(code: i32) -> bool {
    /// UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS.
    const FAULTS: [i32; 6] = [2, 4, 12, 13, 14, 15];
    FAULTS.contains(&code)
}

/// Trace id that the caller sent, for the log.
#[must_use]
pub fn caller_trace(headers: &HeaderMap) -> Option<String> {
    let trace = caller(headers).span().span_context().trace_id();
    (trace != TraceId::INVALID).then(|| trace.to_string())
}

/// Trace context that the caller sent; empty if there is none, or it is malformed.
fn caller(headers: &HeaderMap) -> Context {
    /// `00-` and a trace id, a span id and flags in hexadecimal.
    const MIN_BYTES: usize = 55;
    match headers.get("traceparent") {
        Some(parent) if parent.len() >= MIN_BYTES => {
            TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers))
        }
        _ => Context::new(),
    }
}

/// Makes the span of the call that this thread works for the parent in these headers. Without such a span, they stay as
/// they are: the caller's own trace goes on.
pub fn propagate(headers: &mut HeaderMap) {
    if Context::current().span().span_context().is_valid() {
        TraceContextPropagator::new().inject(&mut ForwardedHeaders(headers));
    }
}

struct ForwardedHeaders<'a>(&'a mut HeaderMap);

impl Injector for ForwardedHeaders<'_> {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` replaces the caller's, too: it belongs to the parent.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_context_is_read_and_nonsense_is_none() {
        let trace = "0af7651916cd43dd8448eb211c80319c";
        for (header, expected) in [
            (format!("00-{trace}-b7ad6b7169203331-01"), Some(trace)),
            (format!("00-{trace}-b7ad6b7169203331-00"), Some(trace)),
            (format!("cc-{trace}-b7ad6b7169203331-01-what-will-be"), Some(trace)),
            (format!("00-{trace}-b7ad6b7169203331-01-more"), None),
            (format!("ff-{trace}-b7ad6b7169203331-01"), None),
            (format!("00-{}-b7ad6b7169203331-01", trace.to_uppercase()), None),
            (format!("00-{trace}-0000000000000000-01"), None),
            (format!("00-{}-b7ad6b7169203331-01", "0".repeat(32)), None),
            (format!("00-{trace}-b7ad6b716920333-01"), None),
            ("00-1-1-01".into(), None),
            (String::new(), None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("traceparent", header.parse().unwrap());
            assert_eq!(caller_trace(&headers).as_deref(), expected, "{header}");
        }
        assert_eq!(caller_trace(&HeaderMap::new()), None);
    }

    #[test]
    fn the_span_of_the_call_is_the_parent_in_forwarded_headers() {
        use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceState};
        let sent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", sent.parse().unwrap());
        propagate(&mut headers);
        assert_eq!(headers["traceparent"], sent, "no span: the caller's stays");

        let trace = TraceId::from(0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        let own = SpanContext::new(trace, SpanId::from(1), TraceFlags::SAMPLED, false, TraceState::default());
        let _entered = Context::new().with_remote_span_context(own).attach();
        propagate(&mut headers);
        assert_eq!(headers["traceparent"], "00-0af7651916cd43dd8448eb211c80319c-0000000000000001-01");
    }

    #[test]
    fn nothing_is_traced_while_it_is_off() {
        let mut headers = HeaderMap::new();
        headers.insert("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".parse().unwrap());
        assert!(CallSpan::begin("a.B/C", &headers, "127.0.0.1:1".parse().unwrap()).is_none());
    }
}
