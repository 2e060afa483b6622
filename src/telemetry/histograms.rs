//! The shards' histograms as Prometheus shows them. They are counted already, bucket by bucket, which is nothing
//! that OpenTelemetry can observe; so they go to the registry directly.

use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Histogram, Metric as Shown, MetricFamily, MetricType};

use super::metrics::Metric;
use crate::journal;

/// Adds the histograms of all shards up.
pub(super) struct Histograms {
    shards: Vec<Arc<journal::Stats>>,
    batch: Desc,
    commit: Desc,
}

impl Histograms {
    pub fn new(shards: Vec<Arc<journal::Stats>>, batch: &Metric, commit: &Metric) -> Self {
        Self { shards, batch: desc(batch), commit: desc(commit) }
    }
}

fn desc(metric: &Metric) -> Desc {
    Desc::new(metric.name.into(), metric.meaning.into(), Vec::new(), Default::default()).expect("a name and a meaning")
}

impl Collector for Histograms {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.batch, &self.commit]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let batches = self.shards.iter().map(|shard| &shard.batch_commands);
        let commits = self.shards.iter().map(|shard| &shard.commit_micros);
        vec![family(&self.batch, added(batches, 1.0)), family(&self.commit, added(commits, 1e6))]
    }
}

/// The histograms of several shards in one. `per`: how many of their units are one of the metric.
fn added<'a, const N: usize>(histograms: impl Iterator<Item = &'a journal::Histogram<N>>, per: f64) -> Histogram {
    let (mut bounds, mut below, mut all, mut sum) = ([0; N], [0; N], 0, 0);
    for histogram in histograms {
        let (cumulated, count) = histogram.cumulated();
        bounds = histogram.bounds;
        below.iter_mut().zip(cumulated).for_each(|(below, more)| *below += more);
        all += count;
        sum += histogram.sum();
    }
    let mut shown = Histogram::default();
    shown.set_sample_count(all);
    shown.set_sample_sum(sum as f64 / per);
    let bucket = |(bound, below): (u64, u64)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound as f64 / per);
        bucket.set_cumulative_count(below);
        bucket
    };
    shown.set_bucket(bounds.into_iter().zip(below).map(bucket).collect());
    shown
}

fn family(desc: &Desc, histogram: Histogram) -> MetricFamily {
    let mut shown = Shown::default();
    shown.set_histogram(histogram);
    let mut family = MetricFamily::default();
    family.set_name(desc.fq_name.clone());
    family.set_help(desc.help.clone());
    family.set_field_type(MetricType::HISTOGRAM);
    family.set_metric(vec![shown]);
    family
}
