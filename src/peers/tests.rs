//! Tests of several peers in one process, over loopback.

mod between_nodes;
mod following;

use std::future::Future;
use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Incoming;
use tempfile::TempDir;
use tokio::sync::{Barrier, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};

use super::*;
use crate::auth::{Caller, Principal, TokenEdition};
use crate::cluster::KnownOwner;
use crate::ids::{Epoch, OwnerToken, Seq, ShardId, TenantNo};
use crate::ledger::access::Roles;
use crate::ledger::change::{Change, Changes};
use crate::ledger::time::WallTime;
use crate::server::{Connection, Forwarded, Limits, Methods, ResponseBody, Server, Stats};
use crate::shards;
use crate::store::nodes::{FileHashes, NodeRef, NodeState, PeerEndpoint};
use crate::store::sqlite::SqliteStore;
use crate::store::{Batch, Installation, Owner, Position, Store, batch_codec};

const MANY: usize = 1_000;

/// A row of the table of nodes.
pub fn row(id: NodeId, state: NodeState, address: &str, fingerprint: Fingerprint) -> NodeRow {
    NodeRow {
        node: NodeRef { id, generation: 1 },
        heartbeat: 1,
        state,
        host: "node".into(),
        lock: None,
        version: "0.2.0".into(),
        protocol: 1,
        peer: Some(PeerEndpoint { address: address.into(), fingerprint }),
        wall: WallTime(0),
        files: FileHashes::default(),
    }
}

/// A process without peers.
pub fn peers(timing: Timing) -> Peers {
    let mut peers = Peers::new(Identity::generate().unwrap(), Clock::system());
    peers.timing = timing;
    peers
}

/// What a call brings along.
pub fn head() -> ForwardHead {
    ForwardHead {
        caller: Caller { principal: Arc::new(Principal::anonymous()), needs: Roles::ALL },
        visited: vec![NodeId::random()],
        left: Duration::from_secs(10),
    }
}

pub fn call(path: &str, body: Body) -> Request<Body> {
    Request::post(path).header("content-type", "application/grpc").body(body).unwrap()
}

pub fn text(text: &'static str) -> Body {
    Body::new(Full::new(Bytes::from_static(text.as_bytes())))
}

/// Another node, which listens.
pub struct Other {
    pub node: NodeId,
    pub peers: Peers,
    address: String,
    told: mpsc::UnboundedReceiver<(NodeId, PeerMessage)>,
    told_tokens: mpsc::UnboundedReceiver<TokenEdition>,
    stats: Arc<Stats>,
    _server: Server,
    /// Of a store of which it holds no shard.
    _folder: Option<TempDir>,
}

impl Other {
    /// It holds no shard.
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let installation = store.installation(Installation::new(1)).await.unwrap();
        let shards = shards::tests::holds(&store, installation, &Clock::system(), &[]).await;
        Self { _folder: Some(folder), ..Self::start_with(shards).await }
    }

    pub async fn start_with(shards: LocalShards) -> Self {
        let peers = peers(Timing::DEFAULT);
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.address().to_string();
        let (tell, told) = mpsc::unbounded_channel();
        let (tell_tokens, told_tokens) = mpsc::unbounded_channel();
        let calls = Arc::new(Calls { together: Barrier::new(MANY), seen: Mutex::default() });
        let (listener, handler) = peers.listen(listener, Arc::new(Events(tell, tell_tokens)), shards, calls).unwrap();
        let stats = Arc::new(Stats::new(Arc::new(Methods::read(&[]).unwrap())));
        let server = Server::start(listener, handler, &limits(&public()), Arc::clone(&stats));
        let node = NodeId::random();
        Self { node, peers, address, told, told_tokens, stats, _server: server, _folder: None }
    }

    pub fn row(&self, state: NodeState) -> NodeRow {
        row(self.node, state, &self.address, self.peers.fingerprint())
    }

    /// Pins the other end of a test, as a node in this state.
    pub fn pin(&self, node: NodeId, peers: &Peers, state: NodeState) {
        self.peers.follow(&[row(node, state, "127.0.0.1:1", peers.fingerprint())]);
    }
}

/// Two nodes that know each other.
async fn pair() -> (NodeId, Peers, Other) {
    let (node, peers, other) = (NodeId::random(), peers(Timing::DEFAULT), Other::start().await);
    peers.follow(&[other.row(NodeState::Active)]);
    other.pin(node, &peers, NodeState::Active);
    (node, peers, other)
}

/// A batch as it is sent to whoever follows the shard: `seq` deletions of tenants.
fn batch(seq: i64) -> Vec<u8> {
    let rows = (1..=seq).map(|no| Change::DeleteTenant(TenantNo(no.try_into().unwrap()))).collect();
    let position = Position { seq: Seq(seq), ..Position::default() };
    let owner = Owner { epoch: Epoch(2), token: OwnerToken(uuid::Uuid::nil()) };
    batch_codec::encode(owner, &Batch::new(Changes { rows, events: Vec::new() }, position))
}

struct Events(mpsc::UnboundedSender<(NodeId, PeerMessage)>, mpsc::UnboundedSender<TokenEdition>);

const OWNER: KnownOwner = KnownOwner { epoch: Epoch(17), node: None };

impl HandOvers for Events {
    fn prepare(&self, _: NodeId, shard: ShardId) -> BoxFuture<'_, bool> {
        Box::pin(std::future::ready(shard == ShardId(3)))
    }

    fn batches(&self, shard: ShardId) -> Option<ShardBatches> {
        let batches = stream::iter((5..=7).map(batch)).chain(stream::pending()).boxed();
        (shard == ShardId(3)).then_some(ShardBatches { since: Seq(4), batches })
    }
}

impl PeerEvents for Events {
    fn received(&self, from: NodeId, message: PeerMessage) {
        let _ = self.0.send((from, message));
    }

    fn tokens_changed(&self, edition: TokenEdition) {
        let _ = self.1.send(edition);
    }

    fn owner(&self, _: ShardId) -> KnownOwner {
        OWNER
    }

    fn owners(&self) -> Vec<(ShardId, KnownOwner)> {
        vec![(ShardId(3), OWNER)]
    }

    fn heartbeat_age(&self) -> Option<Duration> {
        Some(Duration::from_millis(700))
    }
}

/// Stands for the services.
struct Calls {
    together: Barrier,
    seen: Mutex<Option<Forwarded>>,
}

impl Handler for Calls {
    #[allow(clippy::manual_async_fn)] // The bound is the trait's.
    fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        _: Arc<Connection>,
    ) -> impl Future<Output = Response<ResponseBody>> + Send {
        async move {
            let forwarded = request.extensions().get::<Forwarded>().cloned().expect("the head");
            *self.seen.lock().unwrap() = Some(forwarded.clone());
            let mut response = Response::builder().header("caller", &*forwarded.principal.actor.0);
            match request.uri().path() {
                "/elsewhere" => response = response.header("usher-routing", "not-applied 3"),
                "/unknown" => response = response.header("usher-routing", "unknown 3"),
                "/together" => {
                    self.together.wait().await;
                }
                "/never" => std::future::pending().await,
                _ => {}
            }
            response.body(ResponseBody::from(Body::new(request.into_body()))).unwrap()
        }
    }
}

fn public() -> Limits {
    let long = Duration::from_secs(30);
    Limits {
        max_connections: 100,
        anonymous_connections_of_address: 100,
        max_streams: 100,
        max_calls: 100,
        max_seat_request: 65_536,
        max_request: 65_536,
        max_headers: 16_384,
        deadline: long,
        max_deadline: long,
        first_call_timeout: long,
        keepalive_interval: long,
        keepalive_timeout: long,
        max_connection_age: long,
    }
}

async fn answered(sent: Sent) -> (HeaderMap, Bytes) {
    let Sent::Answer(response) = sent else { panic!("no answer: {sent:?}") };
    let (parts, body) = response.into_parts();
    (parts.headers, body.collect().await.unwrap().to_bytes())
}

fn not_applied(sent: &Sent) -> bool {
    matches!(sent, Sent::NotApplied { hint: None })
}

#[tokio::test]
async fn a_call_arrives_with_its_caller_and_its_answer_comes_back() {
    let (_, peers, other) = pair().await;
    let (headers, body) = answered(peers.send(other.node, call("/echo", text("hello")), &head()).await).await;
    assert_eq!((&headers["caller"], &*body), (&http::HeaderValue::from_static("anonymous"), &b"hello"[..]));
}

#[tokio::test]
async fn who_does_not_hold_the_shard_says_where_it_is() {
    let (_, peers, other) = pair().await;
    let sent = peers.send(other.node, call("/elsewhere", text("x")), &head()).await;
    assert!(matches!(sent, Sent::NotApplied { hint: Some((ShardId(3), OWNER)) }), "{sent:?}");
    let (headers, _) = answered(peers.send(other.node, call("/unknown", text("x")), &head()).await).await;
    assert_eq!(headers["usher-routing"], "unknown 3");
}

#[tokio::test]
async fn a_stream_goes_both_ways() {
    let (_, peers, other) = pair().await;
    let (frames, body) = mpsc::channel::<Result<Frame<Bytes>, Status>>(1);
    let body = Body::new(StreamBody::new(ReceiverStream::new(body)));
    let Sent::Answer(response) = peers.send(other.node, call("/echo", body), &head()).await else {
        panic!("no answer")
    };
    let mut answer = response.into_body();
    for text in ["one", "two", "three"] {
        frames.send(Ok(Frame::data(Bytes::from_static(text.as_bytes())))).await.unwrap();
        assert_eq!(answer.frame().await.unwrap().unwrap().into_data().unwrap(), text);
    }
    drop(frames);
    assert!(answer.collect().await.unwrap().to_bytes().is_empty());
}

#[tokio::test]
async fn a_thousand_calls_are_open_at_once_on_a_few_connections() {
    let (_, peers, other) = pair().await;
    let head = head();
    let calls =
        (0..MANY).map(|_| async { answered(peers.send(other.node, call("/together", text("x")), &head).await).await });
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|(_, body)| body == "x"));
    assert!((2..=4).contains(&other.stats.connections_now()), "{}", other.stats.connections_now());
}

#[tokio::test]
async fn a_stranger_is_not_let_in_and_nothing_of_its_call_is_seen() {
    let (node, peers, other) = pair().await;
    let stranger = self::peers(Timing::DEFAULT);
    stranger.follow(&[other.row(NodeState::Active)]);
    assert!(not_applied(&stranger.send(other.node, call("/echo", text("x")), &head()).await));
    assert_eq!(other.stats.handshakes_failed(), 1);
    // Nor is anybody else taken for the node that is meant.
    let wrong = row(other.node, NodeState::Active, &other.address, peers.fingerprint());
    stranger.follow(&[wrong]);
    other.pin(node, &stranger, NodeState::Active);
    assert!(not_applied(&stranger.send(other.node, call("/echo", text("x")), &head()).await));
}

#[tokio::test]
async fn who_has_no_row_any_more_is_cut_off_on_both_sides() {
    for by_the_other in [false, true] {
        let (_, peers, other) = pair().await;
        let (head, gone) = (head(), call("/never", text("x")));
        let sending = peers.send(other.node, gone, &head);
        let cutting = async {
            while other.stats.connections_now() == 0 {
                tokio::task::yield_now().await;
            }
            let of_whom = if by_the_other { &other.peers } else { &peers };
            of_whom.follow(&[]);
        };
        // The call was under way, or was not yet.
        let (sent, ()) = tokio::join!(sending, cutting);
        assert!(matches!(sent, Sent::Unknown | Sent::NotApplied { hint: None }), "{sent:?}");
        assert!(not_applied(&peers.send(other.node, call("/echo", text("x")), &head).await));
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_ends_with_a_status() {
    let (_, peers, other) = pair().await;
    let (frames, body) = mpsc::channel::<Result<Frame<Bytes>, Status>>(1);
    let body = Body::new(StreamBody::new(ReceiverStream::new(body)));
    let Sent::Answer(response) = peers.send(other.node, call("/echo", body), &head()).await else {
        panic!("no answer")
    };
    let mut answer = response.into_body();
    frames.send(Ok(Frame::data(Bytes::from_static(b"one")))).await.unwrap();
    assert!(answer.frame().await.unwrap().unwrap().is_data());
    peers.follow(&[]);
    let trailers = answer.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(Status::from_header_map(&trailers).unwrap().code(), Code::Unavailable);
    assert!(answer.frame().await.is_none());
}

#[tokio::test]
async fn an_upload_ends_with_its_answer() {
    let (_, peers, other) = pair().await;
    let (frames, body) = mpsc::channel::<Result<Frame<Bytes>, Status>>(1);
    let body = Body::new(StreamBody::new(ReceiverStream::new(body)));
    let Sent::Answer(response) = peers.send(other.node, call("/echo", body), &head()).await else {
        panic!("no answer")
    };
    assert!(!frames.is_closed());
    drop(response);
    frames.closed().await;
}

#[tokio::test]
async fn who_is_not_known_yet_waits_until_it_is() {
    let (node, peers, other) = (NodeId::random(), peers(Timing::DEFAULT), Other::start().await);
    assert!(peers.introduce(Duration::ZERO).await, "there is nobody");
    peers.follow(&[other.row(NodeState::Active)]);
    let meets = async {
        other.peers.stranger().await;
        other.pin(node, &peers, NodeState::Active);
    };
    let (introduced, ()) = tokio::join!(peers.introduce(Duration::from_secs(60)), meets);
    assert!(introduced);
    other.peers.follow(&[]);
    assert!(!peers.introduce(Duration::from_millis(120)).await);
}

#[tokio::test]
async fn a_call_without_its_head_is_nobodys() {
    let (_, peers, other) = pair().await;
    let link = peers.find(other.node).unwrap();
    let response = send(&link.pool, call("/echo", text("x")), false).await.unwrap();
    assert_eq!(Status::from_header_map(response.headers()).unwrap().code(), Code::Internal);
}

#[tokio::test]
async fn a_caller_of_too_many_tenants_is_told() {
    use crate::auth::Grant;
    use crate::ids::TenantId;
    use crate::ledger::access::Tenants;
    let (_, peers, other) = pair().await;
    let send = async |count: usize| {
        let ids = (0..count).map(|no| TenantId::parse(&format!("{no:0>128}")).unwrap()).collect();
        let grants = vec![Grant { roles: Roles::ALL, tenants: Tenants::Only(ids) }];
        let principal = Principal { grants, ..Principal::anonymous() };
        let head = ForwardHead { caller: Caller { principal: Arc::new(principal), needs: Roles::ALL }, ..head() };
        answered(peers.send(other.node, call("/echo", text("x")), &head).await).await
    };
    assert_eq!(send(1_000).await.1, "x");
    let (headers, _) = send(2_000).await;
    assert!(headers.contains_key("grpc-status"), "{headers:?}");
}
