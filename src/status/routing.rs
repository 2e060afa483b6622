//! The mark on an error by which the server finds out that another node may answer the call: it sends the call there, or
//! once more here. The server takes the mark off; no client ever sees it.

use http::{HeaderMap, HeaderName};
use tonic::Status;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};

use crate::ids::ShardId;

/// Header of the mark: `not-applied 7`, `unknown 7` or `no-lease 7`.
const HEADER: &str = "usher-routing";

/// What a node that did not answer a call knows about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// The node does not hold the shard, and nothing was applied: the call may be sent anywhere.
    NotApplied(ShardId),
    /// Nobody knows whether the call was applied: only a call that may be carried out twice may be sent again.
    Unknown(ShardId),
    /// The node's lease of the shard has ended, so that it did not say what it has in memory: the call may be sent
    /// anywhere.
    NoLease(ShardId),
}

impl Routing {
    /// The shard that the call needs.
    #[must_use]
    pub fn shard(self) -> ShardId {
        let (Routing::NotApplied(shard) | Routing::Unknown(shard) | Routing::NoLease(shard)) = self;
        shard
    }

    fn word(self) -> &'static str {
        match self {
            Routing::NotApplied(_) => "not-applied",
            Routing::Unknown(_) => "unknown",
            Routing::NoLease(_) => "no-lease",
        }
    }

    fn read(text: &str) -> Option<Self> {
        let (word, shard) = text.split_once(' ')?;
        let shard = ShardId(shard.parse().ok()?);
        let all = [Routing::NotApplied(shard), Routing::Unknown(shard), Routing::NoLease(shard)];
        all.into_iter().find(|routing| routing.word() == word)
    }
}

/// Puts the mark on an error.
#[must_use]
pub fn marked(mut status: Status, routing: Routing) -> Status {
    if let Ok(value) = AsciiMetadataValue::try_from(format!("{} {}", routing.word(), routing.shard().0)) {
        status.metadata_mut().insert(AsciiMetadataKey::from_static(HEADER), value);
    }
    status
}

/// Takes the mark off the headers, or the trailers, of an answer. A mark that cannot be read is taken off, too.
pub fn take(headers: &mut HeaderMap) -> Option<Routing> {
    let name = HeaderName::from_static(HEADER);
    let routing = headers.get(&name).and_then(|value| Routing::read(value.to_str().ok()?));
    headers.remove(&name);
    routing
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: ShardId = ShardId(300);

    fn headers(status: &Status) -> HeaderMap {
        status.clone().into_http::<()>().into_parts().0.headers
    }

    #[test]
    fn a_mark_is_taken_off_as_it_was_put_on() {
        for routing in [Routing::NotApplied(SHARD), Routing::Unknown(SHARD), Routing::NoLease(SHARD)] {
            let mut headers = headers(&marked(Status::unavailable("elsewhere"), routing));
            assert!(headers.contains_key(HEADER));
            assert_eq!(take(&mut headers), Some(routing));
            assert!(!headers.contains_key(HEADER), "clients do not see it");
            assert_eq!(routing.shard(), SHARD);
        }
    }

    #[test]
    fn what_is_no_mark_is_taken_off_and_means_nothing() {
        for text in ["", "unknown", "unknown -1", "unknown 65536", "elsewhere 1", "not-applied 1 2"] {
            let mut headers = HeaderMap::new();
            headers.append(HEADER, text.parse().unwrap());
            headers.append(HEADER, "unknown 1".parse().unwrap());
            assert_eq!(take(&mut headers), None, "{text:?}");
            assert!(headers.is_empty(), "{text:?}");
        }
        assert_eq!(take(&mut HeaderMap::new()), None);
    }
}
