//! Answers of streaming calls: counts a stream when it ends, and ends it when its connection must end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body::{Frame, SizeHint};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::Status;
use tonic::body::Body;

use super::codes::code;
use super::connection::Connection;
use super::stats::CallGuard;
use crate::status::{self, routing};

/// The body of a stream.
pub(super) struct Stream {
    body: Body,
    /// `None` once the stream has ended.
    call: Option<CallGuard>,
    /// For an endless stream: resolves when the connection must end.
    ending: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
}

impl Stream {
    pub fn wrap(
        response: Response<Body>,
        mut call: CallGuard,
        endless: bool,
        connection: &Arc<Connection>,
    ) -> Response<Body> {
        if response.headers().contains_key("grpc-status") {
            // No stream was opened: the answer is only an error.
            return response;
        }
        // Without trailers, a stream that stops was abandoned by its client.
        call.code = tonic::Code::Cancelled;
        let ending = endless.then(|| Box::pin(connection.ending().cancelled_owned()));
        response.map(|body| Body::new(Stream { body, call: Some(call), ending }))
    }

    fn panicked(&mut self) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Some(call) = &self.call {
            call.panicked();
        }
        self.end_with(&status::internal())
    }

    /// Ends the stream with these trailers.
    fn end(&mut self, mut trailers: HeaderMap) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        // A stream that has begun is not sent elsewhere: its client resumes it.
        routing::take(&mut trailers);
        if let Some(mut call) = self.call.take() {
            call.code = code(&trailers);
        }
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }

    fn end_with(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let mut trailers = HeaderMap::new();
        match status.add_header(&mut trailers) {
            Ok(()) => self.end(trailers),
            Err(unprintable) => Poll::Ready(Some(Err(unprintable))),
        }
    }
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Self { body, call, .. } = &mut *self;
        let Some(call) = call else { return Poll::Ready(None) };
        let entered = call.scope.enter();
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(context)));
        drop(entered);
        match polled {
            Err(_) => self.panicked(),
            Ok(Poll::Ready(Some(Ok(frame)))) => match frame.into_trailers() {
                Ok(trailers) => self.end(trailers),
                Err(data) => Poll::Ready(Some(Ok(data))),
            },
            Ok(Poll::Ready(other)) => Poll::Ready(other),
            Ok(Poll::Pending) => match self.ending.as_mut().map(|ending| ending.as_mut().poll(context)) {
                Some(Poll::Ready(())) => self.end_with(&status::watch_ended()),
                _ => Poll::Pending,
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        self.call.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tokio_stream::iter;

    use super::super::anonymous::AnonymousBudget;
    use super::super::read_budget::ReadTurn;
    use super::super::{Methods, Stats};
    use super::*;
    use crate::auth::Peer;
    use crate::clock::Clock;
    use crate::ids::ShardId;
    use crate::status::routing::{Routing, marked};

    fn connection() -> Arc<Connection> {
        let address: std::net::SocketAddr = "127.0.0.1:1".parse().unwrap();
        let anonymous = AnonymousBudget::new(10, Clock::system()).connect(address.ip(), false).unwrap();
        Arc::new(Connection::new(Peer::new(address), anonymous, ReadTurn::new(false), Default::default()))
    }

    #[tokio::test]
    async fn a_stream_whose_shard_moved_ends_with_a_status_and_without_a_mark() {
        let status = marked(status::watch_ended(), Routing::NotApplied(ShardId(1)));
        let mut trailers = HeaderMap::new();
        status.add_header(&mut trailers).unwrap();
        assert!(trailers.contains_key("usher-routing"));
        let frames = [Ok::<_, Status>(Frame::data(Bytes::from_static(b"a"))), Ok(Frame::trailers(trailers))];
        let response = Response::new(Body::new(StreamBody::new(iter(frames))));
        let stats = Arc::new(Stats::new(Arc::new(Methods::read(&[]).unwrap())));
        let response = Stream::wrap(response, stats.begin(None).0, false, &connection());
        let all = response.into_body().collect().await.unwrap();
        let trailers = all.trailers().unwrap();
        assert_eq!(Status::from_header_map(trailers).unwrap().code(), tonic::Code::Unavailable);
        assert!(!trailers.contains_key("usher-routing"));
    }
}
