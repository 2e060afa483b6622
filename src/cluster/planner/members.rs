//! The members among which shards are placed.

use crate::cluster::placement::Member;
use crate::cluster::view::View;
use crate::store::nodes::{NodeRef, NodeRow, NodeState};

/// Nodes that may own shards, sorted by id: those that are active, and this node unless it is about to end; without
/// those whose clock is wrong, whose host is barred, or whose release does not hand over single shards. If all hosts are
/// barred, none is: the shards must be somewhere.
pub(super) fn members(
    view: &View,
    me: NodeRef,
    draining: bool,
    wrong_clocks: &[NodeRef],
    is_barred: impl Fn(&str) -> bool,
) -> Vec<Member> {
    let takes_part = |row: &&NodeRow| {
        if row.node == me { !draining } else { row.state == NodeState::Active && row.protocol > 0 }
    };
    let sound = |row: &&NodeRow| !wrong_clocks.contains(&row.node);
    let member = |row: &NodeRow| Member { node: row.node, host: row.host.clone() };
    let mut all: Vec<Member> = view.living().filter(takes_part).filter(sound).map(member).collect();
    all.sort_by_key(|member| member.node);
    let unbarred: Vec<Member> = all.iter().filter(|member| !is_barred(&member.host)).cloned().collect();
    if unbarred.is_empty() { all } else { unbarred }
}
