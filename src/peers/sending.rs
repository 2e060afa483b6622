//! Sends one call to a peer, and reports what became of it.

use std::error::Error;

use h2::Reason;
use http::uri::{PathAndQuery, Scheme, Uri};
use http::{Request, Response};
use hyper::body::Incoming;
use tonic::body::Body;

use super::pool::{Permit, Pool};
use super::request_body::RequestBody;

/// A call that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The peer has not carried it out, and will not.
    NotSent,
    /// The connection was lost after the call was sent.
    Unknown,
}

/// Sends a call. A connection that turns out to be closed before anything was sent is replaced once.
pub(super) async fn send(
    pool: &Pool,
    call: Request<Body>,
    relayed: bool,
) -> Result<(Response<Incoming>, Permit), Lost> {
    let (mut parts, body) = call.into_parts();
    parts.uri = uri(&pool.peer.address, &parts.uri).ok_or(Lost::NotSent)?;
    parts.version = http::Version::HTTP_2;
    let (body, begun) = RequestBody::new(body);
    let mut call = Request::from_parts(parts, body);
    for _ in 0..2 {
        let (mut sender, permit) = pool.connection(relayed).await.map_err(|_| Lost::NotSent)?;
        let mut failed = match sender.try_send_request(call).await {
            Ok(response) => return Ok((response, permit)),
            Err(failed) => failed,
        };
        if let Some(not_sent) = failed.take_message() {
            call = not_sent;
            continue;
        }
        let error = failed.into_error();
        if !begun.is() || is_refused(&error) {
            return Err(Lost::NotSent);
        }
        tracing::debug!(node = %pool.peer.node, error = &error as &dyn Error, "a call was lost on the way to a peer, or back");
        return Err(Lost::Unknown);
    }
    Err(Lost::NotSent)
}

/// The path of a call at another address.
fn uri(address: &http::uri::Authority, uri: &Uri) -> Option<Uri> {
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    Uri::builder().scheme(Scheme::HTTPS).authority(address.clone()).path_and_query(path).build().ok()
}

/// True if the peer says that it has not looked at the call: it refuses the stream, or was about to go away before the
/// call came. HTTP/2 promises that both were not processed (RFC 9113, sections 6.8 and 8.7).
fn is_refused(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>());
    cause.is_some_and(|cause| {
        let refused = cause.is_reset() && cause.reason() == Some(Reason::REFUSED_STREAM);
        cause.is_remote() && (refused || cause.is_go_away())
    })
}

#[cfg(test)]
mod tests;
