//! Headers of a forwarded call: whom the first node has let in, which nodes the call has visited, how much time is left.
//! The credential stays behind (C8).

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::header::{AUTHORIZATION, CONNECTION, COOKIE, HOST, HeaderName, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue};
use prost::Message;
use uuid::Uuid;

use super::access::{Unknown, actor, grant, peer_grant};
use crate::auth::{Caller, Principal, TokenEdition, UsedToken};
use crate::ids::{NodeId, TokenId};
use crate::proto::peer::v1::PeerCaller;
use crate::server::{Forwarded, MAX_VISITED, PEER_HEADERS};

const CALLER: HeaderName = HeaderName::from_static("usher-peer-caller-bin");
const VISITED: HeaderName = HeaderName::from_static("usher-peer-visited");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Bytes of all headers of a forwarded call: a caller with a thousand tenants, whose ids are as long as ids can be, has
/// two thirds of it.
pub(super) const MAX_HEADERS: u32 = 256 * 1024;
/// Bytes of the caller's header: what is left to all others is more than the public port takes.
const MAX_CALLER: usize = 192 * 1024;

/// As gRPC encodes values of headers; read with padding and without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What the first node, or the one on the way, says with a call.
#[derive(Debug, Clone)]
pub struct ForwardHead {
    pub caller: Caller,
    /// Nodes that the call has visited, this one last.
    pub visited: Vec<NodeId>,
    /// What is left of the call's deadline.
    pub left: Duration,
}

/// The caller has too many tenants for a header: bytes that it would take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the caller's tenants take {0} bytes of a header, and at most {MAX_CALLER} are sent")]
pub(super) struct TooLong(pub usize);

/// A header of a forwarded call is missing or wrong. The other node is of another release, or has a defect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct HeadError(&'static str);

impl From<Unknown> for HeadError {
    fn from(unknown: Unknown) -> Self {
        Self(unknown.0)
    }
}

impl ForwardHead {
    /// Replaces the headers that are about one hop, and those that hold a credential.
    ///
    /// # Errors
    /// [`TooLong`]
    pub(super) fn write(&self, headers: &mut HeaderMap) -> Result<(), TooLong> {
        for removed in [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION, CONNECTION, HOST] {
            headers.remove(removed);
        }
        let from_outside: Vec<_> =
            headers.keys().filter(|name| name.as_str().starts_with(PEER_HEADERS)).cloned().collect();
        for name in from_outside {
            headers.remove(name);
        }
        let caller = BASE64.encode(caller(&self.caller).encode_to_vec());
        if caller.len() > MAX_CALLER {
            return Err(TooLong(caller.len()));
        }
        let visited = self.visited.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        for (name, text) in [(CALLER, caller), (VISITED, visited), (TIMEOUT, timeout(self.left))] {
            headers.insert(name, HeaderValue::try_from(text).expect("letters and digits"));
        }
        Ok(())
    }
}

/// Reads the headers of a forwarded call.
///
/// # Errors
/// [`HeadError`]
pub(super) fn parse(headers: &HeaderMap) -> Result<Forwarded, HeadError> {
    let visited = only(headers, &VISITED)?.to_str().map_err(|_| HeadError("usher-peer-visited is no text"))?;
    let visited = parse_visited(visited)?;
    let bytes = BASE64.decode(only(headers, &CALLER)?).map_err(|_| HeadError("usher-peer-caller-bin is not base64"))?;
    let caller = PeerCaller::decode(&*bytes).map_err(|_| HeadError("usher-peer-caller-bin is not a PeerCaller"))?;
    Ok(Forwarded { principal: Arc::new(principal(caller)?), visited })
}

/// The value of a header that stands exactly once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a HeaderValue, HeadError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(only), None) => Ok(only),
        _ => Err(HeadError("a header of a forwarded call is missing, or stands twice")),
    }
}

fn parse_visited(text: &str) -> Result<Vec<NodeId>, HeadError> {
    let mut visited = Vec::new();
    for text in text.split(',') {
        let id = Uuid::try_parse(text).ok().filter(|id| !id.is_nil()).map(NodeId);
        let id = id.ok_or(HeadError("usher-peer-visited names no node"))?;
        if visited.contains(&id) || visited.len() == MAX_VISITED {
            return Err(HeadError("usher-peer-visited names a node twice, or too many"));
        }
        visited.push(id);
    }
    Ok(visited)
}

fn caller(caller: &Caller) -> PeerCaller {
    let token = caller.principal.token;
    let needed = caller.principal.grants.iter().filter(|grant| grant.roles.meets(caller.needs));
    PeerCaller {
        actor: caller.actor().0.to_string(),
        grants: needed.map(peer_grant).collect(),
        token_id: token.map(|token| token.id.0),
        token_edition: token.map_or(0, |token| token.edition.0),
    }
}

fn principal(caller: PeerCaller) -> Result<Principal, HeadError> {
    let actor = actor(caller.actor)?;
    let grants = caller.grants.into_iter().map(grant).collect::<Result<_, Unknown>>()?;
    let edition = TokenEdition(caller.token_edition);
    let token = caller.token_id.map(|id| UsedToken { id: TokenId(id), edition });
    Ok(Principal { actor, grants, token })
}

/// A duration as gRPC writes it: at most 8 digits and a unit; never more than it is.
fn timeout(left: Duration) -> String {
    const MAX: u128 = 99_999_999;
    match () {
        () if left.as_micros() <= MAX => format!("{}u", left.as_micros()),
        () if left.as_millis() <= MAX => format!("{}m", left.as_millis()),
        () => format!("{}S", u128::from(left.as_secs()).min(MAX)),
    }
}

#[cfg(test)]
mod tests;
