//! Nodes under load, and what is demanded of them in the end: no answer was untrue.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::timeout;

use super::errands::Errands;
use super::group::{Group, Owned};
use super::nodes::{Node, Proxies};
use super::probes::Probes;
use super::{SHARDS, TIMEOUT, seed};
use crate::history::{Load, Patience, Plan, check};
use crate::store_tools;
use crate::support::postgres::Cluster;
use crate::support::program::Data;

/// Reasons for which a call may fail if its shard's owner ended without a word: the client gave up before another node
/// had the shard, or the call did, which waits 5 s for an owner (C8) while a take-over may take 6.5; or nobody knows
/// whether the call was carried out.
pub const UNPLANNED: &[&str] = &["no answer in time", "UNAVAILABLE NOT_OWNER", "UNAVAILABLE OUTCOME_UNKNOWN"];

/// Ends of calls of several steps whose shard moved, or whose node ended, while they were carried out.
const HALF_DONE: [&str; 3] = ["no answer in time", "UNAVAILABLE OUTCOME_UNKNOWN", "Unknown transport error"];

/// Syncs for shards without an owner wait, and hold the places of others. Planned changes leave no shard without one.
const PLACES_TAKEN: &str = "UNAVAILABLE TOO_MANY_SYNCS";

/// Settings of a trial.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub name: &'static str,
    pub nodes: usize,
    pub proxies: Proxies,
    /// How often a client sends a call until it gives up.
    pub attempts: u32,
    /// How long a client waits for an answer.
    pub deadline: Duration,
    /// Time between two probes of a shard.
    pub every: Duration,
    /// How far wall clocks may be off. Clients cannot be.
    pub skew: Duration,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            name: "",
            nodes: 3,
            proxies: Proxies::default(),
            attempts: 2,
            // Longer than a call waits for an owner.
            deadline: Duration::from_secs(7),
            every: Duration::from_millis(100),
            skew: Duration::from_millis(50),
        }
    }
}

pub struct Trial {
    setup: Setup,
    group: Group,
    pub probes: Probes,
    load: Load,
    errands: Errands,
}

impl Deref for Trial {
    type Target = Group;

    fn deref(&self) -> &Group {
        &self.group
    }
}

impl DerefMut for Trial {
    fn deref_mut(&mut self) -> &mut Group {
        &mut self.group
    }
}

impl Trial {
    /// Starts the nodes and the load, and waits until every shard is where it should be.
    pub async fn start(server: &Cluster, setup: Setup) -> Self {
        let plan = Plan {
            seed: seed(),
            tenants: SHARDS.into(),
            shards: SHARDS,
            // Two for each tenant, and for the one of named seats.
            clients: 2 * (u32::from(SHARDS) + 1),
            pace: Duration::from_millis(200),
            patience: Patience::Attempts(setup.attempts),
            deadline: setup.deadline,
            skew: setup.skew,
            ..Plan::default()
        };
        let group = Group::start(server, setup.nodes, setup.proxies, &plan.options()).await;
        let addresses = group.addresses(&[]);
        let load = Load::start(plan);
        load.switch.at_all(&addresses);
        let (probes, errands) =
            tokio::join!(Probes::start(&addresses, setup.every), Errands::start(&addresses, setup.attempts));
        let trial = Self { setup, group, probes, load, errands };
        trial.placed(TIMEOUT).await;
        trial.works_on(100).await;
        trial.probes.all_answer().await;
        trial
    }

    /// Sends the next calls through every node that runs, without some of them: what clients know from their load
    /// balancer, or from failed connections.
    pub fn through_all_but(&self, without: &[usize]) {
        let addresses = self.addresses(without);
        self.load.switch.at_all(&addresses);
        self.probes.through(&addresses);
        self.errands.through(&addresses);
    }

    /// Sends the next probes around some of the nodes; the load goes on with them.
    pub fn probes_go_around(&self, without: &[usize]) {
        self.probes.through(&self.addresses(without));
    }

    /// Waits until this many calls of clients are answered.
    pub async fn works_on(&self, calls: u64) {
        let answered = timeout(TIMEOUT, self.load.answered(calls)).await;
        assert!(answered.is_ok(), "{}: clients are not answered", self.setup.name);
    }

    /// For how long each shard that this node owned did not answer, since the last mark.
    pub fn outages_of(&self, shards: &[u16]) -> Vec<Duration> {
        let outages = self.probes.outages();
        shards.iter().map(|shard| outages[usize::from(*shard)]).collect()
    }

    /// Starts a node again that has ended, and waits until it is a member.
    pub async fn restart(&mut self, node: usize) {
        self.group.nodes[node].start().await;
        self.group.joined(node).await;
        self.through_all_but(&[]);
    }

    /// The calls that failed so far: the reason, and the call.
    pub fn failures(&self) -> Vec<(String, String)> {
        let load = self.load.failures().into_iter().map(|failure| (failure.reason.to_string(), failure.to_string()));
        load.chain(self.errands.failures()).collect()
    }

    /// # Panics
    /// If a call failed for another reason than these. A call of several steps whose shard moves meanwhile may end
    /// half done, or with its node (C7): it is run again.
    pub fn failed_only_for(&self, reasons: &[&str]) {
        let name = self.setup.name;
        let failures = self.failures();
        println!("{name}: {} calls failed", failures.len());
        let of_errands = |reason: &str| HALF_DONE.contains(&reason) || !reasons.is_empty() && reason == PLACES_TAKEN;
        let is_expected = |(reason, call): &&(String, String)| {
            reasons.contains(&&**reason) || call.starts_with("errand") && of_errands(reason)
        };
        let others: Vec<_> = failures.iter().filter(|failure| !is_expected(failure)).collect();
        assert!(
            others.is_empty(),
            "{name}: {} calls failed, the first ones {:#?}",
            others.len(),
            &others[..others.len().min(10)]
        );
    }

    /// # Panics
    /// If nodes other than some were declared dead, or joined anew, since these were the members.
    pub async fn only_these_died(&self, before: &BTreeMap<usize, String>, nodes: &[usize]) {
        let now = self.members().await;
        for (at, id) in before.iter().filter(|(at, _)| !nodes.contains(at)) {
            assert_eq!(now.get(at), Some(id), "{}: node {at} was declared dead", self.setup.name);
        }
    }

    /// # Panics
    /// If a shard has another owner. An owner may have claimed it again, to know what became of a batch.
    pub async fn no_shard_moved(&self, before: &Owned) {
        let owners =
            |owned: &Owned| owned.iter().map(|(shard, (owner, _))| (*shard, owner.clone())).collect::<Vec<_>>();
        assert_eq!(owners(&self.owned().await), owners(before), "{}: shards moved", self.setup.name);
    }

    /// Compares every answer that clients got with the store, and ends all nodes in order.
    pub async fn end(mut self) {
        let name = self.setup.name;
        let data = Data::Postgres(&self.group.url);
        let mut history = self.load.stop().await;
        history.repeated = self.group.nodes.iter().map(Node::unknown).sum();
        let Some(node) = self.group.nodes.iter().find(|node| node.runs()) else { panic!("{name}: no node is left") };
        let wrong = self.probes.wrong();
        assert!(wrong.is_empty(), "{name}: {} wrong answers: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
        drop((self.probes, self.errands));
        let recount = self.load.at_rest(node.address(), &data).await.expect("it serves");
        if let Err(violations) = check(&history, &recount) {
            let lines: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
            panic!("{name}: {} violations:\n{}", violations.len(), lines.join("\n"));
        }
        let acknowledged = history.calls.iter().filter(|call| call.answered.is_some()).count();
        println!("{name}: {acknowledged} of {} calls acknowledged, all true", history.calls.len());
        for node in self.group.nodes.iter_mut().filter(|node| node.runs()) {
            let ended = node.terminate();
            assert!(ended.status.success() && !ended.errors.contains("panicked"), "{name}: {ended:?}");
        }
        block_in_place(|| store_tools::check(&data)).printed();
    }
}
