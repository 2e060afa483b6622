//! A socket reader with a budget, so that other connections get their turn.
//!
//! HTTP/2 frames can be nine bytes long and request nothing. A connection that always has more of them would be read
//! for as long as the runtime permits, which counts reads and not frames: tens of milliseconds, in which its thread
//! serves no other connection.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// Bytes that are read in one turn: a thousand of the smallest frames, and more than most calls have.
const TURN_BYTES: usize = 8 * 1024;
/// Bytes that are read in one turn of a client that exceeds its rate: a few calls.
const PACED_TURN_BYTES: usize = 512;

/// Bytes that a connection may read before other connections get their turn, and the time for which it must not be
/// read. One turn is one poll of the connection: all calls that were read in it are also accepted in it, so that no
/// more calls than fit into one turn wait to be accepted.
#[derive(Debug)]
pub(super) struct ReadTurn {
    /// Bytes left in this turn.
    left: AtomicUsize,
    /// Bytes of the next turn.
    next: AtomicUsize,
    /// Microseconds for which nothing must be read.
    pause: AtomicU64,
}

impl ReadTurn {
    /// `is_paced`: the first turn is a short one.
    pub fn new(is_paced: bool) -> Arc<Self> {
        let next = AtomicUsize::new(if is_paced { PACED_TURN_BYTES } else { TURN_BYTES });
        Arc::new(Self { left: AtomicUsize::new(0), next, pause: AtomicU64::new(0) })
    }

    /// Begins a turn.
    pub fn begin(&self) {
        self.left.store(self.next.load(Ordering::Relaxed), Ordering::Relaxed);
    }

    /// Stops reading for `pause`, and reads little in the turn after that.
    pub fn pause(&self, pause: Duration) {
        let micros = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        self.pause.fetch_max(micros, Ordering::Relaxed);
        self.next.store(PACED_TURN_BYTES, Ordering::Relaxed);
        self.left.store(0, Ordering::Relaxed);
    }

    fn take_pause(&self) -> Option<Duration> {
        // Nearly always there is no pause, and then nothing is written.
        let there = self.pause.load(Ordering::Relaxed) > 0;
        there.then(|| Duration::from_micros(self.pause.swap(0, Ordering::Relaxed)))
    }

    fn took(&self, bytes: usize) {
        let left = self.left.load(Ordering::Relaxed).saturating_sub(bytes);
        self.left.store(left, Ordering::Relaxed);
        // After a turn without a call that causes a pause, the connection is read as before.
        if left == 0 {
            self.next.store(TURN_BYTES, Ordering::Relaxed);
        }
    }
}

/// Reads a socket within the turns of its connection.
#[derive(Debug)]
pub(super) struct BudgetedReader<S> {
    socket: S,
    turn: Arc<ReadTurn>,
    /// Nothing is read until it is over.
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> BudgetedReader<S> {
    pub fn new(socket: S, turn: Arc<ReadTurn>) -> Self {
        Self { socket, turn, pause: None }
    }

    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = self.turn.take_pause() {
            self.pause = Some(Box::pin(tokio::time::sleep(pause)));
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.pause = None;
            self.turn.begin();
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for BudgetedReader<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_pause(context));
        let left = self.turn.left.load(Ordering::Relaxed);
        if left == 0 {
            // Requeues the task at the end of the runtime's queue.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if left <= PACED_TURN_BYTES && into.remaining() > left {
            let mut few = ReadBuf::new(into.initialize_unfilled_to(left));
            std::task::ready!(Pin::new(&mut self.socket).poll_read(context, &mut few))?;
            let read = few.filled().len();
            into.advance(read);
            self.turn.took(read);
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(context, into);
        self.turn.took(into.filled().len() - before);
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for BudgetedReader<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::AsyncWriteExt;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A socket from which more than two turns can be read, and its other end.
    async fn full(turn: &Arc<ReadTurn>) -> (BudgetedReader<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        client.write_all(&[0; 3 * TURN_BYTES]).await.unwrap();
        socket.readable().await.unwrap();
        (BudgetedReader::new(socket, Arc::clone(turn)), client)
    }

    fn read(reader: &mut BudgetedReader<TcpStream>) -> Option<usize> {
        let mut bytes = [0; 1024];
        let mut into = ReadBuf::new(&mut bytes);
        let polled = Pin::new(reader).poll_read(&mut Context::from_waker(Waker::noop()), &mut into);
        polled.is_ready().then(|| into.filled().len())
    }

    fn read_all(reader: &mut BudgetedReader<TcpStream>) -> usize {
        std::iter::from_fn(|| read(reader)).sum()
    }

    #[tokio::test]
    async fn a_turn_ends_though_there_is_more_to_read_and_stays_ended_until_the_next() {
        let turn = ReadTurn::new(false);
        let (mut reader, _client) = full(&turn).await;
        for _ in 0..2 {
            turn.begin();
            assert_eq!((read_all(&mut reader), read(&mut reader), read(&mut reader)), (TURN_BYTES, None, None));
        }
    }

    #[tokio::test]
    async fn who_is_paced_is_read_in_small_turns_and_then_as_before() {
        let turn = ReadTurn::new(true);
        let (mut reader, _client) = full(&turn).await;
        turn.begin();
        assert_eq!(read_all(&mut reader), PACED_TURN_BYTES);
        turn.begin();
        assert_eq!(read_all(&mut reader), TURN_BYTES);

        turn.begin();
        turn.pause(Duration::from_secs(1));
        tokio::time::pause();
        turn.begin();
        assert_eq!(read(&mut reader), None, "not now");
        tokio::time::advance(Duration::from_secs(1) + Duration::from_millis(1)).await;
        assert_eq!(read_all(&mut reader), PACED_TURN_BYTES);
        turn.begin();
        assert_eq!(read_all(&mut reader), TURN_BYTES);
    }
}
