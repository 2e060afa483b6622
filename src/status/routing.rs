//! Marks a status that says nothing about the call itself, but that the call must be sent to another process (C8). The
//! server reads the mark and removes it: no client sees it.

use std::fmt;

use http::HeaderMap;
use http::HeaderValue;
use http::header::HeaderName;
use tonic::Status;
use tonic::metadata::MetadataValue;

use crate::ids::ShardId;

/// Such as `not-applied 7`.
const ROUTING: &str = "usher-routing";

/// Why a call was not answered here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    /// This process does not own the shard, and decided nothing.
    NotApplied(ShardId),
    /// The shard was taken away around a commit: whether the call was applied is not known.
    Unknown(ShardId),
    /// The node's lease has ended, and nothing was answered.
    NoLease(ShardId),
}

impl Routing {
    /// The shard of the call.
    #[must_use]
    pub fn shard(self) -> ShardId {
        match self {
            Routing::NotApplied(shard) | Routing::Unknown(shard) | Routing::NoLease(shard) => shard,
        }
    }

    /// Adds the mark to a status.
    #[must_use]
    pub fn mark(self, mut status: Status) -> Status {
        if let Ok(value) = MetadataValue::try_from(self.to_string()) {
            status.metadata_mut().insert(ROUTING, value);
        }
        status
    }

    /// Adds the mark to the headers of a status.
    pub fn set(self, headers: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::try_from(self.to_string()) {
            headers.insert(HeaderName::from_static(ROUTING), value);
        }
    }

    /// Removes the mark from the headers or trailers of an answer, and returns it. A mark that cannot be read is
    /// removed, too.
    pub fn take(headers: &mut HeaderMap) -> Option<Self> {
        let value = headers.remove(ROUTING)?;
        let (what, shard) = value.to_str().ok()?.split_once(' ')?;
        let shard = ShardId(shard.parse().ok()?);
        match what {
            "not-applied" => Some(Routing::NotApplied(shard)),
            "unknown" => Some(Routing::Unknown(shard)),
            "no-lease" => Some(Routing::NoLease(shard)),
            _ => None,
        }
    }
}

impl fmt::Display for Routing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Routing::NotApplied(_) => "not-applied",
            Routing::Unknown(_) => "unknown",
            Routing::NoLease(_) => "no-lease",
        };
        write!(f, "{what} {}", self.shard().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_taken_once_from_the_headers_of_a_status() {
        let marks = [Routing::NotApplied(ShardId(7)), Routing::Unknown(ShardId(0)), Routing::NoLease(ShardId(65_535))];
        for mark in marks {
            let mut response = mark.mark(Status::unavailable("elsewhere")).into_http::<()>();
            assert_eq!(Routing::take(response.headers_mut()), Some(mark));
            assert_eq!(Routing::take(response.headers_mut()), None);
        }
        let mut headers = HeaderMap::new();
        for nonsense in ["", "7", "not-applied", "not-applied x", "not-applied 65536", "applied 7"] {
            headers.insert(ROUTING, HeaderValue::from_static(nonsense));
            assert_eq!((Routing::take(&mut headers), headers.len()), (None, 0), "{nonsense:?}");
        }
    }
}
