//! Tests of what nodes tell and ask each other.

use super::*;
use crate::proto::peer::v1::{GetOwnersRequest, GetTokensRequest, ListTenantsRequest, TellRequest};

#[tokio::test]
async fn who_is_dead_may_forward_and_is_not_listened_to() {
    let (node, peers, mut other) = pair().await;
    other.pin(node, &peers, NodeState::Dead);
    let (_, body) = answered(peers.send(other.node, call("/echo", text("hello")), &head()).await).await;
    assert_eq!(body, "hello");
    let asked = peers.client(other.node).unwrap().get_tokens(GetTokensRequest { edition: 0 }).await;
    assert_eq!(asked.unwrap_err().code(), Code::PermissionDenied);
    let message = PeerMessage::Owns { shard: ShardId(1), epoch: Epoch(2), node: NodeRef { id: node, generation: 1 } };
    let tell = TellRequest { messages: vec![message.into()], token_edition: Some(9) };
    assert!(peers.client(other.node).unwrap().tell(tell).await.is_err());
    assert!(other.told.try_recv().is_err() && other.told_tokens.try_recv().is_err());
    // It has lost the store, and goes on forwarding: it must find out where to.
    let known = PeerOwners { owners: vec![(ShardId(3), OWNER)], heartbeat_age: Some(Duration::from_millis(700)) };
    assert_eq!(peers.ask_owners().await, [known]);
    let list = ListTenantsRequest { all_tenants: true, limit: 10, ..ListTenantsRequest::default() };
    assert!(peers.client(other.node).unwrap().list_tenants(list).await.is_ok());
}

#[tokio::test]
async fn peers_are_told_and_asked() {
    let (node, peers, mut other) = pair().await;
    let me = NodeRef { id: node, generation: 1 };
    let owns = |shard| PeerMessage::Owns { shard: ShardId(shard), epoch: Epoch(2), node: me };
    peers.tell_all(owns(1));
    assert_eq!(other.told.recv().await, Some((node, owns(1))));
    let released = PeerMessage::Released { shard: ShardId(1), epoch: Epoch(2), to: me };
    peers.tell(other.node, released);
    assert_eq!(other.told.recv().await, Some((node, released)));
    peers.tell(NodeId::random(), owns(2));
    peers.tell_tokens_changed(TokenEdition(12));
    assert_eq!(other.told_tokens.recv().await, Some(TokenEdition(12)));
    let owners = peers.client(other.node).unwrap().get_owners(GetOwnersRequest {}).await.unwrap().into_inner().owners;
    assert_eq!(owners.into_iter().map(message::parse_owner).collect::<Vec<_>>(), [Some((ShardId(3), OWNER))]);
}
