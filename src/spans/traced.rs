//! What a traced call waits for in a shard: the queue, the batch, the commit. Their spans are made after the fact, so
//! that the writer loses no time over calls that are not traced.

use std::time::SystemTime;

use opentelemetry::trace::{Link, Span as _, SpanBuilder, Status as SpanStatus, TraceContextExt, Tracer as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::trace::{SdkTracer, Span};

use super::TRACER;

/// A command or query of a traced call on its way.
#[derive(Debug)]
pub struct TracedCommand {
    call: Context,
    /// When what it is in now began.
    since: SystemTime,
}

/// The batch that a work was in.
#[derive(Debug, Clone, Copy)]
pub struct Batch {
    pub shard: u16,
    pub commands: usize,
    pub sent: SystemTime,
    /// When its outcome was known.
    pub committed: SystemTime,
    pub failed: bool,
}

impl TracedCommand {
    /// It is submitted, and waits in the queue. `None`: nobody traces the call that this thread is in.
    #[must_use]
    pub fn queued() -> Option<Box<Self>> {
        TRACER.get()?;
        let call = Context::map_current(|call| call.span().span_context().is_sampled().then(|| call.clone()))?;
        Some(Box::new(Self { call, since: opentelemetry::time::now() }))
    }

    /// The writer has taken it from the queue.
    pub fn taken(&mut self) {
        let Some(tracer) = TRACER.get() else { return };
        let now = opentelemetry::time::now();
        start(tracer, "queue", self.since, &self.call).end_with_timestamp(now);
        self.since = now;
    }
}

/// The time, if somebody may want to know it.
#[must_use]
pub fn now() -> Option<SystemTime> {
    TRACER.get().map(|_| opentelemetry::time::now())
}

/// What became of a batch is known. Each call's commit is linked with the first one's, and that with the others, as far
/// as a span has links: all of them can be found, and nobody has as many links as there are calls.
pub fn committed(works: Vec<TracedCommand>, batch: Batch) {
    let Some(tracer) = TRACER.get() else { return };
    let mut first: Option<Span> = None;
    for work in works {
        // A query may wait for a batch that was on its way already.
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
