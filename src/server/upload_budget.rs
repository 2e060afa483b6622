//! Budget of bytes for large requests that are being received, for all clients together; one caller has a share of it.
//! Memory for a message is taken when its length is announced, and kept until it is complete: without a budget, a
//! client could announce many messages and never send them.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::auth::Caller;
use crate::auth::shares::{Permit, SharedPermits};
use crate::status;

/// Bytes of each message that are free: nearly all requests of people and consoles are smaller, and go on while large
/// ones must wait.
const FREE_BYTES: usize = 16 * 1024;
/// Number of messages of the largest size that fit into the budget.
const MAX_LARGEST_MESSAGES: usize = 16;
/// Bytes before each message: a flag, and its length in four bytes.
const HEADER_BYTES: usize = 5;

/// The budget, in bytes.
#[derive(Debug)]
pub(super) struct UploadBudget {
    /// Permits, in bytes.
    permits: Arc<SharedPermits>,
    /// Maximum length of one message. A longer one is refused by its decoder, before it takes any memory.
    largest: usize,
}

impl UploadBudget {
    pub fn new(largest: usize) -> Arc<Self> {
        Arc::new(Self { permits: SharedPermits::new(MAX_LARGEST_MESSAGES * largest), largest })
    }

    /// Maximum length of one message, in bytes.
    pub fn largest(&self) -> usize {
        self.largest
    }

    /// Wraps the body of a caller's request, which ends with an error when the budget has no room for one of its
    /// messages. Without a caller, only small messages are accepted.
    pub fn give(self: &Arc<Self>, caller: Option<Caller>, body: Body) -> Body {
        Body::new(BudgetedBody {
            body,
            header: Vec::with_capacity(HEADER_BYTES),
            missing: 0,
            taken: None,
            rest: Bytes::new(),
            caller,
            budget: Arc::clone(self),
        })
    }
}

struct BudgetedBody {
    body: Body,
    /// Header of the next message, as far as it has arrived.
    header: Vec<u8>,
    /// Bytes of this message that have not arrived.
    missing: usize,
    taken: Option<Permit>,
    /// Bytes that arrived together with the end of a message for which a permit is taken. They are given when the
    /// reader asks for more: it has read that message then, and keeps it no longer.
    rest: Bytes,
    caller: Option<Caller>,
    budget: Arc<UploadBudget>,
}

impl BudgetedBody {
    /// Follows the messages in the bytes that arrived, and takes permits for those that begin in them. Returns the number
    /// of bytes that may be given now: up to the end of the first message that holds a permit.
    ///
    /// # Errors
    /// `UNAVAILABLE` when the budget has no room; `INVALID_ARGUMENT` for a large message without a caller.
    fn follow(&mut self, all: &[u8]) -> Result<usize, Status> {
        let mut bytes = all;
        while !bytes.is_empty() {
            let wanted = if self.missing > 0 { self.missing } else { HEADER_BYTES - self.header.len() };
            let (these, rest) = bytes.split_at(wanted.min(bytes.len()));
            bytes = rest;
            if self.missing > 0 {
                self.missing -= these.len();
                if self.missing == 0 && self.taken.is_some() {
                    break;
                }
                continue;
            }
            self.header.extend(these);
            if let [_, length @ ..] = &*self.header
                && let Ok(length) = <[u8; 4]>::try_from(length)
            {
                self.header.clear();
                self.missing = u32::from_be_bytes(length) as usize;
                self.exchange_permit(self.missing)?;
            }
        }
        Ok(all.len() - bytes.len())
    }

    fn poll_source(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.rest.is_empty() {
            return http_body::Body::poll_frame(Pin::new(&mut self.body), context);
        }
        Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.rest)))))
    }

    /// Returns the permit of the previous message, and takes one for a message of this length.
    fn exchange_permit(&mut self, length: usize) -> Result<(), Status> {
        self.taken = None;
        let needed = if length > self.budget.largest { 0 } else { length.saturating_sub(FREE_BYTES) };
        if needed == 0 {
            return Ok(());
        }
        let Some(caller) = &self.caller else {
            return Err(status::long_for_anybody(FREE_BYTES));
        };
        let permit = self.budget.permits.acquire(caller, None, needed);
        self.taken = Some(permit.map_err(|full| status::no_permit(&status::UPLOADS, full))?);
        Ok(())
    }
}

impl http_body::Body for BudgetedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let polled = self.poll_source(context);
        let Poll::Ready(Some(Ok(frame))) = &polled else { return polled };
        let Some(bytes) = frame.data_ref() else { return polled };
        match self.follow(bytes) {
            Ok(now) if now == bytes.len() => polled,
            Ok(now) => {
                let mut these = bytes.clone();
                self.rest = these.split_off(now);
                Poll::Ready(Some(Ok(Frame::data(these))))
            }
            Err(refused) => Poll::Ready(Some(Err(refused))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.rest.is_empty() { self.body.size_hint() } else { SizeHint::default() }
    }
}

#[cfg(test)]
impl UploadBudget {
    /// Bytes that are taken.
    pub fn taken(&self) -> usize {
        self.permits.taken()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, StreamBody};
    use tokio_stream::iter;

    use super::*;
    use crate::auth::Principal;
    use crate::ledger::access::{Roles, Tenants};
    use crate::ledger::change::Actor;

    const LARGEST: usize = 10 * FREE_BYTES;

    /// The body of a caller's request, in chunks of `chunk` bytes.
    fn body_of(name: &str, budget: &Arc<UploadBudget>, bytes: &[u8], chunk: usize) -> Body {
        let principal = Principal::new(Actor(name.into()), Roles::ALL, Tenants::All);
        let caller = Caller { principal: Arc::new(principal), needs: Roles::ALL };
        let chunks: Vec<_> = bytes.chunks(chunk).map(Bytes::copy_from_slice).collect();
        let frames = chunks.into_iter().map(|chunk| Ok::<_, Status>(Frame::data(chunk)));
        budget.give(Some(caller), Body::new(StreamBody::new(iter(frames))))
    }

    fn body(budget: &Arc<UploadBudget>, bytes: &[u8], chunk: usize) -> Body {
        body_of("somebody", budget, bytes, chunk)
    }

    #[tokio::test]
    async fn without_a_credential_only_small_messages_are_read_and_they_take_no_room() {
        let budget = UploadBudget::new(LARGEST);
        let read = async |length| {
            let frames = [Ok::<_, Status>(Frame::data(Bytes::from(message(length, 10))))];
            let mut body = budget.give(None, Body::new(StreamBody::new(iter(frames))));
            let read = body.frame().await.unwrap().map(drop);
            (read.map_err(|refused| refused.code()), budget.permits.taken())
        };
        assert_eq!(read(FREE_BYTES).await, (Ok(()), 0));
        assert_eq!(read(FREE_BYTES + 1).await, (Err(tonic::Code::InvalidArgument), 0));
    }

    /// A message with an announced length, and the part of it that is sent.
    fn message(announced: usize, sent: usize) -> Vec<u8> {
        [&[0][..], &(announced as u32).to_be_bytes(), &vec![7; sent]].concat()
    }

    #[tokio::test]
    async fn what_is_announced_is_taken_until_the_request_ends_or_its_next_message_begins() {
        let budget = UploadBudget::new(LARGEST);
        let taken = |budget: &UploadBudget| budget.permits.taken();
        for chunk in [1, 3, 5, 1_000_000] {
            let mut held = body(&budget, &message(LARGEST, 10), chunk);
            while held.frame().await.is_some() {}
            assert_eq!(taken(&budget), LARGEST - FREE_BYTES, "in chunks of {chunk}");
            drop(held);
            // The second message is small, and so needs no permit.
            let two = [message(2 * FREE_BYTES, 2 * FREE_BYTES), message(FREE_BYTES, 0)].concat();
            let mut held = body(&budget, &two, chunk);
            while held.frame().await.is_some() {}
            assert_eq!(taken(&budget), 0, "in chunks of {chunk}");
        }
    }

    #[tokio::test]
    async fn a_long_message_is_counted_until_its_reader_asks_for_the_next() {
        let budget = UploadBudget::new(LARGEST);
        let first = message(LARGEST, LARGEST);
        let all = [first.clone(), message(3, 3), message(2, 2)].concat();
        let mut body = body(&budget, &all, all.len());
        let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(frame == first, "{}", frame.len());
        assert_eq!((budget.permits.taken(), http_body::Body::is_end_stream(&body)), (LARGEST - FREE_BYTES, false));
        let rest = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert!(rest == all[first.len()..] && body.frame().await.is_none());
        assert_eq!(budget.permits.taken(), 0);
    }

    #[tokio::test]
    async fn one_too_many_is_refused_and_small_ones_never() {
        let budget = UploadBudget::new(LARGEST);
        let announced = message(LARGEST, 1);
        // The free bytes of all these messages make room for one more.
        let mut held = Vec::new();
        let refused = loop {
            let mut body = body_of(&format!("caller {}", held.len()), &budget, &announced, 6);
            match body.frame().await.unwrap() {
                Ok(_) => held.push(body),
                Err(refused) => break refused,
            }
        };
        assert_eq!((held.len(), refused.code()), (MAX_LARGEST_MESSAGES + 1, tonic::Code::Unavailable));
        for (small, sent) in [(FREE_BYTES, FREE_BYTES), (0, 0), (u32::MAX as usize, 100)] {
            assert!(body(&budget, &message(small, sent), 100).collect().await.is_ok(), "{small}");
        }
        held.clear();
        // One caller has a quarter.
        for _ in 0..MAX_LARGEST_MESSAGES / 4 {
            let mut body = body(&budget, &announced, 6);
            body.frame().await.unwrap().unwrap();
            held.push(body);
        }
        let refused = body(&budget, &announced, 6).frame().await.unwrap().unwrap_err();
        assert!(refused.message().contains("This caller has its share"), "{refused:?}");
        assert!(body_of("another", &budget, &announced, 6).collect().await.is_ok());
        held.clear();
        assert!(body(&budget, &announced, 6).collect().await.is_ok());
    }
}
