//! This process as one of the nodes on a database: its heartbeats, its shards, and its peers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::{BoxFuture, FutureExt};
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::lease_watch::LeaseWatch;
use super::nodes::host;
use super::{solo, token_news};
use crate::auth::{TokenEdition, Tokens};
use crate::clock::Clock;
use crate::cluster::{Directory, KnownOwner, LockFile, Node, NodeDescription, Owners, OwnershipFigures};
use crate::config::{Config, Storage};
use crate::failure::Failure;
use crate::health::Readiness;
use crate::ids::{NodeId, ShardId};
use crate::journal::Journal;
use crate::ownership::{MAX_MESSAGES, OnOpened, Ownership, Router, SecondHand};
use crate::peers::{self, HandOvers, Identity, PeerEvents, PeerMessage, PeerShards, Peers, ShardBatches};
use crate::server::{Handler, Listener, Server, Stats};
use crate::shards::{AllShards, LocalShards};
use crate::store::Installation;
use crate::store::nodes::{NodeState, NodeStore, PROTOCOL, PeerEndpoint};
use crate::store::postgres::DatabaseUrl;
use crate::telemetry::metrics::Metrics;

/// Longest time for the calls of other nodes to end. By then no shard is here any more, so they end at once.
const PEER_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Time after which a writer that is still in one step keeps its node from sending heartbeats (C2): others take its
/// shards.
const STUCK_WRITER_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest time to remove this process from the table of nodes.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends the heartbeats of this process, on a thread and a runtime of their own, so that no other work can delay them.
pub(super) struct Membership {
    pub node: Arc<Node>,
    pub peers: Arc<Peers>,
}

impl Membership {
    /// Joins the other nodes. `peer_address`: where they reach this one.
    pub fn start(
        store: Arc<dyn NodeStore>,
        clock: Clock,
        installation: &Installation,
        state_dir: &Path,
        peer_address: String,
    ) -> anyhow::Result<Self> {
        let identity = Identity::generate().context("a key for the other nodes")?;
        let peer = PeerEndpoint { address: peer_address.into(), fingerprint: identity.fingerprint() };
        let description =
            NodeDescription { host: host().into(), version: crate::VERSION, protocol: PROTOCOL, peer: Some(peer) };
        let node = Node::new(store, clock.clone(), installation.shards, description);
        let lock = LockFile::new(state_dir, installation.instance);
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime for heartbeats")?;
        let running = Arc::clone(&node);
        thread::Builder::new()
            .name("usher-heartbeat".into())
            .spawn(move || runtime.block_on(running.run(lock)))
            .context("a thread for heartbeats")?;
        Ok(Self { node, peers: Arc::new(Peers::new(identity, clock)) })
    }

    /// Leaves the other nodes: they see this one no more. What it still owns, because it ended during its start, is free
    /// at once.
    pub async fn leave(&self) {
        self.node.stop(LEAVE_TIMEOUT).await;
    }
}

/// The parts of this process that know the other nodes.
pub(super) struct Cluster {
    membership: Arc<Membership>,
    pub ownership: Arc<Ownership>,
    router: Arc<Router>,
    pub directory: Arc<Directory>,
    figures: Arc<OwnershipFigures>,
    owners: Arc<Owners>,
    messages: mpsc::Sender<PeerMessage>,
    heard: Option<mpsc::Receiver<PeerMessage>>,
    /// The latest edition of the API tokens of which another node has told.
    tokens: watch::Sender<TokenEdition>,
    clock: Clock,
    /// Tasks that follow the heartbeats, and the shards.
    running: Vec<AbortOnDropHandle<()>>,
    server: Option<Server>,
}

impl Cluster {
    pub fn new(membership: Arc<Membership>, journal: &Arc<Journal>, clock: &Clock, solo: bool) -> Self {
        let Membership { node, peers } = &*membership;
        let owners = Arc::new(Owners::new(journal.shards()));
        let figures = Arc::<OwnershipFigures>::default();
        let outbox = Arc::clone(peers);
        let (journal, node) = (Arc::clone(journal), Arc::clone(node));
        let ownership =
            Ownership::new(journal, node, Arc::clone(&owners), Arc::clone(&figures), clock.clone(), outbox, solo);
        let router = Router::new(Arc::clone(&ownership), Arc::clone(peers));
        let directory = Arc::new(Directory::new(clock.clone()));
        let (messages, heard) = mpsc::channel(MAX_MESSAGES);
        let (tokens, clock) = (watch::Sender::default(), clock.clone());
        let (running, server, heard) = (Vec::new(), None, Some(heard));
        Self {
            membership,
            ownership,
            router,
            directory,
            figures,
            owners,
            messages,
            heard,
            tokens,
            clock,
            running,
            server,
        }
    }

    /// Takes calls of other nodes from now on; `shards` answers what they ask, and `calls` what they forward.
    pub fn listen<H: Handler>(
        &mut self,
        listener: Listener,
        shards: &AllShards,
        calls: Arc<H>,
        limits: &crate::server::Limits,
        stats: Arc<Stats>,
    ) -> anyhow::Result<()> {
        let Membership { node, peers } = &*self.membership;
        let events = Arc::new(Events {
            node: Arc::clone(node),
            owners: Arc::clone(&self.owners),
            ownership: Arc::clone(&self.ownership),
            messages: self.messages.clone(),
            tokens: self.tokens.clone(),
        });
        let (listener, handler) =
            peers.listen(listener, events, shards.local().clone(), calls).context("TLS for peers")?;
        self.server = Some(Server::start(listener, handler, &peers::limits(limits), stats));
        Ok(())
    }

    /// Claims and loads shards from now on. Must be called after [`Self::listen`]: other nodes send calls to an owner.
    pub fn start(&mut self, shards: &Arc<AllShards>, readiness: &Arc<Readiness>, on_opened: OnOpened) {
        let Some(heard) = self.heard.take() else { return };
        let Membership { node, peers } = &*self.membership;
        let journal = Arc::clone(shards.local().journal());
        node.ask_before_heartbeats(move || {
            let (shard, age) = journal.stuck_for(STUCK_WRITER_TIMEOUT)?;
            Some(format!("the writer of shard {shard} has been in one step for {} s", age.as_secs()))
        });
        let (owners, messages) = (Arc::clone(&self.owners), self.messages.clone());
        let second_hand = SecondHand::new(Arc::clone(node), Arc::clone(peers), owners, messages, self.clock.clone());
        let lease_watch = LeaseWatch {
            node: Arc::clone(node),
            peers: Arc::clone(peers),
            directory: Arc::clone(&self.directory),
            others: second_hand.heartbeats(),
            clock: self.clock.clone(),
            readiness: Arc::clone(readiness),
        };
        let tasks: [BoxFuture<'static, ()>; 5] = [
            lease_watch.follow().boxed(),
            second_hand.run().boxed(),
            Arc::clone(&self.ownership).run(heard, on_opened).boxed(),
            token_news::tell(Arc::clone(shards), Arc::clone(peers)).boxed(),
            token_news::hear(Arc::clone(shards), self.tokens.subscribe()).boxed(),
        ];
        self.running.extend(tasks.map(|task| AbortOnDropHandle::new(tokio::spawn(task))));
    }

    /// Waits until no other process lives, with `--solo`. Must be called before [`Self::start`].
    ///
    /// # Errors
    /// [`Failure::NotAlone`]; or the store is unusable.
    pub async fn alone(&self) -> Result<(), Failure> {
        solo::alone(&self.membership.node).await
    }

    /// Waits until every shard has an owner, and those of this node are loaded; from then on this node takes its share.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn settled(&self) -> Result<(), Failure> {
        self.ownership.settled().await.map_err(super::opening::not_opened)?;
        self.membership.node.set_state(NodeState::Active);
        Ok(())
    }

    /// This process as a node.
    pub fn node(&self) -> Arc<Node> {
        Arc::clone(&self.membership.node)
    }

    /// Sends calls to other nodes.
    pub fn router(&self) -> Arc<Router> {
        Arc::clone(&self.router)
    }

    /// All shards, whichever node owns them.
    pub fn all_shards(&self, journal: &Arc<Journal>, tokens: &Arc<Tokens>) -> Arc<AllShards> {
        let local = LocalShards::new(Arc::clone(journal), Arc::clone(tokens));
        let (peers, owners) = (Arc::clone(&self.membership.peers), Arc::clone(&self.owners));
        let remote = PeerShards::new(peers, owners, local.installation());
        AllShards::new(local, Arc::new(remote))
    }

    /// Registers the metrics of this process as a node.
    pub fn observe(&self, metrics: &Metrics, tokens: &Arc<Tokens>) {
        let tokens = Arc::clone(tokens);
        metrics.observe_tokens(move || tokens.age());
        let node = Arc::clone(&self.membership.node);
        metrics.observe_node(move || node.figures());
        let directory = Arc::clone(&self.directory);
        metrics.observe_agreement(move || directory.agreement());
        metrics.observe_ownership(&self.figures);
    }

    /// Takes no more calls of other nodes, and leaves their table.
    pub async fn stop(self) {
        self.ownership.stop();
        if let Some(server) = &self.server {
            server.drain(PEER_DRAIN_TIMEOUT).await;
        }
        self.membership.leave().await;
    }
}

/// What peers tell and ask.
struct Events {
    node: Arc<Node>,
    owners: Arc<Owners>,
    ownership: Arc<Ownership>,
    messages: mpsc::Sender<PeerMessage>,
    tokens: watch::Sender<TokenEdition>,
}

impl PeerEvents for Events {
    fn told(&self, _from: NodeId, message: PeerMessage) {
        // If it is lost, the next heartbeat tells the same.
        let _ = self.messages.try_send(message);
    }

    fn tokens_changed(&self, edition: TokenEdition) {
        self.tokens.send_if_modified(|known| std::mem::replace(known, edition.max(*known)) < edition);
    }

    fn owner(&self, shard: ShardId) -> KnownOwner {
        self.owners.of(shard)
    }

    fn owners(&self) -> Vec<(ShardId, KnownOwner)> {
        self.owners.all()
    }

    fn heartbeat_age(&self) -> Option<Duration> {
        self.node.heartbeat_age()
    }
}

impl HandOvers for Events {
    fn prepare(&self, from: NodeId, shard: ShardId) -> BoxFuture<'_, bool> {
        self.ownership.prepare(from, shard)
    }

    fn batches(&self, shard: ShardId) -> Option<ShardBatches> {
        self.ownership.batches(shard)
    }
}

/// Where other nodes reach the listener at `bound`.
///
/// # Errors
/// It listens on all addresses, and which of them others reach is not known.
pub(super) async fn advertised(config: &Config, bound: SocketAddr) -> Result<String, Failure> {
    let towards = if bound.ip().is_unspecified() { towards_database(config).await } else { None };
    let address = config.peers.advertised(bound, towards);
    let missing = || {
        Failure::Usage(vec![
        "--peer-advertise: is missing: --peer-listen is all addresses, and by which one other nodes reach this machine is \
         not known"
            .to_owned(),
    ])
    };
    Ok(address.ok_or_else(missing)?.to_string())
}

/// The address of this machine from which it reaches the database. Nothing is sent.
async fn towards_database(config: &Config) -> Option<IpAddr> {
    let Storage::Postgres { urls, .. } = &config.storage else { return None };
    let (host, port) = urls.iter().find_map(DatabaseUrl::tcp_host)?;
    let database = tokio::net::lookup_host((host, port)).await.ok()?.next()?;
    let any: SocketAddr =
        if database.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = tokio::net::UdpSocket::bind(any).await.ok()?;
    socket.connect(database).await.ok()?;
    Some(socket.local_addr().ok()?.ip())
}
