//! A socket whose reader lets others have their turn.
//!
//! HTTP/2 frames can be nine bytes long and ask for nothing. A connection that always has more of them would be read
//! for as long as the runtime lets it, which counts reads and not frames: tens of milliseconds, in which its thread
//! answers nobody else.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that are read in one turn: a thousand of the smallest frames, and more than most calls have.
const TURN: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Fair<S> {
    socket: S,
    /// Of this turn.
    left: usize,
}

impl<S> Fair<S> {
    pub fn new(socket: S) -> Self {
        Self { socket, left: TURN }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Fair<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            self.left = TURN;
            // At the end of the queue.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = into.filled().len();
        let polled = Pin::new(&mut self.socket).poll_read(context, into);
        let read = into.filled().len() - before;
        self.left = if polled.is_pending() { TURN } else { self.left.saturating_sub(read) };
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Fair<S> {
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

    #[tokio::test]
    async fn a_turn_ends_though_there_is_more_to_read() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (socket, _) = listener.accept().await.unwrap();
        client.write_all(&[0; 2 * TURN]).await.unwrap();
        socket.readable().await.unwrap();
        let mut fair = Fair::new(socket);
        let mut read = || {
            let mut bytes = [0; 1024];
            let mut into = ReadBuf::new(&mut bytes);
            let polled = Pin::new(&mut fair).poll_read(&mut Context::from_waker(Waker::noop()), &mut into);
            polled.is_ready().then(|| into.filled().len())
        };
        let first: usize = std::iter::from_fn(&mut read).sum();
        assert_eq!(first, TURN);
        assert_eq!(read(), Some(1024), "the next turn goes on");
    }
}
