//! `--solo`: this process serves alone, or not at all.

use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::{Node, View};
use crate::failure::Failure;
use crate::store::nodes::{NodeRef, NodeState};
use crate::store::open::OpenError;

/// Longest time for which another process may seem to live. One that ended without a word is declared dead within 6.2
/// seconds; one that stops in order leaves by itself.
const PATIENCE: Duration = Duration::from_secs(7);

/// Waits until no other process lives. To be called before this one claims any shard.
///
/// # Errors
/// [`Failure::NotAlone`]: another process lives; or the store is unusable.
pub(super) async fn alone(node: &Node) -> Result<(), Failure> {
    let first = node.first_view().await.map_err(OpenError::Unreachable)?;
    let (mut views, deadline, mut said) = (node.views(), Instant::now() + PATIENCE, false);
    loop {
        let view = views.borrow_and_update().clone();
        // Nothing is known while it joins, or while a heartbeat is missed.
        if let Some(me) = view.me.filter(|_| view.missed == 0) {
            match others(&first, &view, me) {
                Others::Nobody => return Ok(()),
                Others::Lives(host) => return Err(Failure::NotAlone(host)),
                Others::Perhaps(host) if Instant::now() >= deadline => return Err(Failure::NotAlone(host)),
                Others::Perhaps(host) if !said => {
                    tracing::info!(%host, "waiting for another process, which may have ended");
                    said = true;
                }
                Others::Perhaps(_) => {}
            }
        }
        // The sender lives as long as the node.
        let _ = views.changed().await;
    }
}

/// The other processes, with the host of one of them.
#[derive(Debug, PartialEq, Eq)]
enum Others {
    Nobody,
    /// It may be dead, or about to end, or about to give way to this one.
    Perhaps(Box<str>),
    Lives(Box<str>),
}

/// Who else is there, by the first view and the present one. Of two processes that start at the same time, the one with
/// the lower id stays.
fn others(first: &View, now: &View, me: NodeRef) -> Others {
    let mut found = Others::Nobody;
    for row in now.living().filter(|row| row.node != me) {
        let stays = row.state == NodeState::Active || row.state == NodeState::Joining && row.node.id < me.id;
        let before = first.snapshot.nodes.iter().find(|before| before.node == row.node);
        if stays && before.is_some_and(|before| row.heartbeat > before.heartbeat) {
            return Others::Lives(row.host.clone());
        }
        found = Others::Perhaps(row.host.clone());
    }
    found
}

#[cfg(test)]
mod tests;
