//! Counts the deaths of each host, as this node saw them (C6): a host on which nodes keep dying gets no shards for a
//! while, or every death would leave them without an owner again.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::cluster::view::View;
use crate::ids::NodeId;
use crate::store::nodes::NodeRef;

/// A death within this time after the one before it, or after the end of its bar, is one too many.
const DEATH_MEMORY: Duration = Duration::from_secs(600);
/// Duration of the first bar; each further one is twice as long.
const FIRST_BAR: Duration = Duration::from_secs(60);
/// The longest bar is an hour and four minutes.
const MAX_DOUBLINGS: u32 = 6;

/// Deaths as seen by one observer.
#[derive(Debug, Default)]
pub(super) struct Deaths {
    /// This node, as of the last read.
    me: Option<NodeRef>,
    /// Nodes that lived at the last read, with their hosts.
    living: BTreeMap<NodeId, Box<str>>,
    hosts: BTreeMap<Box<str>, Record>,
}

/// Record of a host that died.
#[derive(Debug)]
struct Record {
    /// Number of bars since the host was last alive for long.
    bars: u32,
    /// End of the last bar; the time of the last death, if it has no bar.
    until: Duration,
}

impl Deaths {
    /// Adds a read. A node that lived and is dead now has died, and so has this node if it has another id now. A node
    /// whose row is gone has left.
    pub fn observe(&mut self, view: &View, me: NodeRef, now: Duration) {
        let living: BTreeMap<_, _> = view.living().map(|row| (row.node.id, row.host.clone())).collect();
        let former_me = self.me.replace(me).filter(|former| *former != me).map(|former| former.id);
        let is_dead =
            |id: &NodeId| view.snapshot.nodes.iter().any(|row| row.node.id == *id && !living.contains_key(id));
        for (id, host) in std::mem::replace(&mut self.living, living.clone()) {
            if is_dead(&id) || former_me == Some(id) {
                self.died(host, now);
            }
        }
        self.hosts.retain(|_, record| now <= record.until + DEATH_MEMORY);
    }

    fn died(&mut self, host: Box<str>, now: Duration) {
        match self.hosts.get_mut(&host) {
            Some(record) if now <= record.until + DEATH_MEMORY => {
                record.until = now + FIRST_BAR * (1 << record.bars.min(MAX_DOUBLINGS));
                record.bars += 1;
            }
            _ => {
                self.hosts.insert(host, Record { bars: 0, until: now });
            }
        }
    }

    /// Returns whether the host gets no shards now.
    pub fn bars(&self, host: &str, now: Duration) -> bool {
        self.hosts.get(host).is_some_and(|record| now < record.until)
    }
}
