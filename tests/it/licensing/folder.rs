//! The vendor's folder: a web server that serves what a test puts there, and records its requests.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// Content of a path; every other path is not found.
#[derive(Debug, Clone)]
pub enum Has {
    File(Vec<u8>),
    Status(u16),
    /// A redirect to this address.
    Redirect(String),
    /// No answer.
    Silence,
    /// A file without an end.
    Endless,
}

#[derive(Default)]
struct Shared {
    files: BTreeMap<String, Has>,
    asked: Vec<String>,
}

pub struct VendorFolder {
    pub address: SocketAddr,
    shared: Arc<Mutex<Shared>>,
    _task: AbortOnDropHandle<()>,
}

impl VendorFolder {
    pub async fn open() -> Self {
        Self::open_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub async fn open_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Mutex::new(Shared::default()));
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                let service = service_fn(move |request| answer(Arc::clone(&shared), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Self { address, shared, _task: AbortOnDropHandle::new(task) }
    }

    /// Returns the folder's URL. Its query contains a secret, as some file stores require.
    pub fn url(&self) -> String {
        format!("http://{}/licenses/?sig=hunter2", self.address)
    }

    /// Returns the URL as people may see it, without the secret.
    pub fn shown(&self) -> String {
        format!("http://{}/…", self.address)
    }

    /// Puts content under a path below the folder: `{instance}/{tenant}.lic`.
    pub fn put(&self, path: &str, has: Has) {
        self.shared.lock().unwrap().files.insert(format!("/licenses/{path}?sig=hunter2"), has);
    }

    /// Returns the paths below the folder that were requested since the last call, in order.
    pub fn requests(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.shared.lock().unwrap().asked);
        let below = |path: &String| {
            let below = path.strip_prefix("/licenses/").and_then(|path| path.strip_suffix("?sig=hunter2"));
            below.unwrap_or_else(|| panic!("{path} is not in the folder")).to_owned()
        };
        asked.iter().map(below).collect()
    }
}

type Body = BoxBody<Bytes, Infallible>;

async fn answer(shared: Arc<Mutex<Shared>>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path_and_query().expect("a path").to_string();
    let has = {
        let mut shared = shared.lock().unwrap();
        shared.asked.push(path.clone());
        shared.files.get(&path).cloned().unwrap_or(Has::Status(404))
    };
    let full = |bytes: Vec<u8>| Full::new(Bytes::from(bytes)).boxed();
    let plain = |status: u16| Response::builder().status(StatusCode::from_u16(status).unwrap());
    Ok(match has {
        Has::File(bytes) => plain(200).body(full(bytes)).unwrap(),
        Has::Status(status) => plain(status).body(full(Vec::new())).unwrap(),
        Has::Redirect(to) => plain(302).header("location", to).body(full(Vec::new())).unwrap(),
        Has::Silence => std::future::pending().await,
        Has::Endless => {
            let pieces = futures_util::stream::repeat_with(|| {
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 4096])))
            });
            plain(200).body(StreamBody::new(pieces).boxed()).unwrap()
        }
    })
}
