//! A TCP proxy between the program and PostgreSQL that injects network faults.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// `Execute`, and the `Sync` that makes its effects durable.
const EXECUTE: &[u8] = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
const SYNC: usize = 5;
/// ReadyForQuery outside a transaction: what was executed is durable.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// The behavior of the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Passes everything on.
    Works,
    /// Closes every connection in order, new ones too.
    Closes,
    /// Resets every connection, new ones too.
    Resets,
    /// Resets connections, and listens for no new ones.
    Refuses,
    /// Drops everything in both directions; the connection is dead, and neither side is notified. New connections are
    /// accepted and die the same way.
    Swallows,
    /// Drops only what goes to the server.
    SwallowsRequests,
    /// Drops only what the server sends: the server works, and its answers are lost.
    SwallowsAnswers,
    /// Holds everything back, and delivers it when this ends, however late that is.
    Freezes,
    /// Delays everything by this much, in each direction.
    Delays(Duration),
    // All of the following let a connection's first execution pass, because it claims a shard.
    /// Breaks a connection between an `Execute` and its `Sync`: the server holds its locks, and waits for the rest
    /// without any limit.
    Tears,
    /// Resets a connection before a batch reaches the server: nothing is ever committed.
    ResetsBeforeCommit,
    /// Resets a connection as soon as a batch has been passed on: the outcome is unknown.
    ResetsAtCommit,
    /// Resets a connection when the server reports that it has committed; the report is lost.
    ResetsAfterCommit,
}

use Network::{
    Closes, Delays, Freezes, Refuses, Resets, ResetsAfterCommit, ResetsAtCommit, ResetsBeforeCommit, Swallows,
    SwallowsAnswers, SwallowsRequests, Tears, Works,
};

/// A proxy. Dropping it ends all its connections.
pub struct Proxy {
    pub address: SocketAddr,
    network: watch::Sender<Network>,
    way: Arc<Way>,
    _accepting: AbortOnDropHandle<()>,
}

/// State that all connections share.
struct Way {
    network: watch::Receiver<Network>,
    server: Mutex<SocketAddr>,
    /// Number of connections that the fault has hit.
    struck: AtomicU64,
}

impl Proxy {
    /// Starts a proxy in front of `server`.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (network, seen) = watch::channel(Works);
        let way = Arc::new(Way { network: seen, server: Mutex::new(server), struck: AtomicU64::new(0) });
        let accepting = tokio::spawn(accept(listener, address, Arc::clone(&way)));
        Self { address, network, way, _accepting: AbortOnDropHandle::new(accepting) }
    }

    pub fn set(&self, network: Network) {
        self.network.send_replace(network);
    }

    /// Sends new connections to another server.
    pub fn turn_to(&self, server: SocketAddr) {
        *self.way.server.lock().expect("not poisoned") = server;
    }

    /// Number of connections that faults have hit so far.
    pub fn struck(&self) -> u64 {
        self.way.struck.load(Ordering::Relaxed)
    }
}

/// The reason why a connection is over.
enum End {
    Closed,
    Reset,
    /// Not closed: dead, and neither side is notified.
    Silent,
}

async fn accept(mut listener: TcpListener, address: SocketAddr, way: Arc<Way>) {
    let mut network = way.network.clone();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                connections.spawn(carry(client, Arc::clone(&way)));
            }
            Some(_) = connections.join_next() => {}
            refuses = becomes(&mut network, |network| network == Refuses) => {
                drop(listener);
                if !refuses || !becomes(&mut network, |network| network != Refuses).await {
                    return;
                }
                listener = TcpListener::bind(address).await.expect("the port of before");
            }
        }
    }
}

/// Waits until the network matches; returns false if the proxy is gone.
async fn becomes(network: &mut watch::Receiver<Network>, what: impl Fn(Network) -> bool) -> bool {
    network.wait_for(|network| what(*network)).await.is_ok()
}

async fn carry(client: TcpStream, way: Arc<Way>) {
    let mut network = way.network.clone();
    let server = *way.server.lock().expect("not poisoned");
    if *network.borrow() == Closes {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    for socket in [&client, &server] {
        let _ = socket.set_nodelay(true);
    }
    let (from_client, mut to_client) = client.into_split();
    let (from_server, mut to_server) = server.into_split();
    let executed = AtomicU64::new(0);
    let end = tokio::select! {
        end = pump(from_client, &mut to_server, Direction::ToServer, &executed, &way) => end,
        end = pump(from_server, &mut to_client, Direction::ToClient, &executed, &way) => end,
        _ = becomes(&mut network, |network| matches!(network, Closes | Resets | Refuses)) => {
            way.struck.fetch_add(1, Ordering::Relaxed);
            End::Reset
        }
    };
    match end {
        End::Closed => {}
        End::Reset if *network.borrow() == Closes => {}
        End::Reset => {
            for socket in [to_client.as_ref(), to_server.as_ref()] {
                let _ = socket.set_zero_linger();
            }
        }
        // Both sides can hold on to the connection without limit. The next fault closes it, so that such connections do
        // not pile up.
        End::Silent => {
            way.struck.fetch_add(1, Ordering::Relaxed);
            becomes(&mut network, |network| network == Works).await;
            let _ = network.changed().await;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    ToServer,
    ToClient,
}

/// Copies bytes until one side closes or a fault ends the connection. `executed`: number of executions on this
/// connection.
async fn pump(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    direction: Direction,
    executed: &AtomicU64,
    way: &Way,
) -> End {
    let mut network = way.network.clone();
    let mut buffer = vec![0; 64 * 1024];
    // The end of the bytes passed before: the pattern can arrive in two parts.
    let mut seen = Vec::new();
    loop {
        let Ok(read) = from.read(&mut buffer).await else { return End::Reset };
        if !becomes(&mut network, |network| network != Freezes).await {
            return End::Closed;
        }
        let now = *network.borrow_and_update();
        if swallows(now, direction) {
            return End::Silent;
        }
        if read == 0 {
            return End::Closed;
        }
        let bytes = &buffer[..read];
        seen.extend_from_slice(bytes);
        let (passed, end) = strike(now, direction, &seen, executed);
        // `seen` ends with the bytes that were read.
        let kept = (seen.len() - passed).min(read);
        if let Delays(time) = now {
            let _ = timeout(time, std::future::pending::<()>()).await;
        }
        if to.write_all(&bytes[..read - kept]).await.is_err() {
            return End::Reset;
        }
        if let Some(end) = end {
            way.struck.fetch_add(u64::from(matches!(end, End::Reset)), Ordering::Relaxed);
            return end;
        }
        let half = if direction == Direction::ToServer { EXECUTE.len() } else { READY.len() } - 1;
        seen.drain(..seen.len().saturating_sub(half));
    }
}

/// Returns how many of the seen bytes pass, and the reason if the connection ends here.
fn strike(now: Network, direction: Direction, seen: &[u8], executed: &AtomicU64) -> (usize, Option<End>) {
    let all = (seen.len(), None);
    match direction {
        Direction::ToServer => {
            let Some(at) = position(seen, EXECUTE) else { return all };
            if executed.fetch_add(1, Ordering::Relaxed) == 0 {
                return all;
            }
            match now {
                Tears => (at + EXECUTE.len() - SYNC, Some(End::Silent)),
                ResetsBeforeCommit => (at, Some(End::Reset)),
                ResetsAtCommit => (seen.len(), Some(End::Reset)),
                _ => all,
            }
        }
        Direction::ToClient => match position(seen, READY) {
            Some(_) if now == ResetsAfterCommit && executed.load(Ordering::Relaxed) > 1 => (0, Some(End::Reset)),
            _ => all,
        },
    }
}

fn swallows(network: Network, direction: Direction) -> bool {
    match network {
        Swallows => true,
        SwallowsRequests => direction == Direction::ToServer,
        SwallowsAnswers => direction == Direction::ToClient,
        _ => false,
    }
}

fn position(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
