//! The other nodes of the installation: connections to them, calls that are sent to them, and what they send.
//!
//! A peer is trusted because the store's table of nodes shows the fingerprint of its certificate, and for as long as it
//! does (C9). Calls of the public contract travel as they came in, with the caller that the first node has let in (C8);
//! what nodes say to each other is [`PeerService`](crate::proto::peer::v1).

mod access;
mod after_others;
mod answer_body;
mod channel;
mod connection;
mod events;
mod following;
mod hand_overs;
mod head;
mod identity;
mod introduction;
mod listener;
mod message;
mod owners;
mod pins;
mod pool;
mod routing;
mod sending;
mod service;
mod shards;
mod tell;
mod tls;
mod upload;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::Request;
use tonic::body::Body;

pub use channel::{Channel, PeerClient};
pub use connection::Timing;
pub use events::PeerEvents;
pub use following::FollowError;
pub use hand_overs::{HandOvers, ShardBatches};
pub use head::ForwardHead;
pub use identity::{Identity, IdentityError};
pub use listener::{PeerHandler, limits};
pub use message::PeerMessage;
pub use owners::PeerOwners;
pub use shards::PeerShards;

use head::MAX_HEADERS;
use listener::PeerHandshake;
use pins::{Pinned, Pins};
use pool::Pool;
use sending::{Lost, send};
use tell::News;

use crate::auth::TokenEdition;
use crate::clock::Clock;
use crate::ids::NodeId;
use crate::server::{Handler, Listener, Sent};
use crate::shards::LocalShards;
use crate::status;
use crate::store::nodes::{Fingerprint, NodeRow};

/// The peers of this process.
pub struct Peers {
    identity: Identity,
    pins: Arc<Pins>,
    /// Replaced whenever somebody comes or goes.
    links: ArcSwap<HashMap<Fingerprint, Link>>,
    timing: Timing,
}

/// What this process has of one peer.
#[derive(Debug, Clone)]
struct Link {
    pool: Arc<Pool>,
    news: Arc<News>,
}

impl Peers {
    /// Nobody yet.
    #[must_use]
    pub fn new(identity: Identity, clock: Clock) -> Self {
        let pins = Arc::new(Pins::new(identity.fingerprint(), clock));
        Self { identity, pins, links: ArcSwap::default(), timing: Timing::DEFAULT }
    }

    /// The fingerprint by which peers know this process.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.identity.fingerprint()
    }

    /// Makes a listener that lets in the peers, and the handler of their calls. `shards` answers what they ask, and `calls`
    /// what they forward.
    ///
    /// # Errors
    /// The key of this process cannot be used for TLS.
    pub fn listen<H: Handler>(
        &self,
        listener: Listener,
        events: Arc<dyn PeerEvents>,
        shards: LocalShards,
        calls: Arc<H>,
    ) -> Result<(Listener, Arc<PeerHandler<H>>), rustls::Error> {
        let config = Arc::new(tls::server_config(&self.identity, Arc::clone(&self.pins))?);
        let handshake = PeerHandshake { config, pins: Arc::clone(&self.pins) };
        let handler = PeerHandler::new(Arc::clone(&self.pins), events, shards, calls);
        Ok((listener.for_peers(Arc::new(handshake)), Arc::new(handler)))
    }

    /// Takes over the rows of the table of nodes, after each read of it. Must be called in the runtime, by one task at a
    /// time. Connections of whoever is gone are cut; whoever died stays for ten minutes, for forwarding only.
    pub fn follow(&self, rows: &[NodeRow]) {
        let fresh: Vec<_> = self.pins.follow(rows).into_iter().filter_map(|pinned| self.link(pinned)).collect();
        let links = self.links.load();
        let is_gone = |link: &Link| link.pool.peer.gone.is_cancelled();
        if fresh.is_empty() && !links.values().any(is_gone) {
            return;
        }
        let kept = links.iter().filter(|(_, link)| !is_gone(link)).map(|(of, link)| (*of, link.clone()));
        let fresh = fresh.into_iter().map(|link| (link.pool.peer.fingerprint, link));
        self.links.store(Arc::new(kept.chain(fresh).collect()));
    }

    fn link(&self, pinned: Pinned) -> Option<Link> {
        let tls = match tls::client_config(&self.identity, pinned.fingerprint) {
            Ok(tls) => Arc::new(tls),
            Err(error) => {
                tracing::error!(%error, "the key of this process cannot be used for connections to peers");
                return None;
            }
        };
        let (pool, news) = (Arc::new(Pool::new(pinned, tls, self.timing)), Arc::<News>::default());
        tokio::spawn(tell::tell(Arc::clone(&news), Arc::clone(&pool)));
        Some(Link { pool, news })
    }

    /// Sends a call to a peer, and waits for the head of its answer. To give up, drop the future: the peer then drops the
    /// call, too. The deadline is the caller's to keep: [`ForwardHead::left`] only tells the peer.
    pub async fn send(&self, to: NodeId, mut call: Request<Body>, head: &ForwardHead) -> Sent {
        let Some(link) = self.find(to) else { return Sent::NotApplied { hint: None } };
        if let Err(error) = head.write(call.headers_mut()) {
            tracing::warn!(caller = %head.caller.actor().0, %error, "a call cannot be forwarded");
            return Sent::Answer(status::headers_too_large(error.0, MAX_HEADERS as usize).into_http());
        }
        match send(&link.pool, call, head.visited.len() > 1).await {
            Err(Lost::NotSent) => Sent::NotApplied { hint: None },
            Err(Lost::Unknown) => Sent::Unknown,
            Ok(response) if routing::not_applied(response.headers()).is_some() => {
                Sent::NotApplied { hint: routing::owner(response.headers()) }
            }
            Ok(response) => Sent::Answer(response.map(Body::new)),
        }
    }

    /// A client for the calls between nodes; `None`: there is no such peer.
    #[must_use]
    pub fn client(&self, to: NodeId) -> Option<PeerClient> {
        self.find(to).map(|link| PeerClient::new(Channel(link.pool)))
    }

    /// Tells a peer something, soon. It may not arrive.
    pub fn tell(&self, to: NodeId, message: PeerMessage) {
        if let Some(link) = self.find(to) {
            link.news.add(message);
        }
    }

    /// Tells all peers that live.
    pub fn tell_all(&self, message: PeerMessage) {
        for node in self.pins.living() {
            self.tell(node, message);
        }
    }

    /// Tells all peers that live that the API tokens, which this process keeps, were changed.
    pub fn tell_tokens_changed(&self, edition: TokenEdition) {
        for link in self.pins.living().into_iter().filter_map(|node| self.find(node)) {
            link.news.add_tokens(edition);
        }
    }

    /// Peers that live.
    #[must_use]
    pub fn living(&self) -> Vec<NodeId> {
        self.pins.living()
    }

    fn find(&self, node: NodeId) -> Option<Link> {
        self.links.load().get(&self.pins.fingerprint(node)?).cloned()
    }
}

impl fmt::Debug for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peers").field("identity", &self.identity).field("pins", &self.pins).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
