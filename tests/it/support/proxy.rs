//! A TCP proxy between the program and PostgreSQL that does to connections what networks do.

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

/// `Execute`, and the `Sync` that makes what was executed durable.
const EXECUTE: &[u8] = b"E\0\0\0\x09\0\0\0\0\0S\0\0\0\x04";
const SYNC: usize = 5;
/// The server is ready for more, and in no transaction: what was executed is durable.
const READY: &[u8] = b"Z\0\0\0\x05I";

/// What the network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// Nothing but its duty.
    Works,
    /// Every connection is closed in order, also a new one.
    Closes,
    /// Every connection is reset, also a new one.
    Resets,
    /// Connections are reset, and nobody listens.
    Refuses,
    /// Both directions are dead: what is sent is gone, and so is the connection, without a word to either side. New
    /// ones are accepted and die the same way.
    Swallows,
    /// The same for what goes to the server only.
    SwallowsRequests,
    /// The same for what the server says: it does its work, and nobody hears of it.
    SwallowsAnswers,
    /// Everything is held back, and arrives when this ends, however late that is.
    Freezes,
    /// Whatever passes takes this much longer, in each direction.
    Delays(Duration),
    // What a new connection executes first gets through, in all of these: with it a shard is claimed.
    /// A connection dies between what is to be executed and the word that this was all: the server holds its locks,
    /// and waits for the rest without any limit.
    Tears,
    /// A connection is reset before a batch gets to the server: nothing is ever committed.
    ResetsBeforeCommit,
    /// A connection is reset as soon as a batch has been passed on: the outcome is anybody's guess.
    ResetsAtCommit,
    /// A connection is reset when the server says that it has committed, and nobody hears that.
    ResetsAfterCommit,
}

use Network::{
    Closes, Delays, Freezes, Refuses, Resets, ResetsAfterCommit, ResetsAtCommit, ResetsBeforeCommit, Swallows,
    SwallowsAnswers, SwallowsRequests, Tears, Works,
};

/// A proxy. Ends with all its connections when it is dropped.
pub struct Proxy {
    pub address: SocketAddr,
    network: watch::Sender<Network>,
    way: Arc<Way>,
    _accepting: AbortOnDropHandle<()>,
}

/// What all connections share.
struct Way {
    network: watch::Receiver<Network>,
    server: Mutex<SocketAddr>,
    /// Connections that were struck by the fault.
    struck: AtomicU64,
}

impl Proxy {
    /// # Panics
    /// When there is no free port.
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

    /// New connections go to another server.
    pub fn turn_to(&self, server: SocketAddr) {
        *self.way.server.lock().expect("not poisoned") = server;
    }

    /// How many connections were struck by a fault so far.
    pub fn struck(&self) -> u64 {
        self.way.struck.load(Ordering::Relaxed)
    }
}

/// Why a connection is over.
enum End {
    Closed,
    Reset,
    /// Not over: dead, and nobody is told.
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

/// Waits for it; false: the proxy is gone.
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
        // Both sides may hold on to it for ever. It goes with the next fault, so that there is no end of them.
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

/// Carries what comes, until one side or the network has enough. `executed`: what was, on this connection.
async fn pump(
    mut from: OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    direction: Direction,
    executed: &AtomicU64,
    way: &Way,
) -> End {
    let mut network = way.network.clone();
    let mut buffer = vec![0; 64 * 1024];
    // The end of what was carried before: what is looked for may come in two pieces.
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
        // What was seen ends with what was read.
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

/// How much of what was seen gets through, and whether that is the end of the connection.
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
