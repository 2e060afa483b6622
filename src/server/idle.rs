//! Ends endless request streams on which nothing arrives for a while.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use crate::status;

/// A request body that ends with an error when nothing arrives for `timeout`.
pub(super) struct IdleBody {
    body: Body,
    timeout: Duration,
    sleep: Pin<Box<Sleep>>,
}

impl IdleBody {
    pub fn wrap(body: Body, timeout: Duration) -> Body {
        Body::new(Self { body, timeout, sleep: Box::pin(tokio::time::sleep(timeout)) })
    }
}

impl http_body::Body for IdleBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if polled.is_ready() {
            let timeout = self.timeout;
            self.sleep.set(tokio::time::sleep(timeout));
            return polled;
        }
        match self.sleep.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(status::idle()))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tokio_stream::wrappers::UnboundedReceiverStream;

    use super::*;
    use tokio::time::Instant;

    #[tokio::test(start_paused = true)]
    async fn a_stream_goes_on_while_something_comes_and_ends_when_nothing_does() {
        let timeout = Duration::from_secs(30);
        let (send, frames) = tokio::sync::mpsc::unbounded_channel();
        let frames = UnboundedReceiverStream::new(frames);
        let mut body = IdleBody::wrap(Body::new(StreamBody::new(frames)), timeout);
        for _ in 0..3 {
            tokio::time::advance(timeout - Duration::from_millis(1)).await;
            send.send(Ok::<_, Status>(Frame::data(Bytes::from_static(b"a")))).unwrap();
            body.frame().await.expect("a frame").expect("data");
        }
        let began = Instant::now();
        let ended = body.frame().await.expect("an end").expect_err("an error");
        assert_eq!(ended.code(), tonic::Code::Unavailable);
        assert!((timeout..timeout + Duration::from_secs(1)).contains(&(Instant::now() - began)));
    }
}
