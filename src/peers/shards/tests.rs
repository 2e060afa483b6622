//! Two nodes on one store, over loopback: the first holds the shards 2 and 3, and the second 0 and 1, and with them the
//! tokens.

use tempfile::TempDir;

use super::*;
use crate::auth::{TokenRefused, UsedToken};
use crate::clock::Clock;
use crate::cluster::KnownOwner;
use crate::ids::Epoch;
use crate::ledger::access::Tenants;
use crate::ledger::change::TenantState;
use crate::ledger::command::{DeleteTenant, SuspendTenant};
use crate::peers::connection::Timing;
use crate::peers::tests::{Other, peers};
use crate::shards::tests::{SHARDS, actor, create_tenants, create_token, holds, revoke_token, tenant, token};
use crate::shards::{AllShards, LocalShards};
use crate::store::nodes::{NodeRef, NodeState};
use crate::store::sqlite::SqliteStore;
use crate::store::{Installation, Store};

struct Two {
    first: Arc<AllShards>,
    second: LocalShards,
    owners: Arc<Owners>,
    there: NodeRef,
    peers: Arc<Peers>,
    _other: Other,
    _folder: TempDir,
}

impl Two {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let installation = store.installation(Installation::new(SHARDS)).await.unwrap();
        let clock = Clock::system();
        let (first, second) =
            (holds(&store, installation, &clock, &[2, 3]).await, holds(&store, installation, &clock, &[0, 1]).await);
        create_tenants([&first, &second]).await;
        let (peers, other) = (Arc::new(peers(Timing::DEFAULT)), Other::start_with(second.clone()).await);
        let (here, there) = (node(), NodeRef { id: other.node, generation: 1 });
        peers.follow(&[other.row(NodeState::Active)]);
        other.pin(here.id, &peers, NodeState::Active);
        let owners = Arc::new(Owners::new(SHARDS));
        for (shard, node) in [(0, there), (1, there), (2, here), (3, here)] {
            owners.learn(ShardId(shard), KnownOwner { epoch: Epoch(1), node: Some(node) });
        }
        let remote = PeerShards::new(Arc::clone(&peers), Arc::clone(&owners), first.installation());
        let first = AllShards::new(first, Arc::new(remote));
        Self { first, second, owners, there, peers, _other: other, _folder: folder }
    }

    async fn list(&self, query: ListTenants) -> Vec<String> {
        let page = self.first.list_tenants(&query).await.unwrap();
        page.rows.iter().map(|tenant| tenant.id.as_str().to_owned()).collect()
    }

    fn find(&self, id: u64) -> Result<UsedToken, TokenRefused> {
        let found = self.first.local().tokens().find(&token(id), WallTime(1_900_000_000_000));
        found.map(|principal| principal.token.unwrap())
    }

    /// Whether the node that keeps the tokens lets in a call that the first node forwards.
    fn again(&self, used: UsedToken) -> Result<(), TokenRefused> {
        self.second.tokens().check_again(used, WallTime(1_900_000_000_000))
    }

    /// Another node owns the shard from now on, as far as the first one knows.
    fn moves(&self, shard: u16, to: Option<NodeRef>) {
        self.owners.learn(ShardId(shard), KnownOwner { epoch: Epoch(2), node: to });
    }
}

fn node() -> NodeRef {
    NodeRef { id: NodeId::random(), generation: 1 }
}

fn query() -> ListTenants {
    ListTenants { limit: 10, ..ListTenants::default() }
}

#[tokio::test]
async fn c11_the_tenants_of_every_owner_are_listed_as_they_are_asked_for() {
    let two = Two::start().await;
    assert_eq!(two.list(query()).await, ["t0", "t1", "t2", "t3", "t4"]);
    let of = |shards: [u16; 2], tenant: &str| shards.contains(&self::tenant(tenant).shard(SHARDS).0);
    assert!((0..5).any(|no| of([0, 1], &format!("t{no}"))) && (0..5).any(|no| of([2, 3], &format!("t{no}"))));
    let only = Tenants::Only(["t1", "t4", "t9"].map(tenant).into());
    assert_eq!(two.list(ListTenants { among: only, ..query() }).await, ["t1", "t4"]);
    assert_eq!(two.list(ListTenants { text: "t3".into(), ..query() }).await, ["t3"]);
    let suspended = (0..5).map(|no| format!("t{no}")).find(|id| of([0, 1], id)).unwrap();
    let suspend = SuspendTenant { suspend: true };
    two.second.journal().submit(&actor(), &tenant(&suspended), suspend).await.unwrap().unwrap();
    let found = two.list(ListTenants { state: Some(TenantState::Suspended), ..query() }).await;
    assert_eq!(found, std::slice::from_ref(&suspended));
    two.second.journal().submit(&actor(), &tenant(&suspended), DeleteTenant).await.unwrap().unwrap();
    assert!(!two.list(query()).await.contains(&suspended));
}

#[tokio::test]
async fn a_shard_whose_owner_cannot_answer_is_in_no_part_of_the_answer() {
    let two = Two::start().await;
    let remote = PeerShards::new(Arc::clone(&two.peers), Arc::clone(&two.owners), ShardId(0));
    let shards = async || {
        let mut listed: Vec<ShardId> = Vec::new();
        for part in remote.list_tenants(&[0, 1, 2, 3].map(ShardId), &query()).await {
            listed.extend(part.shards);
        }
        listed
    };
    assert_eq!(shards().await, [ShardId(0), ShardId(1)], "this node is no peer of itself");
    two.moves(1, Some(node()));
    assert_eq!(shards().await, [ShardId(0)], "an owner whom nobody knows");
    two.moves(0, None);
    two.moves(2, Some(two.there));
    assert_eq!(shards().await, [], "nobody, and one who does not hold it");
    assert_eq!(remote.tokens(TokenEdition::default()).await, Err(Unanswered));
    assert_eq!(remote.withdraw_tenant(&actor(), &tenant("t0")).await, Err(Unanswered));
    assert_eq!(remote.note_token_use(&[(TokenId(1), WallTime(5))]).await, Err(Unanswered));
}

#[tokio::test]
async fn c10_a_token_is_known_at_every_node_and_a_revoked_one_nowhere() {
    let two = Two::start().await;
    create_token(&two.second, 1, tenant("t0")).await;
    two.first.refresh_tokens().await.unwrap();
    let used = two.find(1).unwrap();
    assert_eq!(used.edition, two.second.tokens().edition());
    assert_eq!((two.again(used), two.find(2)), (Ok(()), Err(TokenRefused::Unknown)));
    revoke_token(&two.second, 1).await;
    two.second.tokens_since(TokenEdition::default()).await.unwrap();
    assert_eq!(two.find(1), Ok(used), "the first node has not asked yet");
    assert_eq!(two.again(used), Err(TokenRefused::Revoked), "and its call is refused where the token was revoked");
    two.first.refresh_tokens().await.unwrap();
    assert_eq!(two.find(1), Err(TokenRefused::Revoked));
}

#[tokio::test]
async fn c10_what_a_node_does_to_tokens_is_done_where_they_are() {
    let two = Two::start().await;
    create_token(&two.second, 1, tenant("t0")).await;
    create_token(&two.second, 2, tenant("t1")).await;
    two.first.refresh_tokens().await.unwrap();
    two.find(2).unwrap();
    two.first.write_token_use().await.unwrap();
    two.second.tokens_since(TokenEdition::default()).await.unwrap();
    let rows = two.second.tokens().since(TokenEdition::default()).rows.unwrap();
    assert!(rows.iter().any(|row| row.id == TokenId(2) && row.last_used == Some(WallTime(1_900_000_000_000))));
    two.first.withdraw_tenant(&actor(), &tenant("t0")).await.unwrap();
    two.first.refresh_tokens().await.unwrap();
    assert_eq!(two.find(1), Err(TokenRefused::Unknown));
    assert!(two.find(2).is_ok());
}

/// An answer of another size or of other shards than were asked for would make a list with tenants twice, or with more
/// than a page.
#[tokio::test]
async fn the_answer_of_a_node_that_errs_is_not_taken() {
    let two = Two::start().await;
    let remote = PeerShards::new(Arc::clone(&two.peers), Arc::clone(&two.owners), ShardId(0));
    let far = remote.list(two.there.id, &[ShardId(0)], &query()).await.unwrap();
    assert_eq!(far.shards, [ShardId(0)], "only what was asked for");
    let too_many = ListTenants { limit: 1_001, ..query() };
    assert_eq!(remote.list(two.there.id, &[ShardId(0)], &too_many).await, Err(Unanswered));
    let no_such = remote.list(two.there.id, &[ShardId(SHARDS)], &query()).await;
    assert_eq!(no_such, Err(Unanswered));
}
