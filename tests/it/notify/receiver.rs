//! A receiver of webhooks: answers as a test tells it, and records what it receives.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

use crate::clients::{python, repository};

/// 32 bytes, in base64.
pub const SECRET: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The answer to one request.
#[derive(Debug, Clone)]
pub enum Answer {
    Status(u16),
    /// A status, and the value of `Retry-After`.
    Later(u16, String),
    /// A redirect to this address.
    Redirect(String),
    /// Reads the request and never answers.
    Silence,
    /// A status, and a body without an end.
    Endless,
}

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Came {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

#[derive(Default)]
struct State {
    answers: VecDeque<Answer>,
    came: Vec<Came>,
}

pub struct Receiver {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    _task: AbortOnDropHandle<()>,
}

impl Receiver {
    /// Opens a receiver that gives these answers, one for each request, and then 204.
    pub async fn open(answers: impl IntoIterator<Item = Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        let state = Arc::new(Mutex::new(State { answers: answers.into_iter().collect(), came: Vec::new() }));
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let state = Arc::clone(&shared);
                let service = service_fn(move |request| receive(Arc::clone(&state), request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service),
                );
            }
        });
        Self { address, state, _task: AbortOnDropHandle::new(task) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/usher?token=x", self.address)
    }

    /// Returns all requests in the order of their arrival.
    pub fn came(&self) -> Vec<Came> {
        self.state.lock().unwrap().came.clone()
    }

    /// Returns the only request; panics if there is not exactly one.
    pub fn one(&self) -> Came {
        let mut came = self.came();
        assert_eq!(came.len(), 1, "{came:?}");
        came.remove(0)
    }
}

async fn receive(state: Arc<Mutex<State>>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
    let headers = request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    let body = request.into_body().collect().await.expect("a body").to_bytes();
    let answer = {
        let mut state = state.lock().unwrap();
        state.came.push(Came { headers, body: String::from_utf8(body.to_vec()).expect("text") });
        state.answers.pop_front().unwrap_or(Answer::Status(204))
    };
    let plain = |status| Response::builder().status(status);
    Ok(match answer {
        Answer::Status(status) => plain(StatusCode::from_u16(status).unwrap()).body(empty()).unwrap(),
        Answer::Later(status, when) => {
            plain(StatusCode::from_u16(status).unwrap()).header("retry-after", when).body(empty()).unwrap()
        }
        Answer::Redirect(to) => plain(StatusCode::TEMPORARY_REDIRECT).header("location", to).body(empty()).unwrap(),
        Answer::Silence => std::future::pending().await,
        Answer::Endless => {
            let pieces = futures_util::stream::repeat_with(|| {
                Ok::<_, Infallible>(hyper::body::Frame::data(Bytes::from_static(&[b'x'; 4096])))
            });
            plain(StatusCode::OK).body(http_body_util::StreamBody::new(pieces).boxed()).unwrap()
        }
    })
}

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

fn empty() -> Body {
    Full::new(Bytes::new()).boxed()
}

impl Came {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the event if the specification's own library accepts its signature. The library also requires that the
    /// time is about now.
    pub fn verified(&self, secret: &str) -> Option<Value> {
        let script = repository().join("tests/it/notify/python/verify.py");
        let mut child = python(&script)
            .arg(secret)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python starts");
        let request = json!({ "headers": self.headers, "body": self.body });
        serde_json::to_writer(child.stdin.take().expect("a pipe"), &request).expect("it is read");
        let output = child.wait_with_output().expect("it ends");
        output.status.success().then(|| serde_json::from_slice(&output.stdout).expect("JSON"))
    }
}
