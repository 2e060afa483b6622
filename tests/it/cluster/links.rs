//! The network between the nodes: a proxy for each pair and direction. All peers of a node know one address of it, so
//! that which node opens a connection is found by the process that has the other end.

use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::task::AbortOnDropHandle;

use super::nodes::MOST;
use crate::support::proxy::{Network, Proxy};

/// The process of each node.
#[derive(Debug, Default)]
pub struct Processes(Mutex<[Option<u32>; MOST]>);

impl Processes {
    pub fn is(&self, node: usize, process: Option<u32>) {
        self.0.lock().expect("not poisoned")[node] = process;
    }

    /// The node that has this end of a connection to `to`.
    fn with(&self, end: SocketAddr, to: SocketAddr) -> Option<usize> {
        let socket = format!("socket:[{}]", socket(end.port(), to.port())?);
        let has = |process: u32| {
            let files = fs::read_dir(format!("/proc/{process}/fd")).ok()?;
            let mut targets = files.flatten().filter_map(|file| fs::read_link(file.path()).ok());
            targets.any(|target| target.to_str() == Some(&*socket)).then_some(())
        };
        let processes = *self.0.lock().expect("not poisoned");
        processes.iter().position(|process| process.and_then(has).is_some())
    }
}

/// The number of the socket that is connected from one port of 127.0.0.1 to another. One port may have connections to
/// others besides, open or over.
fn socket(from: u16, to: u16) -> Option<String> {
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux");
    let [from, to] = [from, to].map(|port| format!("0100007F:{port:04X}"));
    let mut rows = table.lines().skip(1).map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.find(|row| row.get(1) == Some(&&*from) && row.get(2) == Some(&&*to))
        .and_then(|row| row.get(9).map(|inode| (*inode).to_owned()))
}

/// The paths to one node.
pub struct Links {
    /// Where its peers reach it.
    pub address: SocketAddr,
    /// The path from each of them.
    from: Arc<Vec<Proxy>>,
    _accepting: AbortOnDropHandle<()>,
}

impl Links {
    /// # Panics
    /// If there is no free port.
    pub async fn to(server: SocketAddr, processes: Arc<Processes>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let mut from = Vec::new();
        for _ in 0..MOST {
            from.push(Proxy::to(server).await);
        }
        let from = Arc::new(from);
        let accepting = tokio::spawn(accept(listener, processes, Arc::clone(&from)));
        Self { address, from, _accepting: AbortOnDropHandle::new(accepting) }
    }

    pub fn set(&self, from: usize, network: Network) {
        self.from[from].set(network);
    }

    /// Sends new connections to another server.
    pub fn turn_to(&self, server: SocketAddr) {
        self.from.iter().for_each(|proxy| proxy.turn_to(server));
    }
}

async fn accept(listener: TcpListener, processes: Arc<Processes>, from: Arc<Vec<Proxy>>) {
    let to = listener.local_addr().expect("an address");
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((mut peer, end)) = accepted else { continue };
                let processes = Arc::clone(&processes);
                let Ok(Some(node)) = tokio::task::spawn_blocking(move || processes.with(end, to)).await else { continue };
                let path = from[node].address;
                connections.spawn(async move {
                    let Ok(mut path) = TcpStream::connect(path).await else { return };
                    let _ = (peer.set_nodelay(true), path.set_nodelay(true));
                    let _ = copy_bidirectional(&mut peer, &mut path).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

#[tokio::test]
async fn a_path_is_that_of_the_process_that_opens_it() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    let echo = async move {
        while let Ok((mut client, _)) = server.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = client.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    };
    let _echo = AbortOnDropHandle::new(tokio::spawn(echo));
    let processes = Arc::<Processes>::default();
    let links = Links::to(address, Arc::clone(&processes)).await;
    let echoes = async || {
        let mut client = TcpStream::connect(links.address).await?;
        client.write_all(b"x").await?;
        client.read_u8().await
    };
    assert!(echoes().await.is_err(), "nobody knows this process");
    processes.is(1, Some(std::process::id()));
    links.set(2, Network::Closes);
    assert_eq!(echoes().await.unwrap(), b'x');
    links.set(1, Network::Closes);
    assert!(echoes().await.is_err(), "this is the path of another node");
    links.set(1, Network::Works);
    assert_eq!(echoes().await.unwrap(), b'x');
}
