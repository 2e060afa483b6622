//! What the reads of this node have shown so far: who owns each shard, and for how long things have been as they are.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cluster::counts::{Counts, Reads};
use crate::cluster::placement::Member;
use crate::cluster::view::View;
use crate::ids::{ShardId, ShardRange};
use crate::store::Owner;
use crate::store::nodes::{NodeRef, NodeState, OwnerRow};

/// Whose a shard is, according to its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// The row names this node.
    Mine,
    /// Another living node, or a process of a release without nodes, owns the shard.
    Others(Option<NodeRef>),
    /// Nobody owns the shard: it was released, or its owner is dead or not there.
    Unowned {
        /// The living node to which it was released.
        successor: Option<NodeRef>,
        /// Time since this node first read that.
        time: Duration,
    },
}

/// A shard, as of the last read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ShardSeen {
    pub shard: ShardId,
    /// Owner over which a claim must be made.
    pub owner: Owner,
    pub standing: Standing,
}

/// Who has had a shard, as this node has seen it.
#[derive(Debug, Default)]
struct Tenure {
    owner: Option<NodeRef>,
    /// The owner, or the one before, while there is none.
    last: Option<NodeRef>,
    /// When the shard came to `last` from another node; `None`: this node has not seen such a move.
    since: Option<Duration>,
}

impl Tenure {
    fn read(&mut self, owner: Option<NodeRef>, answered: Duration) {
        self.owner = owner;
        let Some(owner) = owner else { return };
        let before = self.last.replace(owner);
        // A shard that nobody had before was claimed, and not moved: members that start together share the shards as
        // soon as they are the same for long enough.
        if before.is_some_and(|before| before != owner) {
            self.since = Some(answered);
        }
    }
}

#[derive(Debug, Default)]
pub(super) struct Picture {
    reads: Reads,
    unowned: Counts<ShardId, OwnerKey>,
    same_members: Counts<(), Vec<Member>>,
    tenures: BTreeMap<ShardId, Tenure>,
    /// In the order of the shards.
    pub shards: Vec<ShardSeen>,
    /// Time for which the members have been the same.
    pub members_unchanged_for: Duration,
    sent: Duration,
}

type OwnerKey = (Owner, Option<NodeRef>);

impl Picture {
    /// Adds a successful read.
    pub fn read(&mut self, view: &View, me: NodeRef, members: &[Member], shards: ShardRange) {
        if !self.reads.follows(view.snapshot.connection, view.answered) {
            self.unowned.clear();
            self.same_members.clear();
        }
        self.sent = view.sent;
        self.members_unchanged_for = self.same_members.unchanged_for((), members.to_vec(), view.sent, view.answered);
        let rows = view.snapshot.owners.iter().filter(|row| shards.contains(row.shard));
        self.shards = rows.map(|row| self.see(row, view, me)).collect();
    }

    fn see(&mut self, row: &OwnerRow, view: &View, me: NodeRef) -> ShardSeen {
        let (shard, owner) = (row.shard, row.owner);
        let standing = match (owner.token.0.is_nil(), row.node) {
            (false, Some(node)) if node == me => Standing::Mine,
            (false, Some(node)) if view.lives(node) => Standing::Others(Some(node)),
            (false, None) if !view.silent_shards.contains(&shard) => Standing::Others(None),
            (is_released, node) => Standing::Unowned {
                successor: node.filter(|node| is_released && may_take(view, *node)),
                time: self.unowned.unchanged_for(shard, (owner, node), view.sent, view.answered),
            },
        };
        let owned_by = match standing {
            Standing::Mine => Some(me),
            Standing::Others(node) => node,
            Standing::Unowned { .. } => None,
        };
        if !matches!(standing, Standing::Unowned { .. }) {
            self.unowned.forget(&shard);
        }
        self.tenures.entry(shard).or_default().read(owned_by, view.answered);
        ShardSeen { shard, owner, standing }
    }

    /// Returns whether the shard has not moved for this time, as far as this node has looked.
    pub fn has_stayed(&self, shard: ShardId, time: Duration) -> bool {
        let since = self.tenures.get(&shard).and_then(|tenure| tenure.since);
        since.is_none_or(|since| self.sent.saturating_sub(since) >= time)
    }

    /// Number of shards that a node owns.
    pub fn load(&self, node: NodeRef) -> usize {
        self.tenures.values().filter(|tenure| tenure.owner == Some(node)).count()
    }

    pub fn is_owned(&self, shard: ShardId) -> bool {
        self.tenures.get(&shard).is_some_and(|tenure| tenure.owner.is_some())
    }
}

/// A successor that is about to end takes nothing any more.
fn may_take(view: &View, successor: NodeRef) -> bool {
    view.living().any(|row| row.node == successor && row.state != NodeState::Draining)
}
