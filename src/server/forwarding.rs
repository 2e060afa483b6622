//! Sends a call that this process must not answer to the owner of its shard, or answers it here again when the shard
//! came here meanwhile (C8). Nothing here knows any method: the bytes of the request are sent as they came in.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures_util::future::BoxFuture;
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderName, HeaderValue, Request, Response, Uri, Version};
use tokio::time::Instant;
use tonic::Status;
use tonic::body::Body;

use super::forward::{Forwarded, Forwarder, Location, REPEATED, Sent};
use super::itinerary::{Itinerary, MAX_WAIT};
use super::kept_body::KeptBody;
use crate::auth::Caller;
use crate::cluster::KnownOwner;
use crate::ids::{NodeId, ShardId, TenantId};
use crate::spans;
use crate::status::routing::{self, Routing};
use crate::status::{self, Repeated};

const SENT_ON_COUNT: usize = 5;
/// Headers that are sent on. Credentials are not among them: the caller was verified here.
static SENT_ON: [HeaderName; SENT_ON_COUNT] = [
    HeaderName::from_static("grpc-encoding"),
    HeaderName::from_static("grpc-accept-encoding"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-request-id"),
];

/// Answers a call in this process.
pub(super) trait Local: Send + Sync {
    /// Path of a method, by its number.
    fn path(&self, number: usize) -> Uri;

    fn answer_again(&self, number: usize, request: Request<Body>) -> BoxFuture<'static, Response<Body>>;
}

/// Request of a call, except for its body.
#[derive(Debug)]
pub(super) struct Head {
    /// Values of [`SENT_ON`]. Not the whole map, which would be copied for each call and needed for few.
    headers: [Option<HeaderValue>; SENT_ON_COUNT],
    pub caller: Caller,
    /// The nodes that had the call before this one.
    visited: Vec<NodeId>,
    /// True: it may have been carried out already.
    is_repeated: bool,
}

impl Head {
    /// Copies it from a request whose caller was admitted.
    pub fn of<B>(request: &mut Request<B>) -> Option<Self> {
        let visited = request.extensions_mut().remove::<Forwarded>().map(|forwarded| forwarded.visited);
        let caller = request.extensions().get::<Caller>()?.clone();
        let is_repeated = request.extensions().get::<Repeated>().is_some();
        let headers = SENT_ON.each_ref().map(|name| request.headers().get(name).cloned());
        Some(Self { headers, caller, visited: visited.unwrap_or_default(), is_repeated })
    }
}

/// How a call is answered, whatever its method.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Number of the method.
    pub number: usize,
    /// True: it may be carried out again when its outcome is not known.
    pub is_repeatable: bool,
    /// True: another node sent it, and reads the mark of a refusal.
    pub is_peers: bool,
    pub deadline: Instant,
}

/// A call that can be sent elsewhere.
pub(super) struct Forwarding {
    pub forwarder: Arc<dyn Forwarder>,
    pub local: Arc<dyn Local>,
    pub head: Head,
    pub body: Arc<dyn KeptBody>,
    pub terms: Terms,
}

/// Result of one attempt.
enum Attempt {
    Answered(Response<Body>),
    Refused(Routing),
    /// The call cannot be sent (any more).
    Impossible,
}

impl Forwarding {
    /// Whether another process must answer the call, as far as its first bytes tell before anybody has read them. It
    /// saves the work of a refusal. Whoever gets the call reads the tenant again, and refuses it if this was wrong.
    pub fn poll_elsewhere(&self, context: &mut Context<'_>) -> Poll<Option<Routing>> {
        let bytes = ready!(self.body.poll_peek(context));
        let tenant = bytes.as_deref().and_then(first_field).and_then(|text| TenantId::parse(text).ok());
        // A caller who may not is refused here.
        let tenant = tenant.filter(|tenant| self.head.caller.may(tenant));
        let shard = tenant.and_then(|tenant| self.forwarder.elsewhere(&tenant));
        Poll::Ready(shard.map(Routing::NotApplied))
    }

    /// Goes on with a call that was refused here, until it is answered. `refusal` is its answer when nobody answers in
    /// time; `None`: it was not begun here.
    pub async fn go_on(mut self: Box<Self>, mut why: Routing, refusal: Option<Response<Body>>) -> Response<Body> {
        let until = self.terms.deadline.min(Instant::now() + MAX_WAIT);
        let mut last = Refused { answer: refusal, why };
        let visited = std::mem::take(&mut self.head.visited);
        let mut itinerary = Itinerary::new(visited, self.terms.is_repeatable, self.head.is_repeated);
        loop {
            let is_over = !itinerary.refused(why);
            if matches!(why, Routing::Unknown(_)) {
                tracing::debug!(shard = why.shard().0, "it is not known whether a call was carried out");
                last = last.unknown(why);
            }
            if is_over {
                break;
            }
            let Some(location) = self.locate(why.shard(), itinerary.tried(), until).await else { break };
            if !itinerary.goes(&location) {
                break;
            }
            match self.attempt(location, why.shard(), &itinerary).await {
                Attempt::Answered(answer) => return answer,
                Attempt::Refused(next) => why = next,
                Attempt::Impossible => break,
            }
        }
        last.answer(self.terms.is_peers)
    }

    /// `None`: it is not known in time.
    async fn locate(&self, shard: ShardId, tried: Option<KnownOwner>, until: Instant) -> Option<Location> {
        let located = self.forwarder.locate(shard, tried, until);
        // A forwarder that waits for too long does not hold the call.
        let located = tokio::time::timeout_at(until, located).await.ok()?;
        located.inspect_err(|error| tracing::debug!(shard = shard.0, %error, "no owner for a call")).ok()
    }

    async fn attempt(&self, location: Location, shard: ShardId, itinerary: &Itinerary) -> Attempt {
        let Some(request) = self.request(itinerary.is_repeated()) else { return Attempt::Impossible };
        if let Location::Here(_) = location {
            return Attempt::of(self.local.answer_again(self.terms.number, request).await);
        }
        let left = self.terms.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Attempt::Impossible;
        }
        match self.forwarder.send(&location, request, &self.head.caller, left, itinerary.visited()).await {
            Sent::Answer(answer) => Attempt::of(answer),
            Sent::NotApplied { .. } => Attempt::Refused(Routing::NotApplied(shard)),
            Sent::Unknown => Attempt::Refused(Routing::Unknown(shard)),
        }
    }

    /// Returns the request from its beginning on. `None`: it is not kept any more.
    fn request(&self, is_repeated: bool) -> Option<Request<Body>> {
        let mut request = Request::new(Arc::clone(&self.body).again()?);
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.local.path(self.terms.number);
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        for (name, value) in SENT_ON.iter().zip(&self.head.headers) {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        spans::propagate(headers);
        if is_repeated {
            headers.insert(REPEATED, HeaderValue::from_static("1"));
            request.extensions_mut().insert(Repeated);
        }
        request.extensions_mut().insert(self.head.caller.clone());
        Some(request)
    }
}

/// The text of the first field of a message, if that is a short text and nothing is compressed.
fn first_field(bytes: &[u8]) -> Option<&str> {
    /// Field 1, a text. Its length of up to 127 bytes takes one byte.
    const TAG: u8 = 1 << 3 | 2;
    match bytes {
        [0, _, _, _, _, TAG, length @ 0..128, rest @ ..] => str::from_utf8(rest.get(..usize::from(*length))?).ok(),
        _ => None,
    }
}

impl Attempt {
    fn of(mut answer: Response<Body>) -> Self {
        match take_mark(&mut answer) {
            Some(why) => Attempt::Refused(why),
            None => Attempt::Answered(answer),
        }
    }
}

/// Takes the mark off an answer that is an error.
pub(super) fn take_mark(answer: &mut Response<Body>) -> Option<Routing> {
    if answer.headers().contains_key(Status::GRPC_STATUS) { routing::take(answer.headers_mut()) } else { None }
}

/// The answer of a call that nobody answers in time.
struct Refused {
    /// `None`: nobody has made one yet.
    answer: Option<Response<Body>>,
    why: Routing,
}

impl Refused {
    /// From now on it is not known whether the call was carried out, whatever refuses it later.
    fn unknown(self, why: Routing) -> Self {
        match self.why {
            Routing::Unknown(_) => self,
            _ => Self { answer: Some(status::outcome_unknown().into_http()), why },
        }
    }

    /// `marked`: with the mark, for a node that sends it elsewhere itself.
    fn answer(self, marked: bool) -> Response<Body> {
        let not_begun = || status::not_applied(self.why.shard()).into_http();
        let mut answer = self.answer.unwrap_or_else(not_begun);
        take_mark(&mut answer);
        match Status::from_header_map(answer.headers()) {
            Some(status) if marked => routing::marked(status, self.why).into_http(),
            _ => answer,
        }
    }
}

#[cfg(test)]
mod tests;
