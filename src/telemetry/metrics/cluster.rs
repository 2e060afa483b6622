//! Metrics of this process as one of several nodes on one store.

use std::sync::Arc;
use std::time::Duration;

use super::super::histograms::MoveTimes;
use super::{Metrics, Report, metric};
use crate::cluster::{Agreement, File, NodeFigures, OwnershipFigures};

impl Metrics {
    /// Registers the metrics of this process's heartbeats.
    pub fn observe_node(&self, figures: impl Fn() -> NodeFigures + Clone + Send + Sync + 'static) {
        let (heartbeats, age, rejoined) = (figures.clone(), figures.clone(), figures.clone());
        self.observe("usher_node_rejoined_total", move |report| report(rejoined().rejoined, &[]));
        self.observe("usher_beats_total", move |report| {
            report(heartbeats().heartbeats, &["good"]);
            report(heartbeats().missed, &["missed"]);
        });
        self.observe("usher_beat_age_seconds", move |report| report(age().age.as_secs(), &[]));
        self.observe("usher_nodes_declared_dead_total", move |report| report(figures().declared_dead, &[]));
    }

    /// Registers the metrics of whether the nodes agree.
    pub fn observe_agreement(&self, agreement: impl Fn() -> Agreement + Clone + Send + Sync + 'static) {
        let one = |name: &str, read: fn(&Agreement) -> u64| {
            let agreement = agreement.clone();
            self.observe(name, move |report: Report| report(read(&agreement()), &[]));
        };
        one("usher_members", |agreement| agreement.members);
        one("usher_shards_without_owner", |agreement| agreement.unowned_shards);
        one("usher_clock_offset_seconds", |agreement| agreement.clock_offset.as_secs());
        self.observe("usher_files_differ", move |report| {
            let differing = agreement().differing;
            File::ALL.iter().zip(differing).for_each(|(file, nodes)| report(nodes, &[file.name()]));
        });
    }

    /// Registers the metrics of this process's shards, and of calls for the shards of other nodes.
    ///
    /// # Panics
    /// If called twice.
    pub fn observe_ownership(&self, figures: &Arc<OwnershipFigures>) {
        let one = |name: &str, read: fn(&OwnershipFigures) -> u64| {
            let figures = Arc::clone(figures);
            self.observe(name, move |report: Report| report(read(&figures), &[]));
        };
        one("usher_shards_owned", OwnershipFigures::owned);
        one("usher_calls_waiting", OwnershipFigures::waiting);
        let [take_overs, hand_overs] = ["usher_take_over_seconds", "usher_hand_over_seconds"].map(metric);
        let moves = MoveTimes::new(Arc::clone(figures), take_overs, hand_overs);
        self.registry.register(Box::new(moves)).expect("registered once");
        let figures = Arc::clone(figures);
        self.observe("usher_calls_forwarded_total", move |report| {
            figures.forwarded().for_each(|(outcome, count)| report(count, &[outcome.name()]));
        });
    }

    /// Registers the age of the list of API tokens.
    pub fn observe_tokens(&self, age: impl Fn() -> Duration + Send + Sync + 'static) {
        self.observe("usher_token_list_age_seconds", move |report| report(age().as_secs(), &[]));
    }
}
