use futures_util::FutureExt;
use http_body::Body as _;
use http_body_util::{BodyExt, StreamBody};
use tokio_stream::iter;
use tonic::Status;

use super::super::upload_budget::UploadBudget;
use super::*;
use crate::auth::{Caller, Principal};
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

const LARGEST: usize = 256 * 1024;

/// A message of this length.
fn message(length: usize) -> Vec<u8> {
    let content = (0..length).map(|at| at as u8);
    [&[0][..], &u32::try_from(length).unwrap().to_be_bytes(), &content.collect::<Vec<_>>()].concat()
}

/// A body with these bytes, in chunks.
fn source(bytes: &[u8], chunk: usize) -> Body {
    let chunks: Vec<_> = bytes.chunks(chunk).map(|chunk| Ok::<_, Status>(Frame::data(chunk.to_vec().into()))).collect();
    Body::new(StreamBody::new(iter(chunks)))
}

fn kept(bytes: &[u8], chunk: usize, uploads: bool) -> (RequestBody<Body>, Arc<dyn KeptBody>) {
    RequestBody::kept(source(bytes, chunk), Keep { largest: LARGEST, uploads })
}

async fn read<B: http_body::Body<Data = Bytes> + Unpin>(body: &mut B, frames: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..frames {
        match body.frame().await {
            Some(Ok(frame)) => bytes.extend_from_slice(frame.data_ref().expect("data")),
            Some(Err(_)) | None => break,
        }
    }
    bytes
}

#[tokio::test]
async fn a_body_is_given_again_from_its_beginning_wherever_its_reader_stopped() {
    let sent = [message(300), message(0), message(700)].concat();
    for chunk in [1, 3, 5, 64, 10_000] {
        for stop in [0, 1, 4, 7, usize::MAX] {
            let (mut first, kept) = kept(&sent, chunk, true);
            read(&mut first, stop).await;
            let mut second = Arc::clone(&kept).again().expect("it is short");
            read(&mut second, stop.min(3)).await;
            let third = kept.again().expect("it is short");
            let all = third.collect().await.unwrap().to_bytes();
            assert!(all == sent, "in chunks of {chunk}, stopped at {stop}: {} bytes", all.len());
        }
    }
}

async fn peek(kept: &Arc<dyn KeptBody>) -> Option<Bytes> {
    std::future::poll_fn(|context| kept.poll_peek(context)).await
}

#[tokio::test]
async fn what_was_peeked_at_is_read_all_the_same() {
    let sent = [message(300), message(700)].concat();
    for chunk in [1, 5, 64, 10_000] {
        for stop in [0, 1, 4, usize::MAX] {
            let (mut first, kept) = kept(&sent, chunk, true);
            assert_eq!(peek(&kept).await.as_deref(), Some(&sent[..chunk.min(sent.len())]));
            assert!(!first.is_end_stream());
            let read = read(&mut first, stop).await;
            assert!(sent.starts_with(&read) && (stop < usize::MAX || read == sent), "in chunks of {chunk}");
            let again = kept.again().expect("it is short").collect().await.unwrap().to_bytes();
            assert!(again == sent, "in chunks of {chunk}, stopped at {stop}: {} bytes", again.len());
        }
    }
}

#[tokio::test]
async fn of_a_body_that_has_not_arrived_or_breaks_off_or_is_too_long_nothing_is_seen_early() {
    let keep = Keep { largest: LARGEST, uploads: false };
    let pending = Body::new(StreamBody::new(tokio_stream::pending::<Result<Frame<Bytes>, Status>>()));
    let (_body, kept) = RequestBody::kept(pending, keep);
    assert_eq!(peek(&kept).now_or_never(), None, "it waits");
    let broken = Body::new(StreamBody::new(iter([Err::<Frame<Bytes>, _>(Status::cancelled("reset by its client"))])));
    let (mut body, kept) = RequestBody::kept(broken, keep);
    assert_eq!(peek(&kept).await, None);
    assert!(body.frame().await.expect("no end").is_err(), "the reader gets the error");
    let bytes = message(LARGEST + 1);
    let (mut body, kept) = self::kept(&bytes, 16 * 1024, false);
    assert_eq!(peek(&kept).await, None);
    assert!(read(&mut body, usize::MAX).await == bytes, "the service reads everything");
    let (mut body, kept) = self::kept(&[], 1, false);
    assert_eq!(peek(&kept).await, None);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn who_still_reads_an_earlier_body_gets_an_error_and_no_end() {
    let (mut first, kept) = kept(&message(10), 4, true);
    read(&mut first, 1).await;
    let mut second = Arc::clone(&kept).again().unwrap();
    assert!(!first.is_end_stream());
    assert!(first.frame().await.expect("no end").is_err());
    let _third = kept.again().unwrap();
    assert!(second.frame().await.expect("no end").is_err());
}

#[tokio::test]
async fn of_one_request_no_more_is_kept_than_its_message() {
    for (bytes, chunk, uploads, again) in [
        (message(1_000), 100, false, true),
        (message(LARGEST), 16 * 1024, false, true),
        // Longer than the service accepts: it refuses it, and nobody else reads it.
        (message(LARGEST + 1), 16 * 1024, false, false),
        // A second message, which no such method has, and without end.
        ([message(1_000), message(1)].concat(), 100, false, false),
        // Uploads: the first message, or 64 KiB.
        ([message(1_000), message(60 * 1024)].concat(), 100, true, true),
        ([message(1_000), message(64 * 1024)].concat(), 100, true, false),
        (message(LARGEST), 16 * 1024, true, true),
        ([message(LARGEST), message(0)].concat(), LARGEST + HEADER_BYTES, true, false),
    ] {
        let (mut body, kept) = kept(&bytes, chunk, uploads);
        assert!(read(&mut body, usize::MAX).await == bytes, "the service reads everything");
        assert_eq!(kept.again().is_some(), again, "{} bytes, uploads: {uploads}", bytes.len());
    }
}

#[tokio::test]
async fn frames_of_one_byte_are_kept_as_bytes() {
    let bytes = message(40_000);
    let keep = Keep { largest: LARGEST, uploads: false };
    let mut kept = KeptBytes::new(keep);
    for byte in &bytes {
        kept.add(&[*byte]);
    }
    assert!(kept.seal() && kept.chunks.len() == 1 && kept.chunks[0] == bytes);
    kept.add(&[0]);
    assert!(!kept.seal() && kept.chunks.is_empty() && kept.last.capacity() == 0, "given up, and freed");
}

#[tokio::test]
async fn a_request_that_did_not_arrive_is_not_sent_on() {
    let frames = [Ok(Frame::data(Bytes::from(message(10)))), Err(Status::cancelled("reset by its client"))];
    let source = Body::new(StreamBody::new(iter(frames)));
    let (mut body, kept) = RequestBody::kept(source, Keep { largest: LARGEST, uploads: true });
    read(&mut body, usize::MAX).await;
    assert!(kept.again().is_none());
}

#[tokio::test]
async fn what_is_kept_counts_against_the_upload_budget() {
    let budget = UploadBudget::new(LARGEST);
    let principal = Principal::new(Actor("somebody".into()), Roles::ALL, Tenants::All);
    let caller = Caller { principal: Arc::new(principal), needs: Roles::ALL };
    let bytes = message(100 * 1024);
    let body = budget.give(Some(caller), source(&bytes, 1_000));
    let (mut body, kept) = RequestBody::kept(body, Keep { largest: LARGEST, uploads: false });
    assert!(read(&mut body, usize::MAX).await == bytes);
    drop(body);
    assert!(budget.taken() >= 80 * 1024, "the service has read it, and it is still in memory");
    let again = Arc::clone(&kept).again().unwrap();
    drop(kept);
    assert!(budget.taken() >= 80 * 1024);
    drop(again);
    assert_eq!(budget.taken(), 0);
}
