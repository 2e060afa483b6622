//! Sends one call to a peer, and reports what became of it.

use std::error::Error;
use std::pin::Pin;

use h2::Reason;
use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};
use http::{Request, Response};
use tokio_util::task::AbortOnDropHandle;
use tonic::body::Body;

use super::answer_body::AnswerBody;
use super::pool::Pool;
use super::upload::Upload;

/// A call that got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lost {
    /// The peer has not carried it out, and will not.
    NotSent,
    /// The connection was lost after the call was sent.
    Unknown,
}

/// Sends a call, and waits for the head of its answer.
pub(super) async fn send(pool: &Pool, call: Request<Body>, relayed: bool) -> Result<Response<AnswerBody>, Lost> {
    let (mut head, body) = call.into_parts();
    head.uri = uri(&pool.peer.address, head.uri).ok_or(Lost::NotSent)?;
    head.version = http::Version::HTTP_2;
    let (mut sender, permit) = pool.connection(relayed).await.map_err(|_| Lost::NotSent)?;
    let (mut answer, stream) = sender.send(Request::from_parts(head, ())).map_err(|_| Lost::NotSent)?;
    drop(sender);
    let mut upload = Upload::new(body, stream);
    // Nearly always the upload is over before the answer begins, and needs no task.
    let answered = std::future::poll_fn(|context| {
        let uploaded = Pin::new(&mut upload).poll(context).is_ready();
        Pin::new(&mut answer).poll(context).map(|answered| (answered, uploaded))
    });
    match answered.await {
        (Ok(response), uploaded) => {
            let upload = (!uploaded).then(|| AbortOnDropHandle::new(tokio::spawn(upload)));
            Ok(response.map(|body| AnswerBody::new(body, permit, upload)))
        }
        (Err(error), _) if !upload.has_begun() || is_refused(&error) => Err(Lost::NotSent),
        (Err(error), _) => {
            let error = &error as &dyn Error;
            tracing::debug!(node = %pool.peer.node, error, "a call was lost on the way to a peer, or back");
            Err(Lost::Unknown)
        }
    }
}

/// The path of a call at another address.
fn uri(address: &Authority, uri: Uri) -> Option<Uri> {
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTPS);
    parts.authority = Some(address.clone());
    parts.path_and_query = uri.into_parts().path_and_query.or(Some(PathAndQuery::from_static("/")));
    Uri::from_parts(parts).ok()
}

/// True if the peer says that it has not looked at the call: it refuses the stream, or was about to go away before the
/// call came. HTTP/2 promises that both were not processed (RFC 9113, sections 6.8 and 8.7).
fn is_refused(error: &h2::Error) -> bool {
    let refused = error.is_reset() && error.reason() == Some(Reason::REFUSED_STREAM);
    error.is_remote() && (refused || error.is_go_away())
}

#[cfg(test)]
mod tests;
