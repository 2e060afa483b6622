//! Finds nodes whose wall clock is far from that of the others (C14): dates of licenses go by the owner's clock.

use crate::cluster::view::View;
use crate::ledger::time::WallTime;
use crate::store::nodes::{NodeRef, NodeRow};

/// Difference from the median, in milliseconds, above which a node owns nothing.
const MAX_DIFFERENCE_MS: u64 = 60_000;
/// Number of nodes from which on the median says which clock is wrong.
const MIN_NODES: usize = 3;

/// Living nodes whose clock is more than 60 seconds from the median of three or more. Nodes of a release that sends no
/// time are neither counted nor judged.
///
/// Of an even number of clocks, the median is the earlier one of the two in the middle. So it is always the clock of a
/// node, and at least one node may own shards, even if the clocks of two differ from those of two others.
pub(super) fn wrong(view: &View, me: NodeRef) -> Vec<NodeRef> {
    let has_clock = |row: &&NodeRow| row.node == me || row.wall != WallTime(0);
    let clocks: Vec<(NodeRef, WallTime)> = view.living().filter(has_clock).map(|row| (row.node, row.wall)).collect();
    if clocks.len() < MIN_NODES {
        return Vec::new();
    }
    let mut walls: Vec<WallTime> = clocks.iter().map(|(_, wall)| *wall).collect();
    walls.sort_unstable();
    let median = walls[(walls.len() - 1) / 2];
    let is_wrong = |wall: WallTime| wall.0.abs_diff(median.0) > MAX_DIFFERENCE_MS;
    clocks.into_iter().filter(|(_, wall)| is_wrong(*wall)).map(|(node, _)| node).collect()
}
