//! This process as one of the nodes on a database: its heartbeats, its shards, and its peers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::{BoxFuture, FutureExt, join_all, ready, try_join_all};
use tokio::sync::{mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use super::lease_watch::LeaseWatch;
use super::nodes::host;
use super::{introduction, solo, token_news};
use crate::auth::{TokenEdition, Tokens};
use crate::clock::Clock;
use crate::cluster::{Directories, KnownOwner, LockFile, Node, NodeDescription, NodeFigures, Owners, OwnershipFigures};
use crate::config::{Config, Storage};
use crate::failure::Failure;
use crate::health::Readiness;
use crate::ids::{NodeId, ShardId};
use crate::journal::{Journal, ShardState};
use crate::ownership::{MAX_MESSAGES, OnOpened, Ownership, Router, SecondHand};
use crate::peers::{self, HandOvers, Identity, PeerEvents, PeerMessage, PeerShards, Peers, ShardBatches};
use crate::server::{Handler, Listener, Server, Stats};
use crate::shards::{AllShards, LocalShards};
use crate::store::nodes::{NodeState, NodeStore, PROTOCOL, PeerEndpoint};
use crate::store::postgres::DatabaseUrl;
use crate::store::{Cell, Installation};
use crate::telemetry::metrics::Metrics;

/// Longest time for the calls of other nodes to end. By then no shard is here any more, so they end at once.
const PEER_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
/// Time after which a writer that is still in one step keeps its node from sending heartbeats (C2): others take its
/// shards.
const STUCK_WRITER_TIMEOUT: Duration = Duration::from_secs(3);
/// Longest time to remove this process from the table of nodes.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends the heartbeats of this process, on threads and runtimes of their own, so that no other work can delay them.
pub(super) struct Membership {
    /// This process as a node of each cell: a database that is away takes only its own shards down.
    pub nodes: Vec<Arc<Node>>,
    pub peers: Arc<Peers>,
}

impl Membership {
    /// Joins the other nodes. `peer_address`: where they reach this one.
    pub fn start(
        stores: Vec<Arc<dyn NodeStore>>,
        clock: Clock,
        installation: &Installation,
        state_dir: &Path,
        peer_address: String,
    ) -> anyhow::Result<Self> {
        let identity = Identity::generate().context("a key for the other nodes")?;
        let peer = PeerEndpoint { address: peer_address.into(), fingerprint: identity.fingerprint() };
        let description =
            NodeDescription { host: host().into(), version: crate::VERSION, protocol: PROTOCOL, peer: Some(peer) };
        let cells = Cell::all(u16::try_from(stores.len()).context("the number of databases")?);
        let mut nodes = Vec::with_capacity(stores.len());
        for (cell, store) in cells.zip(stores) {
            let shards = cell.shards(installation.shards);
            let node = Node::new(store, clock.clone(), shards, description.clone());
            run(Arc::clone(&node), LockFile::new(state_dir, installation.instance, cell.number))?;
            nodes.push(node);
        }
        Ok(Self { nodes, peers: Arc::new(Peers::new(identity, clock)) })
    }

    /// Leaves the other nodes: they see this one no more. What it still owns, because it ended during its start, is free
    /// at once.
    pub async fn leave(&self) {
        join_all(self.nodes.iter().map(|node| node.stop(LEAVE_TIMEOUT))).await;
    }
}

/// Runs the heartbeats of one cell.
fn run(node: Arc<Node>, lock: LockFile) -> anyhow::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("a runtime for heartbeats")?;
    thread::Builder::new()
        .name("usher-heartbeat".into())
        .spawn(move || runtime.block_on(node.run(lock)))
        .context("a thread for heartbeats")?;
    Ok(())
}

/// The parts of this process that know the other nodes.
pub(super) struct Cluster {
    membership: Arc<Membership>,
    /// The shards of each cell.
    cells: Vec<Arc<Ownership>>,
    router: Arc<Router>,
    pub directories: Arc<Directories>,
    figures: Arc<OwnershipFigures>,
    owners: Arc<Owners>,
    /// To each cell.
    messages: Vec<mpsc::Sender<PeerMessage>>,
    /// Of each cell, until [`Self::start`].
    heard: Vec<mpsc::Receiver<PeerMessage>>,
    /// The latest edition of the API tokens that another node has announced.
    tokens: watch::Sender<TokenEdition>,
    clock: Clock,
    /// Tasks that follow the heartbeats, and the shards.
    running: Vec<AbortOnDropHandle<()>>,
    server: Option<Server>,
}

impl Cluster {
    pub fn new(membership: Arc<Membership>, journal: &Arc<Journal>, clock: &Clock, solo: bool) -> Self {
        let Membership { nodes, peers } = &*membership;
        let owners = Arc::new(Owners::new(journal.shards()));
        let figures = Arc::<OwnershipFigures>::default();
        let ownership = |node: &Arc<Node>| {
            let (journal, node, outbox) = (Arc::clone(journal), Arc::clone(node), Arc::clone(peers));
            Ownership::new(journal, node, Arc::clone(&owners), Arc::clone(&figures), clock.clone(), outbox, solo)
        };
        let cells: Vec<_> = nodes.iter().map(ownership).collect();
        let router = Router::new(cells.iter().cloned(), Arc::clone(peers));
        let directories = Arc::new(Directories::new(clock, nodes.len()));
        let (messages, heard) = cells.iter().map(|_| mpsc::channel(MAX_MESSAGES)).unzip();
        let (tokens, clock) = (watch::Sender::default(), clock.clone());
        let (running, server) = (Vec::new(), None);
        Self {
            membership,
            cells,
            router,
            directories,
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
        let Membership { nodes, peers } = &*self.membership;
        let events = Arc::new(Events {
            nodes: nodes.clone(),
            owners: Arc::clone(&self.owners),
            cells: self.cells.clone(),
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
        let Membership { nodes, peers } = &*self.membership;
        for node in nodes {
            let (journal, shards) = (Arc::clone(shards.local().journal()), node.shards());
            node.ask_before_heartbeats(move || {
                let (shard, age) = journal.stuck_for(STUCK_WRITER_TIMEOUT, shards)?;
                Some(format!("the writer of shard {shard} has been in one step for {} s", age.as_secs()))
            });
        }
        let second_hand = |(node, messages): (&Arc<Node>, &mpsc::Sender<PeerMessage>)| {
            let (node, peers, owners) = (Arc::clone(node), Arc::clone(peers), Arc::clone(&self.owners));
            SecondHand::new(node, peers, owners, messages.clone(), self.clock.clone())
        };
        let second_hand: Vec<_> = nodes.iter().zip(&self.messages).map(second_hand).collect();
        let lease_watch = LeaseWatch {
            nodes: nodes.clone(),
            peers: Arc::clone(peers),
            directories: Arc::clone(&self.directories),
            others: second_hand.iter().map(|cell| cell.heartbeats()).collect(),
            clock: self.clock.clone(),
            readiness: Arc::clone(readiness),
        };
        let mut tasks: Vec<BoxFuture<'static, ()>> = vec![
            lease_watch.follow().boxed(),
            introduction::hear_strangers(nodes.clone(), Arc::clone(peers)).boxed(),
            token_news::announce(Arc::clone(shards), Arc::clone(peers)).boxed(),
            token_news::hear(Arc::clone(shards), self.tokens.subscribe()).boxed(),
        ];
        tasks.extend(second_hand.into_iter().map(|cell| cell.run().boxed()));
        let on_opened = Arc::new(on_opened);
        for (cell, heard) in self.cells.iter().zip(self.heard.drain(..)) {
            let on_opened = Arc::clone(&on_opened);
            tasks.push(Arc::clone(cell).run(heard, Box::new(move |shard| on_opened(shard))).boxed());
        }
        self.running.extend(tasks.into_iter().map(|task| AbortOnDropHandle::new(tokio::spawn(task))));
    }

    /// Waits until no other process lives, with `--solo`. Must be called before [`Self::start`].
    ///
    /// # Errors
    /// [`Failure::NotAlone`]; or the store is unusable.
    pub async fn alone(&self) -> Result<(), Failure> {
        // Every process joins every cell. The ids differ from cell to cell, so only one cell may decide who stays.
        match self.membership.nodes.first() {
            Some(node) => solo::alone(node).await,
            None => Ok(()),
        }
    }

    /// Waits until every shard has an owner, those of this node are loaded, and the other nodes know it; from then on this
    /// node takes its share.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn settled(&self) -> Result<(), Failure> {
        let settled = try_join_all(self.cells.iter().map(|cell| cell.settled()));
        settled.await.map_err(super::opening::not_opened)?;
        introduction::introduce(&self.membership.peers).await;
        self.membership.nodes.iter().for_each(|node| node.set_state(NodeState::Active));
        Ok(())
    }

    /// Hands the shards of all cells over to other nodes, for at most `wait`.
    pub async fn drain(&self, wait: Duration) {
        join_all(self.cells.iter().map(|cell| cell.drain(wait))).await;
    }

    /// This process as a node of each cell.
    pub fn nodes(&self) -> Vec<Arc<Node>> {
        self.membership.nodes.clone()
    }

    /// The states of the shards of each cell; `states`: of all shards, in their order.
    pub fn by_cell(&self, states: Vec<watch::Receiver<ShardState>>) -> Vec<Vec<watch::Receiver<ShardState>>> {
        let mut states = states.into_iter();
        self.cells.iter().map(|cell| states.by_ref().take(cell.shards().count().into()).collect()).collect()
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
        let nodes = self.nodes();
        metrics.observe_node(move || NodeFigures::of_cells(nodes.iter().map(|node| node.figures())));
        let directories = Arc::clone(&self.directories);
        metrics.observe_agreement(move || directories.agreement());
        metrics.observe_ownership(&self.figures);
    }

    /// Takes no more calls of other nodes, and leaves their table.
    pub async fn stop(self) {
        if let Some(server) = &self.server {
            server.drain(PEER_DRAIN_TIMEOUT).await;
        }
        // Only now: until then calls of peers may wait here for news of a shard.
        self.cells.iter().for_each(|cell| cell.stop());
        self.membership.leave().await;
    }
}

/// Takes the messages and questions of peers.
struct Events {
    nodes: Vec<Arc<Node>>,
    owners: Arc<Owners>,
    /// The shards of each cell.
    cells: Vec<Arc<Ownership>>,
    /// To the task of each.
    messages: Vec<mpsc::Sender<PeerMessage>>,
    tokens: watch::Sender<TokenEdition>,
}

impl Events {
    /// The number of the cell that has the shard.
    fn cell(&self, shard: ShardId) -> Option<usize> {
        self.cells.iter().position(|cell| cell.shards().contains(shard))
    }
}

impl PeerEvents for Events {
    fn received(&self, _from: NodeId, message: PeerMessage) {
        let (PeerMessage::Owns { shard, .. } | PeerMessage::Released { shard, .. }) = message;
        if let Some(messages) = self.cell(shard).and_then(|cell| self.messages.get(cell)) {
            // If it is lost, the next heartbeat shows the same.
            let _ = messages.try_send(message);
        }
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
        self.nodes.iter().filter_map(|node| node.heartbeat_age()).min()
    }
}

impl HandOvers for Events {
    fn prepare(&self, from: NodeId, shard: ShardId) -> BoxFuture<'_, bool> {
        match self.cell(shard) {
            Some(cell) => self.cells[cell].prepare(from, shard),
            None => ready(false).boxed(),
        }
    }

    fn batches(&self, shard: ShardId) -> Option<ShardBatches> {
        self.cells[self.cell(shard)?].batches(shard)
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
