//! Request bodies that can be given again: while a service reads one, its bytes are kept, so that a call that this
//! process must not answer can be sent to the one that can (C8).
//!
//! The bytes are copied into one buffer. Keeping the frames themselves would hold a whole read buffer of the connection
//! for a request of a hundred bytes, and a list entry for each frame, however small a client makes them.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Frame, SizeHint};
use tonic::body::Body;
use tonic::codegen::StdError;

use crate::status;

/// Bytes before each message: a flag, and its length in four bytes.
const HEADER_BYTES: usize = 5;
/// Bytes of an upload that are kept, unless its first message is longer.
const MAX_UPLOAD_BYTES: usize = 64 * 1024;

/// How much of a request is kept.
///
/// Never more than the upload budget already counts. It counts a long message until its reader asks for the next one;
/// the first message is kept no longer than that, unless it fits into the bytes that are free for each call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// Longest message that the service accepts, in bytes.
    pub largest: usize,
    /// True: the client may send several messages.
    pub uploads: bool,
}

/// A request body, as a service reads it.
#[derive(Debug)]
pub struct RequestBody<B>(Inner<B>);

#[derive(Debug)]
enum Inner<B> {
    Plain(B),
    Kept(Reader<B>),
}

/// A request body whose bytes are kept.
pub(super) trait KeptBody: Send + Sync {
    /// Returns the body from its beginning on, which keeps it further. Whoever still reads an earlier one gets an error.
    /// `None`: it has too many bytes to be kept, or has ended with an error.
    fn again(self: Arc<Self>) -> Option<Body>;

    /// Waits for the first bytes of the body, and returns them if they are kept. Nobody has read the body yet; whoever
    /// does gets them all the same.
    fn poll_peek(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>>;
}

impl<B: http_body::Body<Data = Bytes> + Unpin> RequestBody<B> {
    /// A body that is read once.
    pub fn plain(body: B) -> Self {
        Self(Inner::Plain(body))
    }
}

impl<B> RequestBody<B>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<StdError>,
{
    /// A body that is kept while it is read.
    pub(super) fn kept(body: B, keep: Keep) -> (Self, Arc<dyn KeptBody>) {
        let bytes = KeptBytes::new(keep);
        let kept = Arc::new(Mutex::new(Kept { source: body, ended: false, peeked: None, bytes, reader: 0 }));
        let reader = Reader { kept: Arc::clone(&kept), number: 0, next: 0 };
        (Self(Inner::Kept(reader)), kept)
    }
}

/// What all readers of a body share; only the last one reads.
#[derive(Debug)]
struct Kept<B> {
    source: B,
    ended: bool,
    /// What was taken from the source before anybody read it, for the first reader.
    peeked: Option<Result<Frame<Bytes>, StdError>>,
    bytes: KeptBytes,
    /// Number of the reader that may read.
    reader: u64,
}

impl<B> KeptBody for Mutex<Kept<B>>
where
    B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<StdError>,
{
    fn again(self: Arc<Self>) -> Option<Body> {
        let number = {
            let mut kept = lock(&self);
            if !kept.bytes.seal() {
                return None;
            }
            // It is among the bytes that are kept.
            kept.peeked = None;
            kept.reader += 1;
            kept.reader
        };
        Some(Body::new(Reader { kept: self, number, next: 0 }))
    }

    fn poll_peek(&self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut kept = lock(self);
        let Some(frame) = ready!(kept.poll_source(context)) else { return Poll::Ready(None) };
        let data = frame.as_ref().ok().and_then(|frame| frame.data_ref().cloned());
        kept.peeked = Some(frame);
        Poll::Ready(data.filter(|_| kept.bytes.is_whole))
    }
}

impl<B> Kept<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<StdError>,
{
    /// Takes the next frame of the source, and keeps its bytes.
    fn poll_source(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        match ready!(Pin::new(&mut self.source).poll_frame(context)) {
            Some(Ok(frame)) => {
                match frame.data_ref() {
                    Some(data) => self.bytes.add(data),
                    None => self.ended = true,
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Some(Err(error)) => {
                self.bytes.give_up();
                Poll::Ready(Some(Err(error.into())))
            }
            None => {
                self.ended = true;
                Poll::Ready(None)
            }
        }
    }
}

fn lock<B>(kept: &Mutex<Kept<B>>) -> MutexGuard<'_, Kept<B>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads a kept body: first what is kept, then the rest.
#[derive(Debug)]
struct Reader<B> {
    kept: Arc<Mutex<Kept<B>>>,
    number: u64,
    /// Next of the kept chunks.
    next: usize,
}

impl<B> http_body::Body for Reader<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<StdError>,
{
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        let this = &mut *self;
        let mut kept = lock(&this.kept);
        if kept.reader != this.number {
            // An error and not the end: what was read so far must not be taken for the whole request.
            return Poll::Ready(Some(Err(status::sent_elsewhere().into())));
        }
        if let Some(chunk) = kept.bytes.chunks.get(this.next) {
            this.next += 1;
            return Poll::Ready(Some(Ok(Frame::data(chunk.clone()))));
        }
        if let Some(frame) = kept.peeked.take() {
            return Poll::Ready(Some(frame));
        }
        if kept.ended { Poll::Ready(None) } else { kept.poll_source(context) }
    }

    fn is_end_stream(&self) -> bool {
        let kept = lock(&self.kept);
        kept.reader == self.number
            && self.next >= kept.bytes.chunks.len()
            && kept.peeked.is_none()
            && (kept.ended || kept.source.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

impl<B> http_body::Body for RequestBody<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<StdError>,
{
    type Data = Bytes;
    type Error = StdError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StdError>>> {
        match &mut self.0 {
            Inner::Plain(body) => Pin::new(body).poll_frame(context).map_err(Into::into),
            Inner::Kept(reader) => Pin::new(reader).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Plain(body) => body.is_end_stream(),
            Inner::Kept(reader) => reader.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Plain(body) => body.size_hint(),
            Inner::Kept(reader) => reader.size_hint(),
        }
    }
}

/// The bytes of a body from its beginning on.
#[derive(Debug)]
struct KeptBytes {
    keep: Keep,
    /// Header of the first message, as far as it has arrived.
    header: [u8; HEADER_BYTES],
    length: usize,
    /// Bytes that were given again, and those that were read since then.
    chunks: Vec<Bytes>,
    last: BytesMut,
    /// False: nothing is kept any more.
    is_whole: bool,
}

impl KeptBytes {
    fn new(keep: Keep) -> Self {
        let (chunks, last) = (Vec::new(), BytesMut::new());
        Self { keep, header: [0; HEADER_BYTES], length: 0, chunks, last, is_whole: true }
    }

    fn add(&mut self, data: &[u8]) {
        if !self.is_whole {
            return;
        }
        if let Some(missing) = self.header.get_mut(self.length..).filter(|missing| !missing.is_empty()) {
            let these = missing.len().min(data.len());
            missing[..these].copy_from_slice(&data[..these]);
        }
        self.length += data.len();
        if self.length > self.room() {
            self.give_up();
        } else {
            self.last.extend_from_slice(data);
        }
    }

    /// Bytes that may be kept.
    fn room(&self) -> usize {
        let [_, length @ ..] = self.header;
        let first = match u32::from_be_bytes(length) as usize {
            _ if self.length < HEADER_BYTES => HEADER_BYTES,
            // The service refuses it before it reads it.
            length if length > self.keep.largest => 0,
            length => HEADER_BYTES + length,
        };
        if self.keep.uploads { first.max(MAX_UPLOAD_BYTES) } else { first }
    }

    fn give_up(&mut self) {
        (self.is_whole, self.chunks, self.last) = (false, Vec::new(), BytesMut::new());
    }

    /// Makes what was read since the last time a chunk of its own. Returns false if nothing is kept.
    fn seal(&mut self) -> bool {
        if !self.last.is_empty() {
            let last = self.last.split().freeze();
            self.chunks.push(last);
        }
        self.is_whole
    }
}

#[cfg(test)]
mod tests;
