//! Bytes of large requests that are on their way in, all clients together. A message is kept until it is whole, and
//! one that never becomes whole costs its client nothing.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::service::status;

/// So much of every request is free: what people and consoles ask is smaller, and goes on while large ones must wait.
const FREE: usize = 16 * 1024;

/// What is left for large requests, in bytes.
#[derive(Debug)]
pub(super) struct Rations(AtomicUsize);

impl Rations {
    pub fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(bytes)))
    }

    /// The body of a request, which ends with an error when there is no room for it.
    pub fn give(self: &Arc<Self>, body: Body) -> Body {
        Body::new(Rationed { body, free: FREE, taken: 0, rations: Arc::clone(self) })
    }

    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

struct Rationed {
    body: Body,
    free: usize,
    taken: usize,
    rations: Arc<Rations>,
}

impl Rationed {
    /// Answers whether there is room for so many bytes more.
    fn take(&mut self, bytes: usize) -> bool {
        let free = bytes.min(self.free);
        self.free -= free;
        let paid = bytes - free;
        let fits = paid == 0 || self.rations.take(paid);
        self.taken += if fits { paid } else { 0 };
        fits
    }
}

impl Drop for Rationed {
    fn drop(&mut self) {
        self.rations.0.fetch_add(self.taken, Ordering::Relaxed);
    }
}

impl http_body::Body for Rationed {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) if !self.take(frame.data_ref().map_or(0, Bytes::len)) => {
                Poll::Ready(Some(Err(status::overloaded())))
            }
            _ => polled,
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
    use http_body_util::{BodyExt, Full};

    use super::*;

    #[tokio::test]
    async fn large_requests_share_what_there_is_and_small_ones_are_free() {
        let rations = Rations::new(1_000);
        let request = |bytes: usize| rations.give(Body::new(Full::new(Bytes::from(vec![0; bytes]))));
        let mut held = request(FREE + 900);
        held.frame().await.unwrap().unwrap();
        for _ in 0..3 {
            assert_eq!(request(FREE).collect().await.unwrap().to_bytes().len(), FREE);
            let refused = request(FREE + 101).collect().await.unwrap_err();
            assert_eq!(refused.code(), tonic::Code::Unavailable);
            assert!(request(FREE + 100).collect().await.is_ok());
        }
        drop(held);
        assert!(request(FREE + 1_000).collect().await.is_ok());
    }
}
