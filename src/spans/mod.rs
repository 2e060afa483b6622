//! Spans of OpenTelemetry: what a call did, and when, for whoever collects traces. Knows nothing of what it is told
//! about, and holds no user, session or secret. Off unless a collector is named; then nothing is asked or allocated for
//! it but one load of a pointer.

mod call;
mod export;
mod post;
mod traced;

use std::sync::OnceLock;

pub use opentelemetry::ContextGuard;
use opentelemetry_sdk::trace::SdkTracer;

pub use call::{CallSpan, caller_trace};
pub use export::{Sampling, Settings, Spans, StartError};
pub use post::PostSpan;
pub use traced::{Batch, TracedCommand, committed, now};

/// Of this process, once it is on.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();
