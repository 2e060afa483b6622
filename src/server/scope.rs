//! Log span and trace span of a call. Calls of hot methods have neither unless they are enabled.

use std::net::SocketAddr;
use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tonic::Code;
use tracing::Level;

use super::codes::CODES;
use super::methods::Method;
use crate::ids::random_seed;
use crate::spans::{CallSpan, ContextGuard, caller_trace};

const REQUEST_ID: &str = "x-request-id";
/// Maximum length of a request id from a caller; a longer one is replaced.
const MAX_REQUEST_ID_BYTES: usize = 128;

/// Made for every call; every field is `None` for a call that is neither logged nor traced.
#[derive(Debug)]
pub(super) struct Scope {
    /// The span that every log line of the call belongs to.
    log: tracing::Span,
    /// Request id for a log line about a call without such a span.
    request_id: Option<HeaderValue>,
    trace: Option<CallSpan>,
}

/// While it exists, log lines and spans of this thread belong to the call.
pub(super) struct Entered<'a> {
    _log: Option<tracing::span::Entered<'a>>,
    _trace: Option<ContextGuard>,
}

impl Default for Scope {
    fn default() -> Self {
        Self { log: tracing::Span::none(), request_id: None, trace: None }
    }
}

impl Scope {
    /// Begins the scope of a call. Calls of hot methods get a log span only if `usher::call` or `usher::decisions` is
    /// logged at debug.
    pub fn open(method: &Method, headers: &HeaderMap, peer: SocketAddr) -> Self {
        let mut scope = Self {
            request_id: headers.get(REQUEST_ID).filter(|id| is_fit(id)).cloned(),
            trace: CallSpan::begin(&method.name, headers, peer),
            ..Self::default()
        };
        let heard = || {
            tracing::enabled!(target: "usher::call", Level::DEBUG)
                || tracing::enabled!(target: "usher::decisions", Level::DEBUG)
        };
        if !method.hot || heard() {
            let trace = scope.trace.as_ref().map(CallSpan::trace_id).or_else(|| caller_trace(headers));
            scope.log = scope.line(&method.name, trace.as_deref());
        }
        scope
    }

    /// Makes the span for the call's log lines. Its level is enabled unless logging is `off`.
    fn line(&self, method: &str, trace_id: Option<&str>) -> tracing::Span {
        let given = self.request_id.as_ref().and_then(|id| id.to_str().ok());
        let request_id = given.map_or_else(|| format!("{:016x}", random_seed()), str::to_owned);
        tracing::error_span!(target: "usher::call", "call", method, request_id, trace_id)
    }

    /// Enters the scope on this thread.
    pub fn enter(&self) -> Entered<'_> {
        Entered {
            _log: (!self.log.is_none()).then(|| self.log.enter()),
            _trace: self.trace.as_ref().map(CallSpan::enter),
        }
    }

    /// Ends the call, however it ended.
    pub fn end(&self, method: &str, code: Code, took: Duration) {
        if let Some(trace) = &self.trace {
            trace.end(code as i32);
        }
        if code == Code::Internal {
            let trace = self.trace.as_ref().map(CallSpan::trace_id);
            let log = if self.log.is_none() { &self.line(method, trace.as_deref()) } else { &self.log };
            log.in_scope(|| tracing::error!(target: "usher::call", "the call failed"));
        } else if !self.log.is_none() {
            let code = CODES[code as usize];
            self.log.in_scope(|| tracing::debug!(target: "usher::call", code, ?took, "answered"));
        }
    }
}

/// True for an id that can be logged: visible ASCII, not too long.
fn is_fit(id: &HeaderValue) -> bool {
    (1..=MAX_REQUEST_ID_BYTES).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Default)]
    struct Buffer(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

    impl std::io::Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// A call of a hot method that failed, while logging was not enabled when it began.
    #[test]
    fn a_call_that_fails_is_named_with_its_id() {
        let paper = Buffer::default();
        let written = paper.clone();
        let lines = tracing_subscriber::fmt().with_ansi(false).with_writer(move || paper.clone()).finish();
        tracing::subscriber::with_default(lines, || {
            let scope = Scope { request_id: Some(HeaderValue::from_static("r-1")), ..Scope::default() };
            scope.end("usher.v1.SeatService/Heartbeat", Code::Ok, Duration::ZERO);
            scope.end("usher.v1.SeatService/Heartbeat", Code::Internal, Duration::ZERO);
        });
        let line = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert_eq!(line.lines().count(), 1, "{line}");
        for part in ["ERROR", "method=\"usher.v1.SeatService/Heartbeat\"", "request_id=\"r-1\"", "the call failed"] {
            assert!(line.contains(part), "no {part} in {line}");
        }
    }

    #[test]
    fn a_request_id_is_taken_if_it_can_be_logged() {
        for (text, fit) in
            [("a", true), ("6f-2/c:\"", true), ("", false), ("a b", false), ("\u{e4}", false), ("\t", false)]
        {
            assert_eq!(HeaderValue::from_str(text).is_ok_and(|id| is_fit(&id)), fit, "{text:?}");
        }
        let long = HeaderValue::from_str(&"a".repeat(MAX_REQUEST_ID_BYTES)).unwrap();
        let longer = HeaderValue::from_str(&"a".repeat(MAX_REQUEST_ID_BYTES + 1)).unwrap();
        assert_eq!((is_fit(&long), is_fit(&longer)), (true, false));
    }
}
