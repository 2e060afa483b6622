//! State of a connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::anonymous::{AnonymousCall, AnonymousConnection};
use super::read_budget::ReadTurn;
use super::unread::Unread;
use crate::auth::Peer;

/// State of a connection that its calls use.
#[derive(Debug)]
pub struct Connection {
    peer: Peer,
    /// True: a request has arrived.
    called: AtomicBool,
    /// Canceled when the connection must end: endless streams end then.
    ending: CancellationToken,
    pub(super) unread: Unread,
    /// Budget of the connection while it has shown no credential.
    anonymous: Arc<AnonymousConnection>,
    turn: Arc<ReadTurn>,
}

impl Connection {
    /// `turn`: the turns in which the connection is read. `ending` is canceled when it must end.
    pub(super) fn new(
        peer: Peer,
        anonymous: AnonymousConnection,
        turn: Arc<ReadTurn>,
        ending: CancellationToken,
    ) -> Self {
        let (called, unread) = (AtomicBool::new(false), Unread::default());
        Self { peer, called, ending, unread, anonymous: Arc::new(anonymous), turn }
    }

    #[must_use]
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Notes that a request has arrived.
    pub(super) fn note_call(&self) {
        self.called.store(true, Ordering::Relaxed);
    }

    /// Returns true if a request has arrived.
    pub(super) fn has_called(&self) -> bool {
        self.called.load(Ordering::Relaxed)
    }

    /// Marks the connection as authenticated after a call was admitted by its credential.
    pub(super) fn has_shown_credential(&self) {
        self.anonymous.has_shown_credential();
    }

    /// Counts an anonymous call, and reads more slowly when there are too many of them.
    pub(super) fn charge_anonymous_call(&self) {
        let pause = self.anonymous.charge();
        if !pause.is_zero() {
            self.turn.pause(pause);
        }
    }

    /// Takes a permit for an anonymous call.
    pub(super) fn open_anonymous_call(&self) -> Option<AnonymousCall> {
        self.anonymous.open()
    }

    /// Returns a token that is canceled when the connection must end.
    #[must_use]
    pub fn ending(&self) -> CancellationToken {
        self.ending.clone()
    }
}
