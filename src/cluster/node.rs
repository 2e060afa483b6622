//! This process as a node: it sends a heartbeat once a second, and reads which other nodes are alive (C2).

mod figures;
mod heartbeats;

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

pub use self::figures::NodeFigures;
use self::figures::Stats;
use super::lease::Lease;
use super::view::View;
use crate::clock::Clock;
use crate::ids::ShardRange;
use crate::store::StoreError;
use crate::store::nodes::{FileHashes, NodeRef, NodeState, NodeStore, PeerEndpoint};

/// Time from one heartbeat to the next.
pub const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(1);

/// What a node announces to the others when it joins; its id is drawn anew each time.
#[derive(Debug, Clone)]
pub struct NodeDescription {
    /// Host name, by which the node keeps its shards when it restarts.
    pub host: Box<str>,
    /// Version of the program, for display.
    pub version: &'static str,
    /// [`crate::store::nodes::PROTOCOL`] of the program.
    pub protocol: i32,
    /// `None`: it takes no calls from peers.
    pub peer: Option<PeerEndpoint>,
}

/// Why a node must send no heartbeat; `None`: it may.
type Hindrance = Box<dyn Fn() -> Option<String> + Send + Sync>;

/// This process as a node. When it is declared dead, it loses every shard and joins anew with a fresh id.
pub struct Node {
    store: Arc<dyn NodeStore>,
    clock: Clock,
    shards: ShardRange,
    description: NodeDescription,
    /// [`NodeState`] of the next heartbeat.
    state: AtomicU8,
    /// Hashes that the next heartbeat sends.
    files: Mutex<FileHashes>,
    hindrance: OnceLock<Hindrance>,
    /// The lease of the present id.
    lease: Mutex<Option<(NodeRef, Arc<Lease>)>>,
    view: watch::Sender<View>,
    /// Notified when the next heartbeat is to be sent at once.
    wanted: Notify,
    stop: CancellationToken,
    stopped: CancellationToken,
    stats: Stats,
}

impl Node {
    /// `shards`: those of `store`, which are all of the installation or those of one cell.
    #[must_use]
    pub fn new(
        store: Arc<dyn NodeStore>,
        clock: Clock,
        shards: impl Into<ShardRange>,
        description: NodeDescription,
    ) -> Arc<Self> {
        let shards = shards.into();
        Arc::new(Self {
            store,
            clock,
            shards,
            description,
            state: AtomicU8::new(0),
            files: Mutex::default(),
            hindrance: OnceLock::new(),
            lease: Mutex::default(),
            view: watch::Sender::new(View::none()),
            wanted: Notify::new(),
            stop: CancellationToken::new(),
            stopped: CancellationToken::new(),
            stats: Stats::default(),
        })
    }

    /// The lease for shards that are claimed as `me`. `None`: this node has another id by now, and must claim nothing
    /// under that one.
    #[must_use]
    pub fn lease(&self, me: NodeRef) -> Option<Arc<Lease>> {
        let lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        lease.as_ref().filter(|(node, _)| *node == me).map(|(_, lease)| Arc::clone(lease))
    }

    fn set_lease(&self, lease: Option<(NodeRef, Arc<Lease>)>) -> Option<(NodeRef, Arc<Lease>)> {
        std::mem::replace(&mut *self.lease.lock().unwrap_or_else(PoisonError::into_inner), lease)
    }

    /// The shards that this node may own.
    #[must_use]
    pub fn shards(&self) -> ShardRange {
        self.shards
    }

    /// View after each heartbeat. A receiver can also be used to wait for changes.
    #[must_use]
    pub fn views(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// Waits for the first successful heartbeat, and returns the view after it.
    ///
    /// # Errors
    /// Three heartbeats failed, and none was ever successful.
    pub async fn first_view(&self) -> Result<View, StoreError> {
        let mut views = self.view.subscribe();
        loop {
            let view = views.borrow_and_update().clone();
            if let Some(first) = view.first() {
                return first.map(|()| view);
            }
            // The sender lives as long as `self`.
            let _ = views.changed().await;
        }
    }

    /// Statistics, for metrics.
    #[must_use]
    pub fn figures(&self) -> NodeFigures {
        self.stats.figures(self.clock.boot_time())
    }

    /// Time since the last successful heartbeat was sent; `None`: there was none.
    #[must_use]
    pub fn heartbeat_age(&self) -> Option<Duration> {
        self.stats.age(self.clock.boot_time())
    }

    /// Sends the next heartbeat at once, or as soon as the present one is answered.
    pub fn request_heartbeat(&self) {
        self.wanted.notify_one();
    }

    /// Announces the state to the other nodes, with a heartbeat that is sent at once.
    pub fn set_state(&self, state: NodeState) {
        self.state.store(u8::try_from(state.code()).unwrap_or_default(), Ordering::Release);
        self.request_heartbeat();
    }

    /// Announces to the other nodes that this node is about to end.
    pub fn drain(&self) {
        self.set_state(NodeState::Draining);
    }

    fn state(&self) -> NodeState {
        NodeState::stored(i16::from(self.state.load(Ordering::Acquire))).unwrap_or(NodeState::Joining)
    }

    /// Hashes of this node's files, which each later heartbeat sends (C10).
    pub fn set_files(&self, files: FileHashes) {
        *self.files.lock().unwrap_or_else(PoisonError::into_inner) = files;
    }

    fn files(&self) -> FileHashes {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sets what is asked before each heartbeat: why this node cannot serve, although it lives. While there are other
    /// nodes, no heartbeat is sent then. Only the first call has an effect.
    pub fn ask_before_heartbeats(&self, hindrance: impl Fn() -> Option<String> + Send + Sync + 'static) {
        let _ = self.hindrance.set(Box::new(hindrance));
    }

    /// Ends [`Node::run`], and waits for its end for at most `wait`. Must be called after the shards were released, or
    /// when they are no longer used.
    pub async fn stop(&self, wait: Duration) {
        self.stop.cancel();
        let _ = tokio::time::timeout(wait, self.stopped.cancelled()).await;
    }
}

#[cfg(test)]
mod tests;
