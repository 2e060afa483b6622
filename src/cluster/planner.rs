//! Decides which shards this node claims and releases. Pure: it gets what the heartbeats have read and the time, and
//! returns actions that others carry out. The store decides whether a claim succeeds, so a wrong decision can cost
//! time, but never an answer.

mod claims;
mod clocks;
mod deaths;
mod members;
mod moves;
mod picture;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use self::deaths::Deaths;
pub use self::moves::MAX_RELEASES;
use self::moves::Moves;
use self::picture::Picture;
use super::placement::{self, Member};
use super::view::View;
use crate::ids::{ShardId, ShardRange};
use crate::store::Owner;
use crate::store::nodes::NodeRef;

/// Time after which a shard that nobody owns goes to whoever sees it (C1).
const UNOWNED_TIMEOUT: Duration = Duration::from_secs(2);
/// Time for which a node leaves a shard alone that it could not load (C1).
const FAILED_LOAD_PAUSE: Duration = Duration::from_secs(300);
/// Shards that a node loads at the same time, unless their owner has released them to it (C6).
const MAX_LOADS: usize = 2;

/// Shards that this process has to do with.
#[derive(Debug, Clone, Default)]
pub struct Holdings {
    pub serving: BTreeSet<ShardId>,
    /// Being claimed or loaded.
    pub loading: BTreeSet<ShardId>,
    pub releasing: BTreeSet<ShardId>,
    /// The process is about to end.
    pub draining: bool,
}

impl Holdings {
    fn all(&self) -> impl Iterator<Item = ShardId> {
        [&self.serving, &self.loading, &self.releasing].into_iter().flatten().copied()
    }
}

/// Something that this node must do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Claim the shard over exactly this owner, and load it.
    Claim { shard: ShardId, over: Owner },
    /// Stop serving the shard, and release it to its successor.
    Release { shard: ShardId, to: NodeRef },
    /// Release the shard in the store: its row names this node as `owner`, which does not hold it and must not claim
    /// it. That is what a claim or release leaves behind whose answer was lost.
    GiveBack { shard: ShardId, owner: Owner, to: Option<NodeRef> },
}

impl Action {
    #[must_use]
    pub fn shard(&self) -> ShardId {
        match self {
            Action::Claim { shard, .. } | Action::Release { shard, .. } | Action::GiveBack { shard, .. } => *shard,
        }
    }
}

/// The decisions of one node, and what they remember.
#[derive(Debug)]
pub struct Planner {
    shards: ShardRange,
    /// Number of the last heartbeat that was read.
    heartbeats: u64,
    picture: Picture,
    deaths: Deaths,
    moves: Moves,
    /// Shards that could not be loaded, and until when they are left alone.
    failed: BTreeMap<ShardId, Duration>,
    /// Shards with which this node had to do at the last plan.
    held: BTreeSet<ShardId>,
    /// Time until which this node had to do with a shard. What was read before says nothing of the time since.
    touched: BTreeMap<ShardId, Duration>,
}

/// The present situation, for one plan.
struct Situation<'a> {
    me: NodeRef,
    /// Host name of this node.
    host: Box<str>,
    holdings: &'a Holdings,
    /// Those that may own shards, sorted by id.
    members: Vec<Member>,
    /// This node must not own anything, and gives away what it has.
    is_leaving: bool,
    /// Boot times: of the sending of the heartbeat, and now.
    sent: Duration,
    now: Duration,
}

impl Situation<'_> {
    /// This node is a member.
    fn may_own(&self) -> bool {
        self.members.iter().any(|member| member.node == self.me)
    }

    /// The members without this node.
    fn others(&self) -> Vec<Member> {
        self.members.iter().filter(|member| member.node != self.me).cloned().collect()
    }
}

impl Planner {
    /// `shards`: all of the installation, or those of one cell.
    #[must_use]
    pub fn new(shards: impl Into<ShardRange>) -> Self {
        Self {
            shards: shards.into(),
            heartbeats: 0,
            picture: Picture::default(),
            deaths: Deaths::default(),
            moves: Moves::default(),
            failed: BTreeMap::new(),
            held: BTreeSet::new(),
            touched: BTreeMap::new(),
        }
    }

    /// Returns what this node must do now (`now`: boot time). To be called after each heartbeat, and whenever the
    /// holdings have changed; `holdings` must contain what was begun because of earlier actions. Every action is begun
    /// at once; a claim that fails is planned again after another heartbeat.
    ///
    /// Does nothing while heartbeats are missed: what the node does not see may have changed.
    pub fn plan(&mut self, view: &View, holdings: &Holdings, now: Duration) -> Vec<Action> {
        let former = std::mem::replace(&mut self.held, holdings.all().collect());
        self.touched.extend(self.held.union(&former).map(|shard| (*shard, now)));
        self.failed.retain(|_, until| now < *until);
        let Some(me) = view.me.filter(|_| view.missed == 0) else { return Vec::new() };
        let is_news = view.heartbeats != self.heartbeats;
        if is_news {
            self.heartbeats = view.heartbeats;
            self.deaths.observe(view, me, now);
        }
        let Some(situation) = self.situation(view, me, holdings, now) else { return Vec::new() };
        if is_news {
            self.picture.read(view, me, &situation.members, self.shards);
        }
        let mut actions = self.claims(&situation);
        actions.extend(self.give_back(&situation));
        // A claim that fails, and whatever fails to be given back, waits for another read.
        self.touched.extend(actions.iter().map(|action| (action.shard(), now)));
        if situation.is_leaving || actions.is_empty() {
            actions.extend(self.moves.releases(&situation, &self.picture, self.shards));
        }
        actions
    }

    /// Notes that a shard could not be loaded: it is left alone for 5 minutes. Whoever calls this has released the shard
    /// if it was claimed; if that was not possible, [`Action::GiveBack`] follows.
    pub fn load_failed(&mut self, shard: ShardId, now: Duration) {
        self.failed.insert(shard, now + FAILED_LOAD_PAUSE);
    }

    fn situation<'a>(&self, view: &View, me: NodeRef, holdings: &'a Holdings, now: Duration) -> Option<Situation<'a>> {
        // A successful heartbeat reads the node's own row, too.
        let host = view.living().find(|row| row.node == me)?.host.clone();
        let wrong = clocks::wrong(view, me);
        let is_leaving = holdings.draining || wrong.contains(&me);
        let members = members::members(view, me, holdings.draining, &wrong, |host| self.deaths.bars(host, now));
        Some(Situation { me, host, holdings, members, is_leaving, sent: view.sent, now })
    }
}

/// The member that should own each shard; `None` for all: there are no members.
fn targets(members: &[Member], shards: ShardRange) -> impl Fn(ShardId) -> Option<NodeRef> + use<> {
    let owners = placement::place(members, shards);
    move |shard| owners.get(shards.place(shard)?).copied()
}

#[cfg(test)]
mod tests;
