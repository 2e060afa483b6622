//! Sources of the metrics. Each module counts in plain atomics of its own; they are read here on each scrape of
//! `/metrics`.

mod cluster;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use opentelemetry::metrics::{AsyncInstrument, Meter, MeterProvider};
use opentelemetry::{Key, KeyValue};
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::{Encoder, Registry, TextEncoder};
use tokio::sync::watch;

use super::histograms::{CallTimes, Histograms};
use super::table::{Kind, Metric, metric};
use crate::journal::{self, Journal, ShardState};
use crate::ledger::change::Limit;
use crate::ledger::{PoolUsageEntry, Totals};
use crate::server;
use crate::tasks::TaskView;

/// Reports a number: its value, and the values of the metric's labels in their order.
type Report<'a> = &'a mut dyn FnMut(u64, &[&str]);

/// The metrics of this process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    provider: SdkMeterProvider,
    meter: Meter,
    /// Totals as of the last scrape, for which the shards have to be queried.
    totals: Arc<Mutex<(Totals, Vec<PoolUsageEntry>)>>,
}

impl Metrics {
    /// # Panics
    /// Never: a fresh registry accepts one exporter.
    #[must_use]
    pub fn start() -> Self {
        let registry = Registry::new();
        // Names must be exactly those of the table.
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_units()
            .without_counter_suffixes()
            .without_target_info()
            .scope_info_enabled(false)
            .build()
            .expect("a fresh registry takes one exporter");
        let provider = SdkMeterProvider::builder().with_reader(exporter).build();
        let meter = provider.meter("usher");
        let metrics = Self { registry, provider, meter, totals: Arc::default() };
        metrics.observe("usher_build_info", |report| report(1, &[env!("CARGO_PKG_VERSION"), env!("USHER_COMMIT")]));
        metrics
    }

    /// Registers the metric of whether the process is ready.
    pub fn observe_ready(&self, ready: impl Fn() -> bool + Send + Sync + 'static) {
        self.observe("usher_ready", move |report| report(u64::from(ready()), &[]));
    }

    /// Registers the metrics of the gRPC server.
    ///
    /// # Panics
    /// If called twice.
    pub fn observe_server(&self, stats: &Arc<server::Stats>) {
        let one = |name: &str, read: fn(&server::Stats) -> u64| {
            let stats = Arc::clone(stats);
            self.observe(name, move |report| report(read(&stats), &[]));
        };
        one("usher_calls_in_flight", server::Stats::calls_now);
        one("usher_panics_total", server::Stats::panics);
        one("usher_connections", server::Stats::connections_now);
        one("usher_connections_refused_total", server::Stats::connections_refused);
        one("usher_tls_handshakes_failed_total", server::Stats::handshakes_failed);
        let times = CallTimes::new(Arc::clone(stats), metric("usher_call_seconds"));
        self.registry.register(Box::new(times)).expect("registered once");
        let stats = Arc::clone(stats);
        self.observe("usher_calls_total", move |report| {
            stats.calls().for_each(|(method, code, count)| report(count, &[method, code]))
        });
    }

    /// Registers the number of refused calls, by reason.
    pub fn observe_refusals(&self, refusals: impl Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static) {
        self.observe("usher_authentication_failures_total", move |report| {
            refusals().into_iter().for_each(|(reason, count)| report(count, &[reason]));
        });
    }

    /// Registers the number of failed attempts to read keys of the identity provider.
    pub fn observe_keys(&self, failures: impl Fn() -> u64 + Send + Sync + 'static) {
        self.observe("usher_oidc_key_failures_total", move |report| report(failures(), &[]));
    }

    /// Registers the number of decisions, by name.
    pub fn observe_decisions<D>(&self, decisions: D)
    where
        D: Fn() -> Vec<(&'static str, u64)> + Send + Sync + 'static,
    {
        self.observe("usher_decisions_total", move |report| {
            decisions().into_iter().for_each(|(name, count)| report(count, &[name]))
        });
    }

    /// Registers the metrics of the shards.
    ///
    /// # Panics
    /// If called twice.
    pub fn observe_journal(&self, journal: &Arc<Journal>) {
        let queue = Arc::clone(journal);
        self.observe_queue(move || queue.queue_depth());
        self.observe_states(journal.states());
        self.observe_shards(&journal.stats());
        self.observe_totals();
    }

    fn observe_queue(&self, depth: impl Fn() -> usize + Send + Sync + 'static) {
        self.observe("usher_queue_commands", move |report| report(depth() as u64, &[]));
    }

    fn observe_states(&self, shards: Vec<watch::Receiver<ShardState>>) {
        self.observe("usher_shard_state", move |report| {
            for (shard, state) in shards.iter().enumerate() {
                let (shard, now) = (shard.to_string(), *state.borrow());
                ShardState::ALL.iter().for_each(|(state, name)| report(u64::from(now == *state), &[&shard, name]));
            }
        });
    }

    fn observe_shards(&self, shards: &[Arc<journal::Stats>]) {
        let sum = |name: &str, read: fn(&journal::Stats) -> &AtomicU64| {
            let shards = shards.to_vec();
            self.observe(name, move |report| {
                report(shards.iter().map(|shard| read(shard).load(Ordering::Relaxed)).sum(), &[]);
            });
        };
        sum("usher_commands_total", |shard| &shard.commands);
        sum("usher_queries_total", |shard| &shard.queries);
        sum("usher_recoveries_total", |shard| &shard.recoveries);
        sum("usher_store_refusals_total", |shard| &shard.refusals);
        sum("usher_denials_dropped_total", |shard| &shard.denials_dropped);
        sum("usher_reloads_total", |shard| &shard.reloads);
        sum("usher_audit_events_expired_total", |shard| &shard.audit_expired);
        let clocks = shards.to_vec();
        self.observe("usher_clock_behind_seconds", move |report| {
            let behind = clocks.iter().map(|shard| shard.clock_behind_ms.load(Ordering::Relaxed)).max();
            report(behind.unwrap_or(0).div_ceil(1000), &[]);
        });
        let [batch, commit, step] =
            ["usher_batch_commands", "usher_commit_seconds", "usher_writer_step_seconds"].map(metric);
        let histograms = Histograms::new(shards.to_vec(), batch, commit, step);
        self.registry.register(Box::new(histograms)).expect("registered once");
    }

    fn observe_totals(&self) {
        let one = |name: &str, read: fn(&Totals) -> u64| {
            let totals = Arc::clone(&self.totals);
            self.observe(name, move |report| {
                report(read(&totals.lock().unwrap_or_else(PoisonError::into_inner).0), &[]);
            });
        };
        one("usher_tenants", |totals| totals.tenants);
        one("usher_licenses_expiring", |totals| totals.licenses_expiring);
        one("usher_users", |totals| totals.users);
        one("usher_sessions", |totals| totals.sessions);
        one("usher_seats_in_use", |totals| totals.seats_in_use);
        one("usher_seats_limit", |totals| totals.seats_limit);
        one("usher_notifications_pending", |totals| totals.deliveries_pending);
        one("usher_notifications_oldest_pending_seconds", |totals| totals.deliveries_oldest);
        one("usher_notifications_dead", |totals| totals.deliveries_dead);
        let totals = Arc::clone(&self.totals);
        self.observe("usher_pools_nearly_full", move |report| {
            let (totals, _) = &*totals.lock().unwrap_or_else(PoisonError::into_inner);
            report(totals.pools_nearly_full, &["90"]);
            report(totals.pools_full, &["100"]);
        });
        self.observe_busiest("usher_tenant_seats_in_use", |pool| Some(pool.in_use));
        self.observe_busiest("usher_tenant_seats_limit", |pool| match pool.limit {
            Limit::Seats(seats) => Some(seats),
            Limit::Unlimited => None,
        });
    }

    fn observe_busiest(&self, name: &str, read: fn(&PoolUsageEntry) -> Option<u64>) {
        let totals = Arc::clone(&self.totals);
        self.observe(name, move |report| {
            let (_, busiest) = &*totals.lock().unwrap_or_else(PoisonError::into_inner);
            for pool in busiest {
                if let Some(number) = read(pool) {
                    report(number, &[pool.tenant.as_str(), pool.pool.as_str()]);
                }
            }
        });
    }

    /// Registers the number of delivery attempts, by channel and result.
    pub fn observe_deliveries(
        &self,
        counts: impl Fn() -> Vec<(&'static str, &'static str, u64)> + Send + Sync + 'static,
    ) {
        self.observe("usher_notifications_total", move |report| {
            counts().into_iter().for_each(|(channel, result, count)| report(count, &[channel, result]));
        });
    }

    /// Sets the totals over all tenants, and the pools that are shown by name.
    pub fn set_totals(&self, totals: Totals, busiest: Vec<PoolUsageEntry>) {
        *self.totals.lock().unwrap_or_else(PoisonError::into_inner) = (totals, busiest);
    }

    /// Registers the metrics of background tasks.
    pub fn observe_tasks(&self, tasks: impl Fn() -> Vec<TaskView> + Clone + Send + Sync + 'static) {
        let count = |read: fn(&TaskView) -> u64| {
            let tasks = tasks.clone();
            move |report: Report| tasks().iter().for_each(|task| report(read(task), &[task.name]))
        };
        self.observe("usher_task_runs_total", count(|task| task.runs));
        self.observe("usher_task_panics_total", count(|task| task.panics));
    }

    /// Registers a callback that reports a metric's numbers on each scrape.
    fn observe(&self, name: &str, read: impl Fn(Report) + Send + Sync + 'static) {
        let metric = metric(name);
        let callback = move |observer: &dyn AsyncInstrument<u64>| {
            read(&mut |value, labels| observer.observe(value, &attributes(metric, labels)));
        };
        match metric.kind {
            Kind::Counter => {
                let counter = self.meter.u64_observable_counter(metric.name).with_description(metric.meaning);
                let _ = counter.with_callback(callback).build();
            }
            Kind::Gauge => {
                let gauge = self.meter.u64_observable_gauge(metric.name).with_description(metric.meaning);
                let _ = gauge.with_callback(callback).build();
            }
            Kind::Histogram => unreachable!("{} is recorded, not observed", metric.name),
        }
    }

    /// The metrics in Prometheus' text format.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut text = Vec::new();
        if let Err(error) = TextEncoder::new().encode(&self.registry.gather(), &mut text) {
            tracing::error!(%error, "the metrics cannot be written");
        }
        text
    }

    /// Ends the metrics. Must be called last: nothing reads the metrics afterward.
    pub fn stop(&self) {
        if let Err(error) = self.provider.shutdown() {
            tracing::debug!(%error, "the metrics did not shut down");
        }
    }
}

fn attributes(metric: &'static Metric, labels: &[&str]) -> Vec<KeyValue> {
    debug_assert_eq!(labels.len(), metric.labels.len(), "{}", metric.name);
    let pairs = metric.labels.iter().zip(labels);
    pairs.map(|(name, value)| KeyValue::new(Key::from_static_str(name), (*value).to_owned())).collect()
}

#[cfg(test)]
mod tests;
