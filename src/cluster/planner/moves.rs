//! Which shards this node releases to another one (C6, C7): to bring them to the members that should own them, or
//! because it may own nothing any more.

use std::collections::BTreeMap;
use std::time::Duration;

use super::claims::is_overdue;
use super::picture::{Picture, ShardSeen, Standing};
use super::{Action, Situation, targets};
use crate::ids::{ShardId, ShardRange};
use crate::store::nodes::NodeRef;

/// Time for which the members must have been the same.
const STABLE_MEMBERS: Duration = Duration::from_secs(10);
/// Time for which a shard stays where it is, whatever brought it there.
const MIN_STAY: Duration = Duration::from_secs(60);
/// Time for which a shard is not offered again to a node that did not take it.
const DECLINED_PAUSE: Duration = Duration::from_secs(300);
/// Shards that a node releases at the same time when it may own nothing any more.
pub const MAX_RELEASES: usize = 4;

/// The moves of one node, and what they remember.
#[derive(Debug, Default)]
pub(super) struct Moves {
    /// The last shard that was moved to its place, and when.
    last: Option<(ShardId, Duration)>,
    /// Successors that did not take a shard, and until when they are not offered it again.
    declined: BTreeMap<ShardId, (NodeRef, Duration)>,
}

impl Moves {
    /// Notes that this node claims the shard, perhaps because its successor did not.
    pub fn claims(&mut self, seen: &ShardSeen, situation: &Situation<'_>) {
        if let Standing::Unowned { successor: Some(successor), time } = seen.standing
            && successor != situation.me
            && is_overdue(time)
        {
            self.declined.insert(seen.shard, (successor, situation.now + DECLINED_PAUSE));
        }
    }

    pub fn releases(&mut self, situation: &Situation<'_>, picture: &Picture, shards: ShardRange) -> Vec<Action> {
        if situation.is_leaving {
            return leave(situation, shards);
        }
        self.rebalance(situation, picture, shards).into_iter().collect()
    }

    /// One shard that should be elsewhere. Of several, the one whose target has the fewest shards.
    fn rebalance(&mut self, situation: &Situation<'_>, picture: &Picture, shards: ShardRange) -> Option<Action> {
        self.declined.retain(|_, (_, until)| situation.now < *until);
        if !self.may_move(situation, picture) {
            return None;
        }
        let target = targets(&situation.members, shards);
        let declined = |shard, to| self.declined.get(&shard).is_some_and(|(node, _)| *node == to);
        let misplaced = picture.shards.iter().filter_map(|seen| {
            let to = target(seen.shard).filter(|to| *to != situation.me)?;
            let mine = seen.standing == Standing::Mine && situation.holdings.serving.contains(&seen.shard);
            let movable = mine && picture.has_stayed(seen.shard, MIN_STAY) && !declined(seen.shard, to);
            movable.then_some((seen.shard, to))
        });
        let (shard, to) = misplaced.min_by_key(|(shard, to)| (picture.load(*to), *shard))?;
        self.last = Some((shard, situation.now));
        Some(Action::Release { shard, to })
    }

    /// Returns whether a move may begin: the members have been the same for long enough, this node is busy with no
    /// shard, and the last one that it moved has arrived.
    fn may_move(&self, situation: &Situation<'_>, picture: &Picture) -> bool {
        let has_arrived = self.last.is_none_or(|(shard, at)| {
            situation.sent > at && picture.is_owned(shard) || situation.now.saturating_sub(at) >= MIN_STAY
        });
        let holdings = situation.holdings;
        let is_busy = !holdings.loading.is_empty() || !holdings.releasing.is_empty();
        picture.members_unchanged_for >= STABLE_MEMBERS && !is_busy && has_arrived
    }
}

/// Releases a few shards at a time to where they should be without this node. Without any other member they stay.
fn leave(situation: &Situation<'_>, shards: ShardRange) -> Vec<Action> {
    let target = targets(&situation.others(), shards);
    let holdings = situation.holdings;
    let room = MAX_RELEASES.saturating_sub(holdings.releasing.len());
    let served = holdings.serving.difference(&holdings.releasing);
    let release = |shard: &ShardId| target(*shard).map(|to| Action::Release { shard: *shard, to });
    served.filter_map(release).take(room).collect()
}
