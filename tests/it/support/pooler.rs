//! A connection pooler in transaction mode, as PgBouncer has it: a client that sends something gets a connection to the
//! server, and keeps it until the end of a transaction.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

/// Server connections that no client uses; the one returned last is reused first.
type Idle = Arc<Mutex<Vec<TcpStream>>>;

pub struct Pooler {
    pub address: SocketAddr,
    _task: AbortOnDropHandle<()>,
}

impl Pooler {
    pub async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let idle = Idle::default();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(serve(client, server, Arc::clone(&idle)));
            }
        });
        Self { address, _task: AbortOnDropHandle::new(task) }
    }
}

/// Serves one client. It authenticates on a new server connection, which any client can get from then on.
async fn serve(mut client: TcpStream, server: SocketAddr, idle: Idle) -> std::io::Result<()> {
    let mut held = Some(TcpStream::connect(server).await?);
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    loop {
        let Some(process) = &mut held else {
            // The client's Terminate message (`X`) must not reach the server.
            if client.read_buf(&mut asked).await? == 0 || asked[0] == b'X' {
                return Ok(());
            }
            held = idle.lock().unwrap().pop();
            held.as_mut().expect("as many as clients").write_all(&asked).await?;
            asked.clear();
            continue;
        };
        tokio::select! {
            read = client.read_buf(&mut asked) => {
                if read? == 0 {
                    return Ok(());
                }
                process.write_all(&asked).await?;
                asked.clear();
            }
            read = process.read_buf(&mut answered) => {
                if read? == 0 {
                    return Ok(());
                }
                let (whole, is_over) = messages(&answered);
                client.write_all(&answered[..whole]).await?;
                answered.drain(..whole);
                if is_over {
                    idle.lock().unwrap().extend(held.take());
                }
            }
        }
    }
}

/// Returns the length of the complete messages, and whether the last one says that no transaction is open.
fn messages(bytes: &[u8]) -> (usize, bool) {
    let (mut at, mut is_over) = (0, false);
    while let Some(head) = bytes.get(at..at + 5) {
        let length = 1 + u32::from_be_bytes(head[1..].try_into().expect("four bytes")) as usize;
        let Some(message) = bytes.get(at..at + length) else { break };
        is_over = message[0] == b'Z' && message[5] == b'I';
        at += length;
    }
    (at, is_over)
}
