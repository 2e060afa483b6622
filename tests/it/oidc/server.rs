//! An issuer's web server, which answers as a test tells it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use usher::auth::oidc::KeysFrom;

/// State shared with the server's thread. An empty answer means that the connection stays open without an answer until
/// the server ends.
#[derive(Default)]
struct Shared {
    answer: Mutex<String>,
    asked: AtomicUsize,
    stopped: AtomicBool,
}

pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let seen = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let mut silent = Vec::new();
            for connection in listener.incoming().map(|connection| connection.expect("a connection")) {
                if seen.stopped.load(Ordering::SeqCst) {
                    return;
                }
                silent.extend(seen.serve(connection));
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub fn keys(&self) -> KeysFrom {
        KeysFrom::parse(&format!("http://{}/keys?secret", self.address)).expect("a URL")
    }

    pub fn publishes(&self, body: &str) {
        self.answers("200 OK", "", body);
    }

    pub fn answers(&self, status: &str, header: &str, body: &str) {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\n{header}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        *self.shared.answer.lock().unwrap() = answer;
    }

    pub fn is_silent(&self) {
        self.shared.answer.lock().unwrap().clear();
    }

    /// Returns the number of requests so far.
    pub fn requests(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Shared {
    /// Serves a connection. Returns it if it must stay open.
    fn serve(&self, mut connection: TcpStream) -> Option<TcpStream> {
        let mut request = Vec::new();
        let mut buffer = [0; 1024];
        while !request.ends_with(b"\r\n\r\n") {
            let read = connection.read(&mut buffer).unwrap_or(0);
            if read == 0 {
                return None;
            }
            request.extend_from_slice(&buffer[..read]);
        }
        assert!(request.starts_with(b"GET /keys?secret HTTP/1.1\r\n"), "{}", String::from_utf8_lossy(&request));
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answer.lock().unwrap().clone();
        if answer.is_empty() {
            return Some(connection);
        }
        // A client that has read enough may close the connection.
        let _ = connection.write_all(answer.as_bytes());
        None
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let ended = self.thread.take().expect("a thread").join();
        assert!(ended.is_ok() || thread::panicking(), "the server panicked");
    }
}
