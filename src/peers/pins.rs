//! The nodes whose certificates are trusted: those that the store's table of nodes shows (C9).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use arc_swap::ArcSwap;
use http::uri::Authority;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::ids::NodeId;
use crate::store::nodes::{Fingerprint, NodeRow, NodeState};

/// How long a node that was declared dead may forward calls, and is forwarded to: it may have lost the store, and not its
/// peers.
const DEAD_PINNED: Duration = Duration::from_secs(10 * 60);

/// All pinned nodes. Replaced as a whole with each read of the table of nodes.
#[derive(Debug)]
pub struct Pins {
    own: Fingerprint,
    table: ArcSwap<Table>,
    clock: Clock,
    /// Notified when somebody tried to get in who is not pinned.
    pub strangers: Notify,
}

#[derive(Debug, Default)]
struct Table {
    by_fingerprint: HashMap<Fingerprint, Pinned>,
    /// Fingerprints by node. A process that was declared dead and joined again has two ids and one fingerprint.
    by_node: HashMap<NodeId, Fingerprint>,
    /// Boot time at which this process first saw a node dead, for each dead row, pinned or not.
    dead: HashMap<NodeId, Duration>,
}

/// A node that is pinned.
#[derive(Debug, Clone)]
pub struct Pinned {
    pub node: NodeId,
    pub fingerprint: Fingerprint,
    pub address: Authority,
    /// False: it was declared dead, and is pinned for forwarding only.
    pub lives: bool,
    /// Canceled when it is pinned no longer.
    pub gone: CancellationToken,
}

impl Pins {
    /// Nobody yet. `own`: the fingerprint of this process, which is no peer of itself.
    #[must_use]
    pub fn new(own: Fingerprint, clock: Clock) -> Self {
        Self { own, table: ArcSwap::default(), clock, strangers: Notify::new() }
    }

    /// Takes over the rows of the table of nodes. Returns those who are pinned now and were not before. Whoever has no
    /// row, or died more than ten minutes ago, is gone.
    pub fn follow(&self, rows: &[NodeRow]) -> Vec<Pinned> {
        let before = self.table.load();
        let table = self.table_of(rows, &before);
        let stays = |pinned: &Pinned, others: &Table| {
            let other = others.by_fingerprint.get(&pinned.fingerprint);
            other.is_some_and(|other| other.address == pinned.address)
        };
        let fresh = table.by_fingerprint.values().filter(|pinned| !stays(pinned, &before)).cloned().collect();
        let gone: Vec<_> = before.by_fingerprint.values().filter(|pinned| !stays(pinned, &table)).cloned().collect();
        // First the table, then the connections: whoever is cut must not get in again.
        self.table.store(table.into());
        for pinned in gone {
            tracing::info!(node = %pinned.node, "a node is gone: its connections are cut");
            pinned.gone.cancel();
        }
        fresh
    }

    fn table_of(&self, rows: &[NodeRow], before: &Table) -> Table {
        let now = self.clock.boot_time();
        let mut table = Table::default();
        for row in rows {
            let Some(endpoint) = row.peer.as_ref().filter(|endpoint| endpoint.fingerprint != self.own) else {
                continue;
            };
            let Ok(address) = endpoint.address.parse::<Authority>() else { continue };
            let (node, fingerprint) = (row.node.id, endpoint.fingerprint);
            let lives = row.state != NodeState::Dead;
            if !lives {
                let since = before.dead.get(&node).copied().unwrap_or(now);
                table.dead.insert(node, since);
                if now.saturating_sub(since) >= DEAD_PINNED {
                    continue;
                }
            }
            let known = before.by_fingerprint.get(&fingerprint).filter(|known| known.address == address);
            let gone = known.map_or_else(CancellationToken::new, |known| known.gone.clone());
            let pinned = Pinned { node, fingerprint, address, lives, gone };
            table.by_node.insert(node, fingerprint);
            match table.by_fingerprint.entry(fingerprint) {
                Entry::Vacant(entry) => drop(entry.insert(pinned)),
                // It joined again: the row of its former id is still there.
                Entry::Occupied(mut entry) if lives => {
                    drop(entry.insert(Pinned { gone: entry.get().gone.clone(), ..pinned }))
                }
                Entry::Occupied(_) => {}
            }
        }
        table
    }

    /// Returns the node with a fingerprint; `None`: a stranger.
    #[must_use]
    pub fn of(&self, fingerprint: Fingerprint) -> Option<Pinned> {
        self.table.load().by_fingerprint.get(&fingerprint).cloned()
    }

    /// Returns the fingerprint of a node.
    #[must_use]
    pub fn fingerprint(&self, node: NodeId) -> Option<Fingerprint> {
        self.table.load().by_node.get(&node).copied()
    }

    /// All who are pinned and live.
    #[must_use]
    pub fn living(&self) -> Vec<NodeId> {
        let table = self.table.load();
        table.by_fingerprint.values().filter(|pinned| pinned.lives).map(|pinned| pinned.node).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::ledger::time::WallTime;
    use crate::peers::tests::row;
    use std::sync::Arc;

    fn pins() -> (Pins, Arc<ManualClock>) {
        let (clock, manual) = Clock::manual(WallTime(0));
        (Pins::new(Fingerprint([0; 32]), clock), manual)
    }

    const ONE: Fingerprint = Fingerprint([1; 32]);

    fn one(node: NodeId, state: NodeState) -> NodeRow {
        row(node, state, "127.0.0.1:1", ONE)
    }

    #[test]
    fn a_node_is_pinned_while_it_has_a_row() {
        let ((pins, _), node) = (pins(), NodeId::random());
        let fresh = pins.follow(&[one(node, NodeState::Joining)]);
        assert_eq!(fresh.iter().map(|pinned| pinned.node).collect::<Vec<_>>(), [node]);
        let pinned = pins.of(ONE).unwrap();
        assert!(pinned.lives && pins.living() == [node] && pins.fingerprint(node) == Some(ONE));
        assert!(pins.follow(&[one(node, NodeState::Active)]).is_empty() && !pinned.gone.is_cancelled());
        assert!(pins.follow(&[]).is_empty());
        assert!(pins.of(ONE).is_none() && pins.fingerprint(node).is_none() && pinned.gone.is_cancelled());
    }

    #[test]
    fn a_dead_node_stays_for_ten_minutes_and_does_not_come_back() {
        let ((pins, clock), node) = (pins(), NodeId::random());
        pins.follow(&[one(node, NodeState::Active)]);
        let pinned = pins.of(ONE).unwrap();
        let dead = [one(node, NodeState::Dead)];
        pins.follow(&dead);
        assert!(!pins.of(ONE).unwrap().lives && pins.living().is_empty());
        clock.advance(DEAD_PINNED - Duration::from_millis(1));
        pins.follow(&dead);
        assert!(pins.of(ONE).is_some() && !pinned.gone.is_cancelled());
        for _ in 0..2 {
            clock.advance(Duration::from_millis(1));
            pins.follow(&dead);
            assert!(pins.of(ONE).is_none() && pinned.gone.is_cancelled());
        }
    }

    #[test]
    fn who_joins_again_keeps_its_connections_under_its_new_id() {
        let ((pins, _), before, after) = (pins(), NodeId::random(), NodeId::random());
        pins.follow(&[one(before, NodeState::Active)]);
        let pinned = pins.of(ONE).unwrap();
        for rows in [
            [one(before, NodeState::Dead), one(after, NodeState::Active)],
            [one(after, NodeState::Active), one(before, NodeState::Dead)],
        ] {
            assert!(pins.follow(&rows).is_empty());
            let now = pins.of(ONE).unwrap();
            assert!(now.node == after && now.lives && !pinned.gone.is_cancelled());
            assert_eq!((pins.fingerprint(before), pins.fingerprint(after)), (Some(ONE), Some(ONE)));
        }
    }

    #[test]
    fn who_cannot_be_reached_or_is_this_process_is_no_peer() {
        let (pins, _) = pins();
        let unreachable = row(NodeId::random(), NodeState::Active, "not an address", ONE);
        let own = row(NodeId::random(), NodeState::Active, "127.0.0.1:1", Fingerprint([0; 32]));
        let silent = NodeRow { peer: None, ..one(NodeId::random(), NodeState::Active) };
        assert!(pins.follow(&[unreachable, own, silent]).is_empty() && pins.living().is_empty());
    }

    #[test]
    fn another_address_is_another_connection() {
        let ((pins, _), node) = (pins(), NodeId::random());
        pins.follow(&[one(node, NodeState::Active)]);
        let pinned = pins.of(ONE).unwrap();
        assert_eq!(pins.follow(&[row(node, NodeState::Active, "127.0.0.1:2", ONE)]).len(), 1);
        assert!(pinned.gone.is_cancelled() && !pins.of(ONE).unwrap().gone.is_cancelled());
    }
}
