//! A group of nodes on one database, and what the database says of them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::time::{interval, timeout};
use usher::cluster::{Member, place};
use usher::ids::NodeId;
use usher::store::nodes::NodeRef;

use super::links::Processes;
use super::nodes::{MOST, Node, Proxies};
use super::{SHARDS, TIMEOUT};
use crate::support::postgres::{self, Cluster};

/// Time between two looks at the database. Each is a connection of its own, on a machine that is busy enough.
const LOOK: Duration = Duration::from_millis(100);

/// The owner of each shard that has one: the id of a living node, and the epoch.
pub type Owned = BTreeMap<u16, (String, i64)>;

pub struct Group {
    pub nodes: Vec<Node>,
    /// The database, without a proxy.
    pub url: String,
    database: SocketAddr,
    proxies: Proxies,
    options: Vec<String>,
    processes: Arc<Processes>,
}

impl Group {
    /// Starts so many nodes on an empty database, with these options.
    pub async fn start(server: &Cluster, count: usize, proxies: Proxies, options: &[String]) -> Self {
        let url = server.database().await.expose_secret().to_owned();
        let (database, options) = (server.address(), options.to_vec());
        let mut group = Self { nodes: Vec::new(), url, database, proxies, options, processes: Arc::default() };
        for at in 0..count {
            let node = group.new_node(at).await;
            group.nodes.push(node);
        }
        // The first one makes the schema; the others find it.
        group.nodes[0].start().await;
        let begun: Vec<_> = group.nodes[1..].iter_mut().map(Node::begin).collect();
        for (node, begun) in group.nodes[1..].iter_mut().zip(begun) {
            node.serves(begun).await;
        }
        group
    }

    async fn new_node(&self, at: usize) -> Node {
        Node::new(at, &self.url, self.database, self.proxies, &self.options, &self.processes).await
    }

    /// Starts one more node, and returns its number.
    ///
    /// # Panics
    /// If there are [`MOST`] already.
    pub async fn add(&mut self) -> usize {
        self.add_with(&[]).await
    }

    /// Like [`Group::add`], with more variables for the environment of the program.
    pub async fn add_with(&mut self, variables: &[(&str, String)]) -> usize {
        let at = self.nodes.len();
        assert!(at < MOST, "no proxies for one more");
        let mut node = self.new_node(at).await;
        node.with(variables);
        node.start().await;
        self.nodes.push(node);
        at
    }

    /// The addresses of the nodes that run, without some of them.
    pub fn addresses(&self, without: &[usize]) -> Vec<SocketAddr> {
        let running = self.nodes.iter().enumerate().filter(|(at, node)| node.runs() && !without.contains(at));
        running.map(|(_, node)| node.address()).collect()
    }

    /// The id of each node that is a member, by its number.
    pub async fn members(&self) -> BTreeMap<usize, String> {
        let members = "SELECT peer_address, node_id::text FROM nodes WHERE state < 3";
        let rows = postgres::connect(&self.url).await.query(members, &[]).await.expect("the table of nodes");
        let peer = |row: &tokio_postgres::Row| row.get::<_, Option<String>>(0).unwrap_or_default();
        let at = |peer: String| self.nodes.iter().position(|node| node.runs() && node.peer.to_string() == peer);
        rows.iter().filter_map(|row| Some((at(peer(row))?, row.get(1)))).collect()
    }

    pub async fn owned(&self) -> Owned {
        let owned = "SELECT o.shard_id, o.node_id::text, o.epoch FROM owners o JOIN nodes n USING (node_id)
            WHERE n.state < 3 AND o.generation = n.generation
            AND o.token <> '00000000-0000-0000-0000-000000000000'";
        let rows = postgres::connect(&self.url).await.query(owned, &[]).await.expect("the table of owners");
        let shard = |row: &tokio_postgres::Row| u16::try_from(row.get::<_, i16>(0)).expect("a shard");
        rows.iter().map(|row| (shard(row), (row.get(1), row.get(2)))).collect()
    }

    /// The shards of each node that is a member.
    pub async fn shards(&self) -> BTreeMap<usize, Vec<u16>> {
        let (members, owned) = (self.members().await, self.owned().await);
        let of = |id: &String| owned.iter().filter(|(_, (owner, _))| owner == id).map(|(shard, _)| *shard).collect();
        members.iter().map(|(at, id)| (*at, of(id))).collect()
    }

    /// The node that owns most shards.
    pub async fn busiest(&self) -> usize {
        let shards = self.shards().await;
        *shards.iter().max_by_key(|(_, shards)| shards.len()).expect("a member").0
    }

    /// Waits until the shards of the nodes are as wanted.
    ///
    /// # Panics
    /// If they are not within this time.
    pub async fn becomes(&self, what: &str, within: Duration, wanted: impl Fn(&BTreeMap<usize, Vec<u16>>) -> bool) {
        let mut looks = interval(LOOK);
        let waits = async {
            while !wanted(&self.shards().await) {
                looks.tick().await;
            }
        };
        if timeout(within, waits).await.is_err() {
            panic!("not within {within:?}: {what}; shards of each: {:?}", self.shards().await);
        }
    }

    /// Waits until members own all shards, and none of `without` owns any.
    pub async fn owns_all(&self, without: &[usize]) {
        let all = |shards: &BTreeMap<usize, Vec<u16>>| {
            let owned = |(at, shards): (&usize, &Vec<u16>)| if without.contains(at) { 0 } else { shards.len() };
            shards.iter().map(owned).sum::<usize>() == usize::from(SHARDS)
        };
        self.becomes("every shard has an owner", TIMEOUT, all).await;
    }

    /// Waits until this node is a member.
    pub async fn joined(&self, node: usize) {
        self.becomes("it is a member", TIMEOUT, |shards| shards.contains_key(&node)).await;
    }

    /// Waits until every shard is where it should be, so that no more of them move.
    pub async fn placed(&self, within: Duration) {
        let mut looks = interval(LOOK);
        let waits = async {
            loop {
                let should: Vec<String> = self.should_own().await.iter().map(|node| node.id.to_string()).collect();
                let owned = self.owned().await;
                let does = |(shard, node): (u16, &String)| owned.get(&shard).is_some_and(|(owner, _)| owner == node);
                if !should.is_empty() && (0..).zip(&should).all(does) {
                    return;
                }
                looks.tick().await;
            }
        };
        if timeout(within, waits).await.is_err() {
            panic!("not within {within:?}: every shard at its place; shards of each: {:?}", self.shards().await);
        }
    }

    /// The member that should own each shard.
    async fn should_own(&self) -> Vec<NodeRef> {
        let members = "SELECT node_id, generation, host FROM nodes WHERE state = 1";
        let rows = postgres::connect(&self.url).await.query(members, &[]).await.expect("the table of nodes");
        let node = |row: &tokio_postgres::Row| NodeRef { id: NodeId(row.get(0)), generation: row.get(1) };
        let member = |row| Member { node: node(row), host: row.get::<_, String>(2).into() };
        place(&rows.iter().map(member).collect::<Vec<_>>(), SHARDS)
    }

    /// Waits until no member owns more than one shard above the mean.
    pub async fn balanced(&self, within: Duration) {
        let balanced = |shards: &BTreeMap<usize, Vec<u16>>| {
            let (least, most) = (shards.values().map(Vec::len).min(), shards.values().map(Vec::len).max());
            let all = shards.values().map(Vec::len).sum::<usize>() == usize::from(SHARDS);
            let mean = usize::from(SHARDS).div_ceil(shards.len().max(1));
            all && least >= Some(1) && most <= Some(mean + 1)
        };
        self.becomes("the shards are spread", within, balanced).await;
    }
}
