//! The peers' port: only nodes that the store shows get in (C9), and what they call is either between nodes, or a call of
//! the public contract that they forward.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either};
use http::{Request, Response};
use hyper::body::Incoming;
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tonic::Status;
use tonic::body::Body;
use tonic::server::NamedService;
use tower::Service;

use super::connection::Timing;
use super::events::PeerEvents;
use super::head::{self, MAX_HEADERS};
use super::identity::fingerprint;
use super::pins::{Pinned, Pins};
use super::routing;
use super::service::PeerService;
use crate::auth::{Peer, Withdrawn};
use crate::proto::peer::v1::peer_service_server::PeerServiceServer;
use crate::server::{Accepted, Connection, Handler, Handshake, Limits, ResponseBody};
use crate::shards::LocalShards;
use crate::status;
use crate::store::nodes::Fingerprint;

/// Connections of peers: some dozens of nodes, four connections each, old ones beside new ones.
const MAX_CONNECTIONS: usize = 1_024;
/// Of an address that has not shaken hands yet: strangers must not keep peers out.
const MAX_STRANGERS: usize = 64;
/// Open calls on a connection: more than a peer sends on one.
const MAX_STREAMS: u32 = 8_192;
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(2);
/// What a node may ask that was declared dead, because it may have lost the store, and not its clients: where to forward
/// their calls, and for its part of a list, which is a call that is forwarded to several.
const FORWARDING: [&str; 2] = ["/usher.peer.v1.PeerService/GetOwners", "/usher.peer.v1.PeerService/ListTenants"];
/// Peers find out by themselves when they should connect anew.
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Limits of the peers' port. `public`: those of the public one, whose clients are at the other end of each call: they
/// are cut off first, and not the peer that forwards the calls of many.
#[must_use]
pub fn limits(public: &Limits) -> Limits {
    let Timing { ping, answer, .. } = Timing::DEFAULT;
    Limits {
        max_connections: MAX_CONNECTIONS,
        anonymous_connections_of_address: MAX_STRANGERS,
        max_streams: MAX_STREAMS,
        max_headers: MAX_HEADERS,
        max_deadline: public.max_deadline.saturating_mul(4),
        first_call_timeout: HANDSHAKE_TIMEOUT,
        keepalive_interval: ping,
        keepalive_timeout: answer,
        max_connection_age: MAX_AGE,
        ..public.clone()
    }
}

/// Mutual TLS with the nodes that are pinned.
#[derive(Debug)]
pub(super) struct PeerHandshake {
    pub config: Arc<ServerConfig>,
    pub pins: Arc<Pins>,
}

impl Handshake for PeerHandshake {
    fn accept(self: Arc<Self>, socket: TcpStream, address: SocketAddr) -> BoxFuture<'static, io::Result<Accepted>> {
        Box::pin(async move {
            let socket = TlsAcceptor::from(Arc::clone(&self.config)).accept(socket).await?;
            let certificate = socket.get_ref().1.peer_certificates().and_then(<[_]>::first);
            let stranger = || io::Error::from(io::ErrorKind::PermissionDenied);
            // It was pinned when the handshake looked at it, and may be gone since.
            let pinned =
                certificate.and_then(|certificate| self.pins.of(fingerprint(certificate))).ok_or_else(stranger)?;
            let peer = Peer::node(address, pinned.fingerprint.0);
            let withdrawn = pinned.gone.cancelled_owned().map(|()| Withdrawn::Unpinned).boxed();
            Ok(Accepted { socket, peer, is_known: true, withdrawn })
        })
    }
}

/// Answers the calls of peers.
pub struct PeerHandler<H> {
    pins: Arc<Pins>,
    events: Arc<dyn PeerEvents>,
    service: PeerServiceServer<PeerService>,
    /// Answers forwarded calls, each with a [`Forwarded`](crate::server::Forwarded) among its extensions.
    calls: Arc<H>,
}

impl<H> PeerHandler<H> {
    pub(super) fn new(pins: Arc<Pins>, events: Arc<dyn PeerEvents>, shards: LocalShards, calls: Arc<H>) -> Self {
        let service = PeerServiceServer::new(PeerService::new(Arc::clone(&events), shards));
        Self { pins, events, service, calls }
    }

    /// The node that calls.
    fn caller(&self, connection: &Connection) -> Result<Pinned, Status> {
        let fingerprint = connection.peer().fingerprint.map(Fingerprint);
        fingerprint.and_then(|fingerprint| self.pins.of(fingerprint)).ok_or_else(status::not_allowed)
    }

    /// True if a request is between nodes.
    fn is_between_nodes(request: &Request<Incoming>) -> bool {
        let service = request.uri().path().strip_prefix('/').and_then(|path| path.split_once('/'));
        service.is_some_and(|(service, _)| service == PeerServiceServer::<PeerService>::NAME)
    }

    /// Attaches to a request what the peer says with it.
    fn admit(&self, request: &mut Request<Incoming>, connection: &Connection) -> Result<Way, Status> {
        let peer = self.caller(connection)?;
        if Self::is_between_nodes(request) {
            if !peer.lives && !FORWARDING.contains(&request.uri().path()) {
                // It was declared dead: it knows nothing that counts. It may hand on its calls, and asks where to.
                return Err(status::not_allowed());
            }
            request.extensions_mut().insert(peer);
            return Ok(Way::BetweenNodes);
        }
        let forwarded = head::parse(request.headers()).map_err(|error| {
            tracing::warn!(node = %peer.node, %error, "a peer forwards a call that cannot be read");
            status::internal()
        })?;
        request.extensions_mut().insert(forwarded);
        Ok(Way::Forwarded)
    }

    /// Adds to an answer where the shard is, if the call was not carried out here.
    fn with_owner(&self, mut response: Response<ResponseBody>) -> Response<ResponseBody> {
        if let Some(shard) = routing::not_applied(response.headers()) {
            routing::set_owner(response.headers_mut(), shard, self.events.owner(shard));
        }
        response
    }
}

/// What a request is.
enum Way {
    BetweenNodes,
    Forwarded,
}

impl<H: Handler> Handler for PeerHandler<H> {
    fn handle(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send {
        match self.admit(&mut request, &connection) {
            Err(refused) => {
                let answer = refused.into_http::<Body>().map(ResponseBody::from);
                Either::Left(Either::Left(std::future::ready(answer)))
            }
            Ok(Way::BetweenNodes) => {
                let answer = self.service.clone().call(request);
                Either::Left(Either::Right(answer.map(|answer| match answer {
                    Ok(response) => response.map(ResponseBody::from),
                    Err(never) => match never {},
                })))
            }
            Ok(Way::Forwarded) => {
                let answer = Arc::clone(&self.calls).handle(request, connection);
                Either::Right(answer.map(move |answer| self.with_owner(answer)))
            }
        }
    }
}
