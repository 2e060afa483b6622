//! What a process knows of the nodes of all cells. A process is a node of every cell, with an id of its own in each; it is
//! listed once, with the shards that it owns in all of them.

use super::directory::{Agreement, Directory, File, KnownNode, KnownNodes, is_alive};
use crate::clock::Clock;
use crate::ids::NodeId;
use crate::store::nodes::Fingerprint;

/// The directory of each cell.
pub struct Directories(Vec<Directory>);

impl Directories {
    #[must_use]
    pub fn new(clock: &Clock, cells: usize) -> Self {
        Self((0..cells).map(|_| Directory::new(clock.clone())).collect())
    }

    /// The directory of one cell; `None`: there is no such cell.
    #[must_use]
    pub fn of(&self, cell: usize) -> Option<&Directory> {
        self.0.get(cell)
    }

    /// The nodes, each process once.
    #[must_use]
    pub fn nodes(&self) -> KnownNodes {
        merged(self.0.iter().map(Directory::nodes).collect())
    }

    /// Whether the nodes agree: of each figure the worst of all cells.
    #[must_use]
    pub fn agreement(&self) -> Agreement {
        let members = self.nodes().nodes.iter().filter(|node| is_alive(&node.row)).count() as u64;
        let cells = self.0.iter().map(Directory::agreement);
        cells.fold(Agreement { members, ..Agreement::default() }, |sum, cell| Agreement {
            members,
            unowned_shards: sum.unowned_shards + cell.unowned_shards,
            clock_offset: sum.clock_offset.max(cell.clock_offset),
            differing: File::ALL.map(|file| sum.differing[file as usize].max(cell.differing[file as usize])),
        })
    }
}

/// A process, together with whether it lives: one that is dead in a cell and lives in another is listed twice, because it
/// serves no shard of the first.
fn key(node: &KnownNode) -> Option<(Fingerprint, bool)> {
    node.row.peer.as_ref().map(|peer| (peer.fingerprint, is_alive(&node.row)))
}

fn merged(cells: Vec<KnownNodes>) -> KnownNodes {
    let mut cells = cells.into_iter();
    let Some(mut all) = cells.next() else { return KnownNodes::default() };
    for KnownNodes { nodes, me, unowned } in cells {
        let my_id = me.map(|me| me.id);
        for node in nodes {
            let is_me = all.me.is_none() && my_id == Some(node.row.node.id);
            let listed = add(&mut all.nodes, node);
            if is_me {
                all.me = all.nodes.iter().map(|node| node.row.node).find(|node| node.id == listed);
            }
        }
        all.unowned.extend(unowned);
    }
    all.unowned.sort_unstable();
    all.nodes.sort_by(|a, b| (&a.row.host, a.row.node).cmp(&(&b.row.host, b.row.node)));
    all
}

/// Adds a node of another cell; returns the id under which its process is listed.
fn add(all: &mut Vec<KnownNode>, node: KnownNode) -> NodeId {
    let known = key(&node).and_then(|of| all.iter_mut().find(|known| key(known) == Some(of)));
    let Some(known) = known else {
        let id = node.row.node.id;
        all.push(node);
        return id;
    };
    known.shards.extend(node.shards);
    known.shards.sort_unstable();
    known.heartbeat_age = known.heartbeat_age.max(node.heartbeat_age);
    for file in node.differing_files {
        if !known.differing_files.contains(&file) {
            known.differing_files.push(file);
        }
    }
    known.row.node.id
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::super::tests::{node, snapshot};
    use super::super::view::View;
    use super::*;
    use crate::clock::ManualClock;
    use crate::ids::ShardId;
    use crate::ledger::time::WallTime;
    use crate::store::nodes::PeerEndpoint;

    /// Two cells, of which the second has the shards from 2 on.
    struct Two {
        directories: Directories,
        manual: Arc<ManualClock>,
        now: Clock,
    }

    impl Two {
        fn new() -> Self {
            let (now, manual) = Clock::manual(WallTime(0));
            manual.advance(Duration::from_secs(100));
            Self { directories: Directories::new(&now, 2), manual, now }
        }

        /// A heartbeat of a node, named like its process with a number behind it.
        fn read(&self, cell: usize, me: &str, nodes: &str, owners: &str) {
            let mut read = snapshot(nodes, owners);
            for (row, text) in read.nodes.iter_mut().zip(nodes.split_whitespace()) {
                let fingerprint = Fingerprint([text.as_bytes()[0]; 32]);
                row.peer = Some(PeerEndpoint { address: "127.0.0.1:1".into(), fingerprint });
            }
            for row in &mut read.owners {
                row.shard.0 += 2 * u16::try_from(cell).unwrap();
            }
            let view = View { snapshot: Arc::new(read), answered: self.now.boot_time(), ..View::none() };
            self.directories.of(cell).unwrap().observe(node(me), &view);
        }

        /// Each process: the first letter of its id, whether it lives, and its shards.
        fn listed(&self) -> Vec<(char, bool, Vec<u16>)> {
            let name = |known: &KnownNode| super::super::tests::name(known.row.node).chars().next().unwrap();
            let shards = |known: &KnownNode| known.shards.iter().map(|shard| shard.0).collect();
            let nodes = self.directories.nodes().nodes;
            nodes.iter().map(|known| (name(known), is_alive(&known.row), shards(known))).collect()
        }
    }

    #[test]
    fn a_process_is_listed_once_with_its_shards_of_all_cells() {
        let two = Two::new();
        two.read(0, "a0", "a0:host=a b0:host=b", "b0 a0");
        two.read(1, "a1", "a1:host=a b1:host=b", "a1 -");
        assert_eq!(two.listed(), [('a', true, vec![1, 2]), ('b', true, vec![0])]);
        let known = two.directories.nodes();
        assert_eq!((known.me, known.unowned), (Some(node("a0")), vec![ShardId(3)]));
        let agreement = two.directories.agreement();
        assert_eq!((agreement.members, agreement.unowned_shards), (2, 1));
    }

    /// Without a heartbeat in the first cell, this process is still found in the list.
    #[test]
    fn who_has_joined_one_cell_only_is_listed_too() {
        let two = Two::new();
        two.read(1, "a1", "a1:host=a b1:host=b", "a1 b1");
        assert_eq!(two.listed(), [('a', true, vec![2]), ('b', true, vec![3])]);
        assert_eq!(two.directories.nodes().me, Some(node("a1")));
    }

    #[test]
    fn who_is_dead_in_one_cell_is_seen_so() {
        let two = Two::new();
        two.read(0, "a0", "a0:host=a b0:host=b", "a0 b0");
        two.read(1, "a1", "a1:host=a b1:host=b:dead", "a1 a1");
        assert_eq!(two.listed(), [('a', true, vec![0, 2, 3]), ('b', true, vec![1]), ('b', false, vec![])]);
        assert_eq!(two.directories.agreement().members, 2);
    }

    #[test]
    fn the_oldest_heartbeat_of_a_process_counts() {
        let two = Two::new();
        two.read(1, "a1", "a1:host=a", "a1 a1");
        two.manual.advance(Duration::from_secs(7));
        two.read(0, "a0", "a0:host=a", "a0 a0");
        assert_eq!(two.directories.nodes().nodes[0].heartbeat_age, Duration::from_secs(7));
    }
}
