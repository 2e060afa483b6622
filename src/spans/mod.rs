//! OpenTelemetry spans: what a call did, and when, for a collector of traces. This module does not know other parts of
//! Usher, and no span contains a user, a session or a secret. Off unless a collector is configured; then the only cost
//! is one load of a pointer.

mod call;
mod export;
mod post;
mod traced;

use std::sync::OnceLock;

pub use opentelemetry::ContextGuard;
use opentelemetry_sdk::trace::SdkTracer;

pub use call::{CallSpan, caller_trace, propagate};
pub use export::{Sampling, Settings, Spans, StartError};
pub use post::PostSpan;
pub use traced::{Batch, TracedCommand, committed, now};

/// Tracer of this process; set when tracing is started.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();
