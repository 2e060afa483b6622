//! A forwarder that does what a test tells it, and remembers what it was asked.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use http_body_util::BodyExt;

use super::super::super::forward::Forwarder;
use super::*;
use crate::ids::Epoch;
use crate::store::nodes::NodeRef;

pub const SHARD: ShardId = ShardId(3);

/// What becomes of a call that is sent.
#[derive(Debug, Clone)]
pub enum Fate {
    /// The peer answers with its bytes.
    Echo,
    /// The peer refuses, with its mark.
    Refuse(Routing),
    NotApplied,
    Unknown,
    Never,
    Panic,
}

/// A call as it was sent.
#[derive(Debug)]
pub struct SentCall {
    pub via: NodeId,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub deadline: Duration,
    pub visited: Vec<NodeId>,
    pub actor: String,
}

#[derive(Default)]
pub struct Fake {
    pub is_alone: bool,
    /// The tenant whose shard is held by another node, before anybody asks.
    pub elsewhere: Option<&'static str>,
    /// Answers of `locate`; after the last one, it waits forever.
    pub locations: Mutex<VecDeque<Location>>,
    /// True: the last location again and again.
    pub repeats: bool,
    pub fates: Mutex<VecDeque<Fate>>,
    pub tried: Mutex<Vec<Option<KnownOwner>>>,
    pub sent: Mutex<Vec<SentCall>>,
    /// Calls that are being sent.
    pub open: Arc<AtomicUsize>,
}

/// The node that owns the shard at an epoch.
pub fn node(epoch: i64) -> NodeId {
    NodeId(uuid::Uuid::from_u128(u128::try_from(epoch).unwrap()))
}

pub fn owner(epoch: i64) -> KnownOwner {
    KnownOwner { epoch: Epoch(epoch), node: Some(NodeRef { id: node(epoch), generation: 1 }) }
}

pub fn at(epoch: i64) -> Location {
    Location::At { owner: owner(epoch), via: node(epoch) }
}

impl Fake {
    pub fn told(locations: &[Location], fates: &[Fate]) -> Self {
        let (locations, fates) = (locations.iter().copied().collect(), fates.iter().cloned().collect());
        Self { locations: Mutex::new(locations), fates: Mutex::new(fates), ..Self::default() }
    }

    pub fn tried(&self) -> Vec<Option<i64>> {
        self.tried.lock().unwrap().iter().map(|tried| tried.map(|owner| owner.epoch.0)).collect()
    }

    pub fn sent(&self) -> usize {
        self.sent.lock().unwrap().len()
    }

    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

/// Counts a call while it is being sent.
struct Open(Arc<AtomicUsize>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Forwarder for Fake {
    fn has_peers(&self) -> bool {
        !self.is_alone
    }

    fn elsewhere(&self, tenant: &TenantId) -> Option<ShardId> {
        (self.elsewhere == Some(tenant.as_str())).then_some(SHARD)
    }

    fn locate(&self, shard: ShardId, tried: Option<KnownOwner>, _: Instant) -> BoxFuture<'_, Result<Location, Status>> {
        assert_eq!(shard, SHARD);
        self.tried.lock().unwrap().push(tried);
        let mut locations = self.locations.lock().unwrap();
        let next = if self.repeats { locations.front().copied() } else { locations.pop_front() };
        match next {
            Some(location) => futures_util::future::ready(Ok(location)).boxed(),
            None => futures_util::future::pending().boxed(),
        }
    }

    fn send(
        &self,
        to: &Location,
        call: Request<Body>,
        caller: &Caller,
        deadline: Duration,
        visited: &[NodeId],
    ) -> BoxFuture<'_, Sent> {
        let Location::At { via, .. } = *to else { panic!("not sent here") };
        let fate = self.fates.lock().unwrap().pop_front().unwrap_or(Fate::NotApplied);
        let (actor, visited) = (caller.actor().0.to_string(), visited.to_vec());
        self.open.fetch_add(1, Ordering::SeqCst);
        let open = Open(Arc::clone(&self.open));
        async move {
            let _open = open;
            let (head, body) = call.into_parts();
            let body = body.collect().await.expect("the whole request").to_bytes().to_vec();
            let answer = echo(&body);
            let call = SentCall { via, headers: head.headers, body, deadline, visited, actor };
            self.sent.lock().unwrap().push(call);
            match fate {
                Fate::Echo => Sent::Answer(answer),
                Fate::Refuse(routing) => Sent::Answer(refused(routing).into_http()),
                Fate::NotApplied => Sent::NotApplied { hint: None },
                Fate::Unknown => Sent::Unknown,
                Fate::Never => futures_util::future::pending().await,
                Fate::Panic => panic!("the forwarder panics, as it was told"),
            }
        }
        .boxed()
    }
}
