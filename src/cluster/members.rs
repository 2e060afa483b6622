//! Who is dead: whose beat has stood still for [`SILENCE`], as one observer saw it. No wall clock takes part, and no clock
//! but the observer's own.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::{NodeId, Seq, ShardId};
use crate::store::Owner;
use crate::store::nodes::{NodeRef, NodeState, Sighting};

/// How long a beat stands still until its node is dead. Longer than [`super::LEASE`], which was counted from before the
/// beat was written.
pub const SILENCE: Duration = Duration::from_millis(4_500);
/// How far apart two reads may be. Beyond it nobody can say what happened in between, the observer itself may have been
/// away: every count starts anew.
pub const MAX_GAP: Duration = Duration::from_millis(1_700);
/// How long the batches of an owner that is no node stand still until it is gone: it answered from memory for 30 seconds
/// after its last one, and sent one every 10 seconds.
pub const LEGACY_SILENCE: Duration = Duration::from_secs(45);

/// What one observer saw, over reads of its own.
#[derive(Debug, Default)]
pub struct Observer {
    connection: u64,
    last: Option<Duration>,
    beats: BTreeMap<NodeId, Still<(i64, i64)>>,
    batches: BTreeMap<ShardId, Still<(Owner, Option<Seq>)>>,
}

/// What has not changed since it was first read.
#[derive(Debug, Clone, Copy)]
struct Still<T> {
    value: T,
    since: Duration,
}

/// Whom a read proved dead.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Silent {
    /// With the beat at which it stands.
    pub nodes: Vec<(NodeRef, i64)>,
    /// Shards of owners that are no nodes.
    pub shards: Vec<ShardId>,
}

impl Observer {
    /// Takes in a good read that was sent and answered at these boot times. A count begins when a read is answered and
    /// ends when another one is sent, so that it is never longer than what the observer waited.
    pub fn saw(&mut self, sighting: &Sighting, sent: Duration, answered: Duration) -> Silent {
        let interrupted = self.connection != sighting.connection
            || self.last.is_none_or(|last| answered.saturating_sub(last) > MAX_GAP);
        if interrupted {
            self.beats.clear();
            self.batches.clear();
        }
        (self.connection, self.last) = (sighting.connection, Some(answered));

        let mut silent = Silent::default();
        let living = sighting.nodes.iter().filter(|row| row.state != NodeState::Dead);
        self.beats.retain(|id, _| sighting.nodes.iter().any(|row| row.node.id == *id));
        for row in living {
            let beats = &mut self.beats;
            if still(beats, row.node.id, (row.node.generation, row.beat), sent, answered) >= SILENCE {
                silent.nodes.push((row.node, row.beat));
            }
        }
        for row in sighting.owners.iter().filter(|row| row.node.is_none() && !row.owner.token.0.is_nil()) {
            let value = (row.owner, row.seq);
            if still(&mut self.batches, row.shard, value, sent, answered) >= LEGACY_SILENCE {
                silent.shards.push(row.shard);
            }
        }
        silent
    }

    /// A read failed: what there was in between is unknown.
    pub fn missed(&mut self) {
        self.last = None;
    }
}

/// For how long it has been so.
fn still<K: Ord, V: PartialEq>(
    seen: &mut BTreeMap<K, Still<V>>,
    key: K,
    value: V,
    sent: Duration,
    answered: Duration,
) -> Duration {
    match seen.get(&key) {
        Some(before) if before.value == value => sent.saturating_sub(before.since),
        _ => {
            seen.insert(key, Still { value, since: answered });
            Duration::ZERO
        }
    }
}

#[cfg(test)]
mod tests;
