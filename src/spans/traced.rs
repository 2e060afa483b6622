//! Phases of a traced call in a shard: queue, batch and commit. Their spans are made afterward, so that the writer
//! loses no time over calls that are not traced.

use std::time::SystemTime;

use opentelemetry::trace::{Link, Span as _, SpanBuilder, Status as SpanStatus, TraceContextExt, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::TRACER;

/// A command or query of a traced call, while it is in progress.
#[derive(Debug)]
pub struct TracedCommand {
    call: Context,
    /// Time at which its present phase began.
    since: SystemTime,
}

/// The batch that a command or query was in.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    pub shard: u16,
    pub commands: usize,
    pub sent: SystemTime,
    /// Time at which the outcome was known.
    pub committed: SystemTime,
    pub failed: bool,
}

impl TracedCommand {
    /// Begins the phase in the queue. `None`: the current call of this thread is not traced.
    #[must_use]
    pub fn queued() -> Option<Box<Self>> {
        TRACER.get()?;
        let call = Context::map_current(|call| call.span().span_context().is_sampled().then(|| call.clone()))?;
        Some(Box::new(Self { call, since: opentelemetry::time::now() }))
    }

    /// Ends the phase in the queue: the writer has taken the command or query.
    pub fn taken(&mut self) {
        let Some(tracer) = TRACER.get() else { return };
        let now = opentelemetry::time::now();
        start(tracer, "queue", self.since, &self.call).end_with_timestamp(now);
        self.since = now;
    }
}

/// The time, if tracing is on.
#[must_use]
pub fn now() -> Option<SystemTime> {
    TRACER.get().map(|_| opentelemetry::time::now())
}

/// Makes the spans of a batch whose outcome is known. The commit of each call is linked with that of the first call,
/// which has links to the others, up to the limit of links of a span. So all calls of the batch can be found without a
/// link between each pair of calls.
pub fn committed(works: Vec<TracedCommand>, batch: Batch) {
    let Some(tracer) = TRACER.get() else { return };
    let mut first: Option<Span> = None;
    for work in works {
        // A query may wait for a batch that was being committed already.
        if work.since < batch.sent {
            let waited = start(tracer, "batch", work.since, &work.call);
            finish(waited, Batch { failed: false, ..batch }, batch.sent);
        }
        let mut builder = SpanBuilder::from_name("commit").with_start_time(work.since.max(batch.sent));
        if let Some(first) = &first {
            builder = builder.with_links(vec![Link::with_context(first.span_context().clone())]);
        }
        let commit = tracer.build_with_context(builder, &work.call);
        match &mut first {
            None => first = Some(commit),
            Some(first) => {
                first.add_link(commit.span_context().clone(), Vec::new());
                finish(commit, batch, batch.committed);
            }
        }
    }
    if let Some(first) = first {
        finish(first, batch, batch.committed);
    }
}

fn start(tracer: &SdkTracer, name: &'static str, at: SystemTime, call: &Context) -> Span {
    tracer.build_with_context(SpanBuilder::from_name(name).with_start_time(at), call)
}

fn finish(mut span: Span, batch: Batch, at: SystemTime) {
    span.set_attributes([
        KeyValue::new("usher.shard", i64::from(batch.shard)),
        KeyValue::new("usher.batch.commands", i64::try_from(batch.commands).unwrap_or(i64::MAX)),
    ]);
    if batch.failed {
        span.set_status(SpanStatus::error(""));
    }
    span.end_with_timestamp(at);
}
