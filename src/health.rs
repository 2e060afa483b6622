//! Whether the service is serving: a set of obstacles, empty when it is. The gRPC health service and `/readyz` read
//! the same set, so they never disagree.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use tokio::sync::watch;

use crate::journal::ShardState;

/// How long a shard may be without its store before the service says that it is not serving. Shorter than this, a
/// reconnect is over before a load balancer would have moved anybody.
const AWAY_GRACE: Duration = Duration::from_secs(5);

/// What keeps the service from serving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The ledger is not in memory yet.
    Loading,
    /// Another process owns the shards, and lives.
    Standby,
    /// The store has not confirmed for 3 seconds that this process lives: another one may own its shards.
    NoLease,
    /// A shard is without its store for longer than a moment.
    StoreAway,
    /// A shard's writer has been in one step for seconds: a defect, or a machine that does not run it.
    Stuck,
    /// A shard's store takes no changes, until an operator mends it.
    StoreRefuses,
    /// Another process has a shard. For good: the process is about to end.
    OwnershipLost,
    /// What the store holds makes no sense. For good: the process is about to end.
    Damaged,
    /// The files of the store are not those that were opened. It serves again when those are back.
    StoreReplaced,
    /// A shard's writer is gone, which is a defect. For good: the process is about to end.
    Failed,
    /// The process is about to end.
    Draining,
}

impl Obstacle {
    const ALL: [Obstacle; 11] = [
        Obstacle::Loading,
        Obstacle::Standby,
        Obstacle::NoLease,
        Obstacle::StoreAway,
        Obstacle::Stuck,
        Obstacle::StoreRefuses,
        Obstacle::OwnershipLost,
        Obstacle::Damaged,
        Obstacle::StoreReplaced,
        Obstacle::Failed,
        Obstacle::Draining,
    ];

    fn bit(self) -> u16 {
        1 << self as u8
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Obstacle::Loading => "loading",
            Obstacle::Standby => "standing by: another process owns the shards",
            Obstacle::NoLease => {
                "no lease: the store has not answered for 3 seconds, another process may own the shards"
            }
            Obstacle::StoreAway => "store away",
            Obstacle::Stuck => "a shard is stuck",
            Obstacle::StoreRefuses => "store refuses changes",
            Obstacle::OwnershipLost => "ownership lost",
            Obstacle::Damaged => "store damaged",
            Obstacle::StoreReplaced => "store replaced",
            Obstacle::Failed => "a shard failed",
            Obstacle::Draining => "draining",
        })
    }
}

/// Some obstacles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Obstacles(u16);

impl Obstacles {
    #[must_use]
    pub fn serving(self) -> bool {
        self.0 == 0
    }

    #[must_use]
    pub fn has(self, obstacle: Obstacle) -> bool {
        self.0 & obstacle.bit() != 0
    }

    pub fn iter(self) -> impl Iterator<Item = Obstacle> {
        Obstacle::ALL.into_iter().filter(move |obstacle| self.has(*obstacle))
    }
}

impl fmt::Display for Obstacles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, obstacle) in self.iter().enumerate() {
            write!(f, "{}{obstacle}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

/// Who is told about obstacles, and who may ask.
#[derive(Debug)]
pub struct Readiness {
    obstacles: watch::Sender<Obstacles>,
}

impl Readiness {
    /// Not serving: loading. Nothing is served before somebody says that the ledger is loaded.
    #[must_use]
    pub fn loading() -> Arc<Self> {
        Arc::new(Self { obstacles: watch::Sender::new(Obstacles(Obstacle::Loading.bit())) })
    }

    /// An obstacle appears.
    pub fn hinder(&self, obstacle: Obstacle) {
        self.change(|obstacles| obstacles.0 | obstacle.bit());
    }

    /// An obstacle is gone.
    pub fn clear(&self, obstacle: Obstacle) {
        self.change(|obstacles| obstacles.0 & !obstacle.bit());
    }

    /// An obstacle is there, or not.
    pub fn set(&self, obstacle: Obstacle, there: bool) {
        if there { self.hinder(obstacle) } else { self.clear(obstacle) }
    }

    fn change(&self, change: impl FnOnce(Obstacles) -> u16) {
        self.obstacles.send_if_modified(|obstacles| {
            let before = std::mem::replace(obstacles, Obstacles(change(*obstacles)));
            let (changed, now) = (before != *obstacles, *obstacles);
            match (changed, now.serving()) {
                (false, _) => {}
                (true, true) => tracing::info!("serving"),
                (true, false) => tracing::info!(because = %now, "not serving"),
            }
            changed
        });
    }

    #[must_use]
    pub fn now(&self) -> Obstacles {
        *self.obstacles.borrow()
    }

    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<Obstacles> {
        self.obstacles.subscribe()
    }
}

/// Turns what the shards are doing into obstacles, until one is lost or all have stopped. Loading is not its business:
/// that ends once, when everything is ready.
pub async fn follow(mut shards: Vec<watch::Receiver<ShardState>>, readiness: Arc<Readiness>) {
    loop {
        match seen(&mut shards) {
            Seen::Lost => return readiness.hinder(Obstacle::OwnershipLost),
            Seen::Damaged => return readiness.hinder(Obstacle::Damaged),
            Seen::Failed => return readiness.hinder(Obstacle::Failed),
            Seen::Stopped => return,
            Seen::Serving => {
                readiness.clear(Obstacle::StoreAway);
                readiness.clear(Obstacle::StoreRefuses);
                changed(&mut shards).await;
            }
            // At once: a store that says no will not say yes in a moment.
            Seen::Refuses => {
                readiness.hinder(Obstacle::StoreRefuses);
                changed(&mut shards).await;
            }
            Seen::Away => {
                // Whatever changes meanwhile, the grace runs from the moment at which something was amiss.
                let settled = async {
                    while seen(&mut shards) == Seen::Away {
                        changed(&mut shards).await;
                    }
                };
                if tokio::time::timeout(AWAY_GRACE, settled).await.is_err() {
                    readiness.hinder(Obstacle::StoreAway);
                }
            }
        }
    }
}

/// All shards in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// Every one.
    Serving,
    /// At least one is without its store.
    Away,
    /// At least one has a store that takes no changes.
    Refuses,
    /// At least one: it will not come back.
    Lost,
    /// At least one, and none is lost: its store makes no sense.
    Damaged,
    /// At least one has no writer any more, and nobody stopped it.
    Failed,
    /// At least one, and none is lost: the process is about to end.
    Stopped,
}

fn seen(shards: &mut [watch::Receiver<ShardState>]) -> Seen {
    let mut worst = Seen::Serving;
    for shard in shards {
        let state = *shard.borrow_and_update();
        match state {
            ShardState::Lost => return Seen::Lost,
            ShardState::Damaged => worst = Seen::Damaged,
            _ if worst == Seen::Damaged => {}
            ShardState::Stopped => worst = Seen::Stopped,
            _ if shard.has_changed().is_err() => return Seen::Failed,
            ShardState::StoreRefuses if worst != Seen::Stopped => worst = Seen::Refuses,
            ShardState::StoreAway if worst == Seen::Serving => worst = Seen::Away,
            ShardState::StoreAway | ShardState::StoreRefuses | ShardState::Serving => {}
        }
    }
    worst
}

/// Waits until a shard's state is another than was seen, or its writer is gone.
async fn changed(shards: &mut [watch::Receiver<ShardState>]) {
    let changes = shards.iter_mut().map(|shard| Box::pin(shard.changed()));
    // An error is news as well: the writer is gone.
    let _ = select_all(changes).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use ShardState::{Lost, Serving, Stopped, StoreAway, StoreRefuses};

    #[test]
    fn it_serves_when_no_obstacle_is_left() {
        let readiness = Readiness::loading();
        assert_eq!(readiness.now().to_string(), "loading");
        readiness.hinder(Obstacle::Draining);
        assert_eq!(readiness.now().to_string(), "loading, draining");
        readiness.clear(Obstacle::Loading);
        readiness.clear(Obstacle::Draining);
        assert!(readiness.now().serving());
    }

    /// A service of two shards, and what is told about it.
    struct Serving2 {
        shards: Vec<watch::Sender<ShardState>>,
        readiness: Arc<Readiness>,
        told: watch::Receiver<Obstacles>,
    }

    fn two_shards() -> Serving2 {
        let shards = vec![watch::Sender::new(Serving), watch::Sender::new(Serving)];
        let readiness = Readiness::loading();
        readiness.clear(Obstacle::Loading);
        let states = shards.iter().map(watch::Sender::subscribe).collect();
        tokio::spawn(follow(states, Arc::clone(&readiness)));
        let told = readiness.subscribe();
        Serving2 { shards, readiness, told }
    }

    /// Lets the follower see what was changed.
    async fn settle() {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_is_away_for_a_moment_is_no_obstacle() {
        let service = two_shards();
        settle().await;
        service.shards[1].send_replace(StoreAway);
        settle().await;
        tokio::time::advance(AWAY_GRACE - Duration::from_millis(1)).await;
        service.shards[1].send_replace(Serving);
        settle().await;
        tokio::time::advance(AWAY_GRACE * 2).await;
        settle().await;
        assert!(service.readiness.now().serving());
        assert!(!service.told.has_changed().unwrap(), "it never was an obstacle");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_stays_away_is_an_obstacle_until_it_is_back() {
        let mut service = two_shards();
        service.shards[0].send_replace(StoreAway);
        // The other one follows, later: the grace does not start again.
        tokio::time::advance(AWAY_GRACE / 2).await;
        service.shards[1].send_replace(StoreAway);
        service.told.changed().await.unwrap();
        assert_eq!(service.readiness.now().to_string(), "store away");
        service.shards[0].send_replace(Serving);
        tokio::time::advance(AWAY_GRACE * 2).await;
        settle().await;
        assert_eq!(service.readiness.now().to_string(), "store away");
        service.shards[1].send_replace(Serving);
        service.told.wait_for(|obstacles| obstacles.serving()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_refuses_is_an_obstacle_at_once_until_it_takes_changes() {
        let mut service = two_shards();
        settle().await;
        service.shards[1].send_replace(StoreRefuses);
        settle().await;
        assert_eq!(service.readiness.now().to_string(), "store refuses changes", "no grace");
        // It does not answer for a moment: that clears nothing.
        service.shards[1].send_replace(StoreAway);
        settle().await;
        assert_eq!(service.readiness.now().to_string(), "store refuses changes");
        service.shards[1].send_replace(Serving);
        service.told.wait_for(|obstacles| obstacles.serving()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn lost_ownership_is_an_obstacle_at_once_and_for_good() {
        for before in [Serving, StoreAway] {
            let mut service = two_shards();
            service.shards[0].send_replace(before);
            settle().await;
            service.shards[0].send_replace(Lost);
            service.told.wait_for(|obstacles| obstacles.to_string() == "ownership lost").await.unwrap();
            service.shards[0].send_replace(Serving);
            tokio::time::advance(AWAY_GRACE * 2).await;
            settle().await;
            assert_eq!(service.readiness.now().to_string(), "ownership lost");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_writer_that_is_gone_without_a_word_has_failed() {
        let mut service = two_shards();
        settle().await;
        service.shards.pop();
        service.told.wait_for(|obstacles| obstacles.has(Obstacle::Failed)).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn shards_that_stop_are_no_obstacle_of_their_own() {
        let service = two_shards();
        settle().await;
        service.shards[0].send_replace(Stopped);
        service.shards[1].send_replace(Stopped);
        tokio::time::advance(AWAY_GRACE * 2).await;
        settle().await;
        assert!(service.readiness.now().serving());
    }
}
