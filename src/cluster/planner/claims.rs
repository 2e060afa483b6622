//! Which shards this node claims, and which it gives back (C1, C5): each over exactly the owner of the read in which
//! that owner was dead, absent, or had released the shard.

use std::collections::BTreeMap;
use std::time::Duration;

use super::picture::{ShardSeen, Standing};
use super::{Action, MAX_LOADS, Planner, Situation, UNOWNED_TIMEOUT, targets};
use crate::cluster::placement;
use crate::ids::ShardId;
use crate::store::nodes::NodeRef;

/// Reason for a claim, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// Its owner has released the shard to this node, and has prepared that.
    Successor,
    /// The row names this node: the answer to its claim was lost.
    LostAnswer,
    /// This node should own the shard, and nobody does.
    Target,
    /// Nobody has owned the shard for too long.
    Unowned,
}

impl Planner {
    /// Claims of this node: all shards that were released to it, and of the others only as many as it may load at the
    /// same time.
    pub(super) fn claims(&mut self, situation: &Situation<'_>) -> Vec<Action> {
        let is_candidate =
            |seen: &&ShardSeen| !matches!(seen.standing, Standing::Others(_)) && self.may_claim(seen.shard, situation);
        let candidates: Vec<ShardSeen> = self.picture.shards.iter().filter(is_candidate).copied().collect();
        if candidates.is_empty() || situation.is_leaving {
            return Vec::new();
        }
        let is_barred = !situation.may_own();
        let target = targets(&situation.members, self.shards);
        // Several nodes that start together begin with different shards.
        let preference: BTreeMap<ShardId, usize> =
            placement::by_preference(&situation.host, self.shards).into_iter().zip(0..).collect();
        let mut wanted: Vec<(Reason, Option<usize>, ShardSeen)> = Vec::new();
        for seen in candidates {
            let reason = reason(&seen, situation.me, target(seen.shard));
            if let Some(reason) = reason.filter(|reason| !is_barred || takes_although_barred(*reason, &seen)) {
                wanted.push((reason, preference.get(&seen.shard).copied(), seen));
            }
        }
        wanted.sort_by_key(|(reason, preference, _)| (*reason, *preference));
        let mut room = MAX_LOADS.saturating_sub(situation.holdings.loading.len());
        let mut actions = Vec::new();
        for (reason, _, seen) in wanted {
            if reason != Reason::Successor {
                let Some(rest) = room.checked_sub(1) else { continue };
                room = rest;
            }
            self.moves.claims(&seen, situation);
            actions.push(Action::Claim { shard: seen.shard, over: seen.owner });
        }
        actions
    }

    /// Shards whose rows name this node, which does not hold them and must not claim them.
    pub(super) fn give_back(&self, situation: &Situation<'_>) -> Vec<Action> {
        let not_mine = |seen: &&ShardSeen| {
            seen.standing == Standing::Mine
                && self.is_current(seen.shard, situation)
                && (!situation.may_own() || self.failed.contains_key(&seen.shard))
        };
        let all: Vec<&ShardSeen> = self.picture.shards.iter().filter(not_mine).collect();
        if all.is_empty() {
            return Vec::new();
        }
        let to = targets(&situation.others(), self.shards);
        let give_back = |seen: &ShardSeen| {
            let (shard, owner) = (seen.shard, seen.owner);
            Action::GiveBack { shard, owner, to: to(shard) }
        };
        all.into_iter().map(give_back).collect()
    }

    fn may_claim(&self, shard: ShardId, situation: &Situation<'_>) -> bool {
        self.is_current(shard, situation) && !self.failed.contains_key(&shard)
    }

    /// Returns whether the read says how the shard is: this node has not had to do with it since.
    fn is_current(&self, shard: ShardId, situation: &Situation<'_>) -> bool {
        let touched = self.touched.get(&shard);
        !self.held.contains(&shard) && touched.is_none_or(|touched| *touched < situation.sent)
    }
}

fn reason(seen: &ShardSeen, me: NodeRef, target: Option<NodeRef>) -> Option<Reason> {
    match seen.standing {
        Standing::Mine => Some(Reason::LostAnswer),
        Standing::Others(_) => None,
        Standing::Unowned { successor, .. } if successor == Some(me) => Some(Reason::Successor),
        Standing::Unowned { successor: None, .. } if target == Some(me) => Some(Reason::Target),
        Standing::Unowned { time, .. } => is_overdue(time).then_some(Reason::Unowned),
    }
}

/// Returns whether a node claims a shard although its host is barred. Two nodes may each count the deaths of the other's
/// host, or of their own, and so leave a shard to each other: what nobody has taken, or was handed to this node, is taken.
fn takes_although_barred(reason: Reason, seen: &ShardSeen) -> bool {
    match (reason, seen.standing) {
        (Reason::Successor, _) => true,
        (Reason::Unowned, Standing::Unowned { time, .. }) => time >= 2 * UNOWNED_TIMEOUT,
        _ => false,
    }
}

/// Returns whether the shard goes to whoever sees it.
pub(super) fn is_overdue(time: Duration) -> bool {
    time >= UNOWNED_TIMEOUT
}
