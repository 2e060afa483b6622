//! A process as one of several nodes, in a test that needs no network.

use std::sync::Arc;

use tokio::sync::mpsc;
use usher::clock::Clock;
use usher::cluster::{LockFile, Node, NodeDescription, Owners, OwnershipFigures};
use usher::ids::NodeId;
use usher::journal::{Journal, JournalConfig, ShardState};
use usher::ownership::{Outbox, Ownership};
use usher::peers::PeerMessage;
use usher::store::nodes::{NodeState, NodeStore, PROTOCOL};
use usher::store::{Installation, Store};

/// Tells nobody anything: everything is known from heartbeats.
struct Silent;

impl Outbox for Silent {
    fn tell(&self, _to: NodeId, _message: PeerMessage) {}

    fn tell_all(&self, _message: PeerMessage) {}
}

/// What a node says of itself.
pub fn description(host: &str) -> NodeDescription {
    NodeDescription { host: host.into(), version: "test", protocol: PROTOCOL, peer: None }
}

/// Starts a node, and waits until it serves every shard.
pub async fn start_alone<S: Store + NodeStore + Clone>(
    store: &S,
    clock: Clock,
    installation: Installation,
    config: JournalConfig,
) -> (Arc<Journal>, Arc<Node>) {
    let node = Node::new(Arc::new(store.clone()), clock.clone(), installation.shards, description("host"));
    tokio::spawn(Arc::clone(&node).run(LockFile::none()));
    let journal = Arc::new(Journal::empty(Arc::new(store.clone()), clock.clone(), installation, config));
    let (owners, figures) = (Arc::new(Owners::new(installation.shards)), Arc::<OwnershipFigures>::default());
    let ownership =
        Ownership::new(Arc::clone(&journal), Arc::clone(&node), owners, figures, clock, Arc::new(Silent), false);
    let (_, messages) = mpsc::channel(1);
    tokio::spawn(ownership.run(messages, Box::new(|_| {})));
    for mut state in journal.states() {
        state.wait_for(|state| *state == ShardState::Serving).await.expect("a state");
    }
    node.set_state(NodeState::Active);
    (journal, node)
}
