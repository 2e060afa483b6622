//! Bodies of answers. A call stays open until the client has read its answer, so that clients that never read are
//! bounded like those that never stop calling. Connections on which answers stay unread for too long are detected.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::Response;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use super::connection::Connection;
use super::stats::CallGuard;

/// Size of a chunk of an answer, in bytes, after which the thread yields the processor: the answer to a login is a
/// hundredth of it.
const CHUNK_BYTES: usize = 32 * 1024;

/// The body of an answer.
#[derive(Debug)]
pub struct ResponseBody {
    body: Body,
    /// Held until the body was sent, or will never be sent.
    _open: Option<(Option<CallGuard>, UnreadGuard)>,
}

impl ResponseBody {
    /// Wraps an answer whose call stays open until it was read. An answer without a body is sent as it is.
    pub(super) fn to(call: CallGuard, connection: Arc<Connection>, response: Response<Body>) -> Response<Self> {
        let sent = http_body::Body::is_end_stream(response.body());
        let open = (!sent).then(|| (Some(call), UnreadGuard::new(connection)));
        response.map(|body| Self { body, _open: open })
    }

    /// Wraps an answer that belongs to no call, but must be read in time.
    pub fn unread(connection: Arc<Connection>, response: Response<Body>) -> Response<Self> {
        response.map(|body| Self { body, _open: Some((None, UnreadGuard::new(connection))) })
    }
}

impl From<Body> for ResponseBody {
    fn from(body: Body) -> Self {
        Self { body, _open: None }
    }
}

impl http_body::Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && frame.data_ref().is_some_and(|data| data.len() >= CHUNK_BYTES)
        {
            // Making this chunk took as long as dozens of logins: let other threads have the processor now.
            std::thread::yield_now();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[derive(Debug)]
struct UnreadGuard {
    connection: Arc<Connection>,
    round: usize,
}

impl UnreadGuard {
    fn new(connection: Arc<Connection>) -> Self {
        let round = connection.unread.add();
        Self { connection, round }
    }
}

impl Drop for UnreadGuard {
    fn drop(&mut self) {
        self.connection.unread.remove(self.round);
    }
}
