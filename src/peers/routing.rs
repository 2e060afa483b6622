//! Headers of an answer that say that a call was not carried out here, and where its shard is instead.

use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

use crate::cluster::KnownOwner;
use crate::ids::{Epoch, NodeId, ShardId};
use crate::store::nodes::NodeRef;

/// `not-applied <shard>`, beside others that mean nothing here.
const ROUTING: &str = "usher-routing";
/// `<shard> <epoch> <node id> <generation>`, or `<shard> <epoch> -`: nobody's.
const OWNER: &str = "usher-peer-owner";

/// The shard of a call that was not applied; `None`: the answer is one.
pub(super) fn not_applied(headers: &HeaderMap) -> Option<ShardId> {
    let shard = headers.get(ROUTING)?.to_str().ok()?.strip_prefix("not-applied ")?;
    shard.parse().ok().map(ShardId)
}

/// Adds where the shard is.
pub(super) fn set_owner(headers: &mut HeaderMap, shard: ShardId, known: KnownOwner) {
    let (shard, epoch) = (shard.0, known.epoch.0);
    let text = match known.node {
        Some(node) => format!("{shard} {epoch} {} {}", node.id, node.generation),
        None => format!("{shard} {epoch} -"),
    };
    headers.insert(OWNER, HeaderValue::try_from(text).expect("letters and digits"));
}

/// Where the shard is, if the peer says so.
pub(super) fn owner(headers: &HeaderMap) -> Option<(ShardId, KnownOwner)> {
    let mut words = headers.get(OWNER)?.to_str().ok()?.split(' ');
    let (shard, epoch) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let node = match (words.next()?, words.next()) {
        ("-", None) => None,
        (id, Some(generation)) => Some(NodeRef {
            id: NodeId(Uuid::try_parse(id).ok().filter(|id| !id.is_nil())?),
            generation: generation.parse().ok()?,
        }),
        _ => return None,
    };
    words.next().is_none().then_some((ShardId(shard), KnownOwner { epoch: Epoch(epoch), node }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_arrives_as_it_was_named() {
        let node = NodeRef { id: NodeId::random(), generation: 4 };
        for node in [Some(node), None] {
            let known = KnownOwner { epoch: Epoch(17), node };
            let mut headers = HeaderMap::new();
            set_owner(&mut headers, ShardId(3), known);
            assert_eq!(owner(&headers), Some((ShardId(3), known)));
        }
    }

    #[test]
    fn a_hint_that_is_none_is_no_hint() {
        let id = NodeId::random();
        let good = format!("3 17 {id} 4");
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(OWNER, HeaderValue::from_str(text).unwrap());
            owner(&headers)
        };
        assert!(read(&good).is_some() && owner(&HeaderMap::new()).is_none());
        for bad in [
            String::new(),
            "3 17".into(),
            "3 17 - 4".into(),
            format!("3 17 {id}"),
            format!("{good} 5"),
            format!("65536 17 {id} 4"),
            format!("3 -- {id} 4"),
            format!("3 17 {} 4", Uuid::nil()),
            format!("3 17 {id} x"),
            format!("3  17 {id} 4"),
        ] {
            assert!(read(&bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_a_call_that_was_not_applied_is_not_applied() {
        for (text, shard) in [
            ("not-applied 3", Some(ShardId(3))),
            ("not-applied", None),
            ("not-applied x", None),
            ("not-applied 65536", None),
            ("unknown 3", None),
            ("no-lease 3", None),
        ] {
            let headers =
                HeaderMap::from_iter([(http::HeaderName::from_static(ROUTING), HeaderValue::from_static(text))]);
            assert_eq!(not_applied(&headers), shard, "{text}");
        }
    }
}
