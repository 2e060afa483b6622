//! Which member should own each shard (C6): rendezvous hashing with a bound on load.
//!
//! For each pair of a shard and a member there is a score. The pairs are visited in descending order, and a shard goes
//! to the first member that has room: each member has room for the same number of shards, and as many members as
//! necessary for one more. So loads differ by at most one, and a member that joins or leaves moves little more than its
//! own share: a shard moves only if its member is another, or if room that it was refused has become free.

use crate::ids::{ShardId, ShardRange};
use crate::store::nodes::NodeRef;

/// A member that may own shards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub node: NodeRef,
    /// Name of its host, by which it keeps its shards when it restarts with another id.
    pub host: Box<str>,
}

/// Returns the member that should own each shard, in the order of the shards. Depends on nothing but the members, in
/// whatever order, and the shards: all of the installation, or those of one cell. Without members the result is empty.
#[must_use]
pub fn place(members: &[Member], shards: impl Into<ShardRange>) -> Vec<NodeRef> {
    let (members, shards) = (named(members), shards.into());
    if members.is_empty() {
        return Vec::new();
    }
    let count = usize::from(shards.count());
    let mut pairs = Vec::with_capacity(count * members.len());
    for shard in shards.iter() {
        pairs.extend((0..members.len()).map(|member| (score(members[member].0, shard), shard, member)));
    }
    pairs.sort_unstable_by(|one, other| other.cmp(one));
    let (share, mut larger) = (count / members.len(), count % members.len());
    let (mut loads, mut owners) = (vec![0; members.len()], vec![None; count]);
    for (_, shard, member) in pairs {
        let (load, owner) = (&mut loads[member], &mut owners[usize::from(shard.0 - shards.first)]);
        if owner.is_some() || *load > share || *load == share && larger == 0 {
            continue;
        }
        larger -= usize::from(*load == share);
        *load += 1;
        *owner = Some(members[member].1);
    }
    // There is room for every shard, and each shard was compared with every member.
    owners.into_iter().flatten().collect()
}

/// Each member with the hash of its name, sorted by node id. Of members with the same host name, the first one by node
/// id has that name, the second one has a name of its own, and so on.
fn named(members: &[Member]) -> Vec<(u64, NodeRef)> {
    let mut sorted: Vec<&Member> = members.iter().collect();
    sorted.sort_by_key(|member| member.node);
    let namesakes = |at: usize| sorted[..at].iter().filter(|member| member.host == sorted[at].host).count();
    let name = |at: usize| (member_hash(&sorted[at].host, namesakes(at)), sorted[at].node);
    (0..sorted.len()).map(name).collect()
}

/// The shards in the order in which a host is most likely to be the one that should own them, whatever the other
/// members are.
#[must_use]
pub fn by_preference(host: &str, shards: impl Into<ShardRange>) -> Vec<ShardId> {
    let member = member_hash(host, 0);
    let mut all: Vec<ShardId> = shards.into().iter().collect();
    all.sort_by_key(|shard| std::cmp::Reverse(score(member, *shard)));
    all
}

/// FNV-1a of the host name and, except for the first member with that name, its number among them. Members of different
/// releases must agree on it, so it must never change.
fn member_hash(host: &str, namesake: usize) -> u64 {
    let number = if namesake == 0 { String::new() } else { format!("\0{namesake}") };
    host.bytes()
        .chain(number.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Score of a pair. Must never change, for the same reason.
fn score(member: u64, shard: ShardId) -> u64 {
    // One is added because the finalizer maps zero to itself.
    mixed(member ^ mixed(u64::from(shard.0) + 1))
}

/// Finalizer of MurmurHash3: each bit of the input changes each bit of the result with probability 1/2.
fn mixed(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}

#[cfg(test)]
mod tests;
