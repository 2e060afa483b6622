//! What a process knows of all nodes: for the list that operators read, and for the metrics that say whether the nodes
//! agree. Nothing is decided by it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::owners::owner;
use super::view::View;
use crate::clock::Clock;
use crate::ids::{NodeId, ShardId};
use crate::store::nodes::{FileHashes, NodeRef, NodeRow, NodeState};

/// A file that should be the same on every node (C10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    LicenseKeys,
    Access,
}

impl File {
    pub const ALL: [File; 2] = [File::LicenseKeys, File::Access];

    /// Name in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            File::LicenseKeys => "license_keys",
            File::Access => "access",
        }
    }

    fn of(self, files: &FileHashes) -> &str {
        match self {
            File::LicenseKeys => &files.license_keys,
            File::Access => &files.access,
        }
    }
}

/// A node, with what is known beyond its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownNode {
    pub row: NodeRow,
    /// Shards that it owns, ascending.
    pub shards: Vec<ShardId>,
    /// Time since this process saw a new heartbeat of it.
    pub heartbeat_age: Duration,
    /// Files that differ from those of this process.
    pub differing_files: Vec<File>,
}

/// All nodes, as of the last good heartbeat.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownNodes {
    /// By host name and id.
    pub nodes: Vec<KnownNode>,
    /// This process; `None`: it has not joined.
    pub me: Option<NodeRef>,
    /// Shards that no living node owns, ascending.
    pub unowned: Vec<ShardId>,
}

/// Whether the nodes agree, for metrics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Nodes that this process knows and that are not dead, itself included.
    pub members: u64,
    /// Shards that no living node owns.
    pub unowned_shards: u64,
    /// How far this process's wall clock is from the median of all members' clocks, to about a second.
    pub clock_offset: Duration,
    /// Other members whose file differs, by [`File::ALL`].
    pub differing: [u64; File::ALL.len()],
}

/// The nodes, as this process saw them in its last good heartbeat.
pub struct Directory {
    clock: Clock,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    me: Option<NodeRef>,
    nodes: Vec<NodeRow>,
    owners: BTreeMap<ShardId, Option<NodeRef>>,
    /// Number of each node's last heartbeat, and the boot time at which it was first seen.
    heartbeats: BTreeMap<NodeId, (i64, Duration)>,
}

impl Directory {
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, seen: Mutex::default() }
    }

    /// Takes over the view of `me` after a good heartbeat.
    pub fn observe(&self, me: NodeRef, view: &View) {
        let mut nodes = view.nodes();
        nodes.sort_by(|a, b| (&a.host, a.node).cmp(&(&b.host, b.node)));
        let owners = view.snapshot.owners.iter().map(|row| (row.shard, owner(row, &nodes))).collect();
        let mut seen = self.seen();
        let heartbeats = nodes.iter().map(|row| {
            let known = seen.heartbeats.get(&row.node.id).filter(|(heartbeat, _)| *heartbeat == row.heartbeat);
            (row.node.id, known.copied().unwrap_or((row.heartbeat, view.answered)))
        });
        let heartbeats = heartbeats.collect();
        *seen = Seen { me: Some(me), nodes, owners, heartbeats };
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> KnownNodes {
        let (seen, now) = (self.seen(), self.clock.boot_time());
        let node = |row: &NodeRow| KnownNode {
            row: row.clone(),
            shards: seen.shards(|owner| owner == Some(row.node)),
            heartbeat_age: seen.age(row, now),
            differing_files: seen.differing(row),
        };
        KnownNodes {
            nodes: seen.nodes.iter().map(node).collect(),
            me: seen.me,
            unowned: seen.shards(|owner| owner.is_none()),
        }
    }

    /// Whether the nodes agree.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let (seen, now) = (self.seen(), self.clock.boot_time());
        let differ = |file| {
            let differs = |row: &&NodeRow| is_alive(row) && seen.differing(row).contains(&file);
            seen.nodes.iter().filter(differs).count() as u64
        };
        Agreement {
            members: seen.nodes.iter().filter(|row| is_alive(row)).count() as u64,
            unowned_shards: seen.shards(|owner| owner.is_none()).len() as u64,
            clock_offset: seen.clock_offset(now),
            differing: File::ALL.map(differ),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn mine(&self) -> Option<&NodeRow> {
        self.nodes.iter().find(|row| Some(row.node) == self.me)
    }

    fn shards(&self, is_meant: impl Fn(Option<NodeRef>) -> bool) -> Vec<ShardId> {
        self.owners.iter().filter(|(_, owner)| is_meant(**owner)).map(|(shard, _)| *shard).collect()
    }

    fn age(&self, row: &NodeRow, now: Duration) -> Duration {
        self.heartbeats.get(&row.node.id).map_or(Duration::ZERO, |(_, since)| now.saturating_sub(*since))
    }

    /// A node of a release that sends no hashes differs in nothing.
    fn differing(&self, row: &NodeRow) -> Vec<File> {
        let Some(mine) = self.mine().filter(|_| row.protocol > 0) else { return Vec::new() };
        File::ALL.into_iter().filter(|file| file.of(&mine.files) != file.of(&row.files)).collect()
    }

    /// A node's clock went on since its last heartbeat was seen: without that, a node that hangs would pull the median.
    fn clock_offset(&self, now: Duration) -> Duration {
        let clock = |row: &NodeRow| i128::from(row.wall.0) + self.age(row, now).as_millis() as i128;
        let mut clocks: Vec<i128> =
            self.nodes.iter().filter(|row| is_alive(row) && row.wall.0 != 0).map(clock).collect();
        let Some(mine) = self.mine().filter(|row| row.wall.0 != 0).map(clock) else { return Duration::ZERO };
        clocks.sort_unstable();
        let (below, above) = (clocks[(clocks.len() - 1) / 2], clocks[clocks.len() / 2]);
        Duration::from_millis(u64::try_from((mine - (below + above) / 2).unsigned_abs()).unwrap_or(u64::MAX))
    }
}

pub(super) fn is_alive(row: &NodeRow) -> bool {
    row.state != NodeState::Dead
}

#[cfg(test)]
mod tests;
