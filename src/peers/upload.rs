//! Body of a call on its way to a peer.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::{Reason, SendStream};
use http_body::Body as _;
use tonic::body::Body;

/// Sends a body as fast as the peer reads it. Dropped before its end, it ends the call.
#[derive(Debug)]
pub(super) struct Upload {
    body: Body,
    stream: SendStream<Bytes>,
    begun: bool,
    ended: bool,
}

/// Why an upload ends early: the body has an error, or the peer wants no more.
struct Ended;

impl Upload {
    pub fn new(body: Body, stream: SendStream<Bytes>) -> Self {
        Self { body, stream, begun: false, ended: false }
    }

    /// Whether anything of the body was taken. While nothing was, the peer has at most the headers of the call, and cannot
    /// have carried it out: every call has a message, and comes with its bytes.
    pub fn has_begun(&self) -> bool {
        self.begun
    }

    /// Sends frames until there is none, or no room for one.
    fn poll_all(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        loop {
            if self.stream.capacity() == 0 {
                self.stream.reserve_capacity(1);
                match ready!(self.stream.poll_capacity(context)) {
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Poll::Ready(Err(Ended)),
                }
            }
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            self.begun = true;
            let is_last = frame.is_none() || self.body.is_end_stream();
            let sent = match frame.map(|frame| frame.map(http_body::Frame::into_data)) {
                None => self.stream.send_data(Bytes::new(), true),
                Some(Ok(Ok(data))) => self.stream.send_data(data, is_last),
                Some(Ok(Err(frame))) => match frame.into_trailers() {
                    Ok(trailers) => return Poll::Ready(self.stream.send_trailers(trailers).map_err(|_| Ended)),
                    Err(_) => continue,
                },
                Some(Err(_)) => {
                    self.stream.send_reset(Reason::CANCEL);
                    return Poll::Ready(Err(Ended));
                }
            };
            if sent.is_err() || is_last {
                return Poll::Ready(sent.map_err(|_| Ended));
            }
        }
    }
}

/// Ready when nothing more is sent.
impl Future for Upload {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !self.ended {
            // Whoever waits for the answer learns the error.
            let (Ok(()) | Err(Ended)) = ready!(self.poll_all(context));
            self.ended = true;
        }
        Poll::Ready(())
    }
}
