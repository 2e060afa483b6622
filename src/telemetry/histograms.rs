//! Histograms for Prometheus. They are already counted in buckets, which OpenTelemetry cannot observe, so they are
//! registered with Prometheus directly.

use std::collections::HashMap;
use std::sync::Arc;

use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Histogram as Shown, LabelPair, Metric as Row, MetricFamily, MetricType};

use super::table::Metric;
use crate::cluster::{Moves, OwnershipFigures};
use crate::histogram::Histogram;
use crate::{journal, server};

const MICROS: f64 = 1e6;

/// Sums of the histograms of all shards.
pub(super) struct Histograms {
    shards: Vec<Arc<journal::Stats>>,
    batch: Desc,
    commit: Desc,
    step: Desc,
}

impl Histograms {
    pub fn new(shards: Vec<Arc<journal::Stats>>, batch: &Metric, commit: &Metric, step: &Metric) -> Self {
        Self { shards, batch: desc(batch), commit: desc(commit), step: desc(step) }
    }
}

impl Collector for Histograms {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.batch, &self.commit, &self.step]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let batches = self.shards.iter().map(|shard| &shard.batch_commands);
        let commits = self.shards.iter().map(|shard| &shard.commit_micros);
        let steps = self.shards.iter().map(|shard| &shard.step_micros);
        vec![
            family(&self.batch, vec![row(None, added(batches, 1.0))]),
            family(&self.commit, vec![row(None, added(commits, MICROS))]),
            family(&self.step, vec![row(None, added(steps, MICROS))]),
        ]
    }
}

/// Duration of calls, by method.
pub(super) struct CallTimes {
    stats: Arc<server::Stats>,
    desc: Desc,
    label: &'static str,
}

impl CallTimes {
    pub fn new(stats: Arc<server::Stats>, metric: &Metric) -> Self {
        Self { stats, desc: desc(metric), label: metric.labels[0] }
    }
}

impl Collector for CallTimes {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.desc]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let times = self.stats.times();
        let rows = times.map(|(method, times)| row(Some((self.label, method)), added([times].into_iter(), MICROS)));
        vec![family(&self.desc, rows.collect())]
    }
}

/// Duration of moves of shards to this node.
pub(super) struct MoveTimes {
    figures: Arc<OwnershipFigures>,
    take_overs: Desc,
    hand_overs: Desc,
}

impl MoveTimes {
    pub fn new(figures: Arc<OwnershipFigures>, take_overs: &Metric, hand_overs: &Metric) -> Self {
        Self { figures, take_overs: desc(take_overs), hand_overs: desc(hand_overs) }
    }
}

impl Collector for MoveTimes {
    fn desc(&self) -> Vec<&Desc> {
        vec![&self.take_overs, &self.hand_overs]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let shown = |desc, moves: &Moves| family(desc, vec![row(None, added([moves].into_iter(), MICROS))]);
        let figures = &self.figures;
        vec![shown(&self.take_overs, &figures.take_overs), shown(&self.hand_overs, &figures.hand_overs)]
    }
}

fn desc(metric: &Metric) -> Desc {
    let labels = metric.labels.iter().map(|label| (*label).to_owned()).collect();
    Desc::new(metric.name.into(), metric.meaning.into(), labels, HashMap::new()).expect("a name and a meaning")
}

/// Sum of several histograms. `per`: how many of their units are one unit of the metric.
fn added<'a, const N: usize>(histograms: impl Iterator<Item = &'a Histogram<N>>, per: f64) -> Shown {
    let (mut bounds, mut below, mut all, mut sum) = ([0; N], [0; N], 0, 0);
    for histogram in histograms {
        let (cumulated, count) = histogram.cumulated();
        bounds = histogram.bounds;
        below.iter_mut().zip(cumulated).for_each(|(below, more)| *below += more);
        all += count;
        sum += histogram.sum();
    }
    let mut shown = Shown::default();
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

fn row(label: Option<(&str, &str)>, histogram: Shown) -> Row {
    let mut row = Row::default();
    row.set_label(label.into_iter().map(pair).collect());
    row.set_histogram(histogram);
    row
}

fn pair((name, value): (&str, &str)) -> LabelPair {
    let mut pair = LabelPair::default();
    pair.set_name(name.to_owned());
    pair.set_value(value.to_owned());
    pair
}

fn family(desc: &Desc, rows: Vec<Row>) -> MetricFamily {
    let mut family = MetricFamily::default();
    family.set_name(desc.fq_name.clone());
    family.set_help(desc.help.clone());
    family.set_field_type(MetricType::HISTOGRAM);
    family.set_metric(rows);
    family
}
