//! A peer as the generated client of `PeerService` sees it.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tonic::body::Body;
use tower::Service;

use super::pool::Pool;
use super::sending::{Lost, send};
use crate::proto::peer::v1::peer_service_client::PeerServiceClient;

/// Client of the calls between nodes.
pub type PeerClient = PeerServiceClient<Channel>;

/// The connections to one peer.
#[derive(Debug, Clone)]
pub struct Channel(pub(super) Arc<Pool>);

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Response<Body>>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let pool = Arc::clone(&self.0);
        Box::pin(async move {
            match send(&pool, request, false).await {
                Ok(response) => Ok(response.map(Body::new)),
                Err(Lost::NotSent) => Err(io::ErrorKind::NotConnected.into()),
                Err(Lost::Unknown) => Err(io::ErrorKind::ConnectionReset.into()),
            }
        })
    }
}
