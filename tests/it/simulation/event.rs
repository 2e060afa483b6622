//! Effects of the simulated store, in the order in which they happen: what they mean for the checks and the trace.

use std::sync::Arc;

use usher::ids::{NodeId, Seq, ShardId};
use usher::store::nodes::NodeRef;
use usher::store::{Batch, Owner};

use super::world::World;

/// An effect of the store.
pub enum Event {
    /// `over`: another node, which is alive, has owned it until then.
    Claimed {
        process: usize,
        shard: ShardId,
        owner: Owner,
        seq: Seq,
        over: Option<NodeRef>,
    },
    NotClaimed {
        process: usize,
        shard: ShardId,
    },
    Loaded {
        process: usize,
        shard: ShardId,
    },
    Committed {
        process: usize,
        shard: ShardId,
        owner: Owner,
        batch: Arc<Batch>,
    },
    Fenced {
        process: usize,
        shard: ShardId,
        owner: Owner,
        batch: Arc<Batch>,
    },
    Refused {
        process: usize,
        shard: ShardId,
    },
    Released {
        process: usize,
        shard: ShardId,
        owner: Owner,
        done: bool,
    },
    Joined {
        process: usize,
        node: NodeId,
    },
    Beat {
        node: NodeId,
    },
    LoadRefused {
        process: usize,
        shard: ShardId,
    },
    DeclaredDead {
        process: usize,
        node: NodeId,
        done: bool,
    },
    Answered,
}

impl World {
    /// Checks an effect of the store, and writes it to the trace.
    pub fn stored(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Claimed { process, shard, owner, seq, over } => {
                let epoch = owner.epoch;
                self.trace.line(format_args!("store: process {process} owns shard {shard}, epoch {epoch}, seq {seq}"));
                self.checks.ownership.claimed(process, shard, owner, over)?;
            }
            Event::NotClaimed { process, shard } => {
                self.trace.line(format_args!("store: shard {shard} has another owner than process {process}"));
            }
            Event::Loaded { process, shard } => {
                let known = self.server.disk.shard_disk(shard).position.last_event;
                self.with(process, |process| process.loads(shard));
                self.trace.line(format_args!("store: process {process} loads shard {shard} at event {known}"));
            }
            Event::Committed { process, shard, owner, batch } => {
                let (seq, rows, events) = (batch.position.seq, batch.rows.len(), batch.events.len());
                let epoch = owner.epoch;
                self.trace.line(format_args!(
                    "store: process {process} commits shard {shard} epoch {epoch} seq {seq}: {rows} rows, {events} events"
                ));
                let shard_disk = self.server.disk.shard_disk(shard);
                let of = (process, shard, owner);
                self.checks.committed(of, &batch, shard_disk, &self.clients.sent, self.now)?;
            }
            Event::Fenced { process, shard, owner, batch } => {
                let (epoch, seq) = (owner.epoch, batch.position.seq);
                self.trace.line(format_args!("store: fenced: process {process} shard {shard} epoch {epoch} seq {seq}"));
            }
            Event::Refused { process, shard } => {
                self.with(process, |process| process.refused += 1);
                self.trace.line(format_args!("store: refuses a batch of process {process}, shard {shard}"));
            }
            Event::Released { process, shard, owner, done } => {
                self.trace.line(format_args!("store: process {process} gives shard {shard} up: {done}"));
                if done {
                    self.checks.ownership.released(shard, owner);
                }
            }
            Event::LoadRefused { process, shard } => {
                self.trace.line(format_args!("store: shard {shard} is damaged for process {process}"));
            }
            Event::Beat { node } => self.checks.ownership.beat(node, self.now),
            Event::Joined { process, node } => {
                self.trace.line(format_args!("store: process {process} joins"));
                self.checks.ownership.joined(process, node, self.now);
                self.network.joined(node, process);
            }
            Event::DeclaredDead { process, node, done } => {
                let dead = self.checks.ownership.declared_dead(node, done, self.now)?;
                self.trace.line(format_args!("store: process {process} declares process {dead:?} dead: {done}"));
            }
            Event::Answered => {}
        }
        Ok(())
    }
}
