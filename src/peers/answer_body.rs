//! Body of a peer's answer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use http::HeaderMap;
use http_body::Frame;
use tokio_util::task::AbortOnDropHandle;
use tonic::Status;

use super::pool::Permit;
use crate::status;

/// A body that holds its place among the calls to the peer until it was read, and ends with a status when its connection
/// is lost: a client would take a stream that is reset for something else in each language.
#[derive(Debug)]
pub(super) struct AnswerBody {
    /// `None` once it has ended.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    stream: RecvStream,
    _permit: Permit,
    /// The rest of the request. Ends with the answer.
    _upload: Option<AbortOnDropHandle<()>>,
}

impl AnswerBody {
    pub fn new(stream: RecvStream, permit: Permit, upload: Option<AbortOnDropHandle<()>>) -> Self {
        Self { open: Some(Open { stream, _permit: permit, _upload: upload }) }
    }
}

impl Open {
    /// The next frame; `None`: the peer has sent everything.
    fn poll_frame(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Frame<Bytes>>, h2::Error>> {
        match ready!(self.stream.poll_data(context)) {
            Some(Ok(data)) => {
                // It is on its way to the client, who is slow by himself: the peer may send more when he has read this.
                let _ = self.stream.flow_control().release_capacity(data.len());
                Poll::Ready(Ok(Some(Frame::data(data))))
            }
            Some(Err(error)) => Poll::Ready(Err(error)),
            None => self.stream.poll_trailers(context).map_ok(|trailers| trailers.map(Frame::trailers)),
        }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(open) = &mut self.open else { return Poll::Ready(None) };
        let frame = match ready!(open.poll_frame(context)) {
            Ok(Some(frame)) if frame.is_data() => return Poll::Ready(Some(Ok(frame))),
            Ok(last) => last.map(Ok),
            Err(error) => {
                tracing::debug!(%error, "the answer of a peer broke off");
                let mut trailers = HeaderMap::new();
                let added = status::outcome_unknown().add_header(&mut trailers);
                Some(added.map(|()| Frame::trailers(trailers)))
            }
        };
        self.open = None;
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.open.as_ref().is_none_or(|open| open.stream.is_end_stream())
    }
}
