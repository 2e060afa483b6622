//! The connections to one peer, and how many calls go through them.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use rustls::ClientConfig;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::connection::{Sender, Timing, connect};
use super::pins::Pinned;

/// Connections to one peer. One suffices for its calls; more share the work of encryption among processors.
const CONNECTIONS: usize = 4;
/// Open calls from which on the next connection is used: below, one connection writes the calls of many at once.
const SPREAD_AT: usize = 128;

/// Calls to one peer at once: those of clients, and those that another peer has forwarded. Each kind has a budget of its
/// own, for else nodes that are full of each other's calls would wait for each other in a circle. A call that was
/// forwarded already is not forwarded after that, so the second kind waits for nobody.
const MAX_CALLS: usize = 8_192;
const MAX_RELAYED: usize = 2_048;

/// Connections to one peer.
#[derive(Debug)]
pub(super) struct Pool {
    pub peer: Pinned,
    tls: Arc<ClientConfig>,
    timing: Timing,
    connections: [Arc<Slot>; CONNECTIONS],
    calls: Arc<Semaphore>,
    relayed: Arc<Semaphore>,
}

/// A place for a connection.
#[derive(Debug, Default)]
struct Slot {
    state: Mutex<State>,
    /// Open calls.
    open: AtomicUsize,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Closed,
    /// Everybody who needs it waits for the same attempt, and fails with it.
    Connecting(Connecting),
    Open(Sender),
}

type Connecting = Shared<BoxFuture<'static, Result<Sender, Arc<io::Error>>>>;

/// The place of a call among those to its peer, until its answer was read.
#[derive(Debug)]
pub(super) struct Permit {
    _call: OwnedSemaphorePermit,
    slot: Arc<Slot>,
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.slot.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pool {
    pub fn new(peer: Pinned, tls: Arc<ClientConfig>, timing: Timing) -> Self {
        Self {
            peer,
            tls,
            timing,
            connections: Default::default(),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            relayed: Arc::new(Semaphore::new(MAX_RELAYED)),
        }
    }

    /// Returns a connection, and a place on it. Waits while there are too many calls, unless a peer has forwarded this
    /// one.
    ///
    /// # Errors
    /// The peer cannot be connected to, or is full of forwarded calls.
    pub async fn connection(&self, relayed: bool) -> Result<(Sender, Permit), Arc<io::Error>> {
        let full = || Arc::new(io::Error::from(io::ErrorKind::QuotaExceeded));
        let call = if relayed {
            Arc::clone(&self.relayed).try_acquire_owned().map_err(|_| full())?
        } else {
            Arc::clone(&self.calls).acquire_owned().await.map_err(|_| full())?
        };
        let slot = self.slot();
        slot.open.fetch_add(1, Ordering::Relaxed);
        let permit = Permit { _call: call, slot };
        let sender = self.sender(&permit.slot).await?;
        Ok((sender, permit))
    }

    /// Number of open calls.
    #[cfg(test)]
    pub fn open(&self) -> usize {
        self.connections.iter().map(|slot| slot.open.load(Ordering::Relaxed)).sum()
    }

    /// The first connection that has little to do, else the one that has least.
    fn slot(&self) -> Arc<Slot> {
        let open = |slot: &&Arc<Slot>| slot.open.load(Ordering::Relaxed);
        let mut slots = self.connections.iter();
        let slot = slots.find(|slot| open(slot) < SPREAD_AT).or_else(|| self.connections.iter().min_by_key(open));
        Arc::clone(slot.unwrap_or(&self.connections[0]))
    }

    async fn sender(&self, slot: &Arc<Slot>) -> Result<Sender, Arc<io::Error>> {
        let connecting = {
            let mut state = slot.state();
            if let State::Open(sender) = &mut *state
                && !sender.is_closed()
            {
                return Ok(sender.clone());
            }
            match &*state {
                State::Connecting(connecting) => connecting.clone(),
                State::Open(_) | State::Closed => {
                    let connecting = self.connecting(Arc::clone(slot));
                    *state = State::Connecting(connecting.clone());
                    // It goes on if those who wait for it give up.
                    tokio::spawn(connecting.clone());
                    connecting
                }
            }
        };
        connecting.await
    }

    fn connecting(&self, slot: Arc<Slot>) -> Connecting {
        let (peer, tls, timing) = (self.peer.clone(), Arc::clone(&self.tls), self.timing);
        let connecting = async move {
            let connected = connect(&peer.address, tls, timing, peer.gone).await;
            *slot.state() = connected.as_ref().map_or(State::Closed, |sender| State::Open(sender.clone()));
            connected.map_err(|error| {
                tracing::debug!(node = %peer.node, address = %peer.address, %error, "a peer cannot be connected to");
                Arc::new(error)
            })
        };
        connecting.boxed().shared()
    }
}

impl Slot {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
