//! Body of a peer's answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use tonic::Status;

use super::pool::Permit;
use crate::status;

/// A body that holds its place among the calls to the peer until it was read, and ends with a status when its connection
/// is lost: a client would take a stream that is reset for something else in each language.
pub(super) struct AnswerBody {
    /// `None` once it has ended.
    open: Option<(Incoming, Permit)>,
}

impl AnswerBody {
    pub fn new(body: Incoming, permit: Permit) -> Self {
        Self { open: Some((body, permit)) }
    }
}

impl http_body::Body for AnswerBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some((body, _)) = &mut self.open else { return Poll::Ready(None) };
        match Pin::new(body).poll_frame(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(Ok(frame))),
            Poll::Ready(None) => {
                self.open = None;
                Poll::Ready(None)
            }
            Poll::Ready(Some(Err(error))) => {
                tracing::debug!(%error, "the answer of a peer broke off");
                self.open = None;
                let mut trailers = HeaderMap::new();
                let added = status::outcome_unknown().add_header(&mut trailers);
                Poll::Ready(Some(added.map(|()| Frame::trailers(trailers))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.open.as_ref().is_none_or(|(body, _)| body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.open.as_ref().map_or_else(SizeHint::default, |(body, _)| body.size_hint())
    }
}
