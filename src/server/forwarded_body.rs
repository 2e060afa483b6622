//! Answers of peers, as they come in.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::status::{self, Routing};

/// The answer of a peer. When the connection to the peer breaks in the middle of it, the client gets a status, and not a
/// broken stream: its own connection is good.
pub(super) struct ForwardedBody {
    body: Body,
    is_endless: bool,
    has_ended: bool,
}

impl ForwardedBody {
    pub fn wrap(answer: Response<Body>, is_endless: bool) -> Response<Body> {
        if http_body::Body::is_end_stream(answer.body()) {
            return answer;
        }
        answer.map(|body| Body::new(Self { body, is_endless, has_ended: false }))
    }

    fn broken(&self) -> Status {
        if self.is_endless { status::watch_ended() } else { status::outcome_unknown() }
    }
}

impl http_body::Body for ForwardedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.has_ended {
            return Poll::Ready(None);
        }
        let trailers = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => match frame.into_trailers() {
                Ok(mut trailers) => {
                    Routing::take(&mut trailers);
                    trailers
                }
                Err(data) => return Poll::Ready(Some(Ok(data))),
            },
            // An answer without trailers is not whole either.
            broken => {
                if let Some(Err(error)) = broken {
                    tracing::debug!(%error, "the answer of a peer broke off");
                }
                let mut trailers = HeaderMap::new();
                if let Err(unprintable) = self.broken().add_header(&mut trailers) {
                    return Poll::Ready(Some(Err(unprintable)));
                }
                trailers
            }
        };
        self.has_ended = true;
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
