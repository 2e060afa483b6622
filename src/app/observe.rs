//! Connects the metrics with what they show.

use std::sync::Arc;

use crate::health::Readiness;
use crate::journal::Journal;
use crate::server::Stats;
use crate::service::ServiceContext;
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;

/// Registers the metrics of calls, decisions, the journal and the tasks.
pub(super) fn observe(
    metrics: &Metrics,
    readiness: &Arc<Readiness>,
    stats: &Arc<Stats>,
    context: &Arc<ServiceContext>,
    journal: &Arc<Journal>,
    tasks: &Arc<Tasks>,
) {
    let readiness = Arc::clone(readiness);
    metrics.observe_ready(move || readiness.now().serving());
    metrics.observe_server(stats);
    let context = Arc::clone(context);
    metrics.observe_decisions(move || context.decisions.counts().collect());
    metrics.observe_journal(journal);
    let tasks = Arc::clone(tasks);
    metrics.observe_tasks(move || tasks.status());
}
