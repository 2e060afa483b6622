//! Two processes on one store: the first holds the shards 2 and 3, and the second 0 and 1, and with them the tokens
//! (C10, C11).

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::*;
use crate::auth::token::Token;
use crate::auth::{TokenEdition, TokenRefused, TokenUpdate, Tokens};
use crate::clock::{Clock, ManualClock};
use crate::cluster::Lease;
use crate::ids::{NodeId, OwnerToken, TenantId, TokenId, TokenName};
use crate::journal::{Journal, JournalConfig};
use crate::ledger::access::{Role, Roles, Tenants};
use crate::ledger::change::Actor;
use crate::ledger::command::{CreateTenant, CreateToken, Cursor, ListTenants, RevokeToken};
use crate::ledger::policy::Policy;
use crate::ledger::time::WallTime;
use crate::ledger::{Config, Seed};
use crate::store::nodes::NodeRef;
use crate::store::sqlite::SqliteStore;
use crate::store::{Claimant, Installation, Store};

pub const SHARDS: u16 = 4;

/// The second process, as the first one reaches it.
struct Link {
    to: LocalShards,
    broken: AtomicBool,
    /// Shards that are between two owners: how often they are asked for in vain.
    moving: Mutex<Vec<(ShardId, u32)>>,
}

impl Link {
    fn reach(&self) -> Result<&LocalShards, Unanswered> {
        if self.broken.load(Ordering::SeqCst) { Err(Unanswered) } else { Ok(&self.to) }
    }

    fn stays(&self, shard: ShardId) -> bool {
        let mut moving = self.moving.lock().unwrap();
        let found = moving.iter_mut().find(|(known, left)| *known == shard && *left > 0);
        found.map(|(_, left)| *left -= 1).is_none()
    }
}

impl RemoteShards for Link {
    fn list_tenants<'a>(
        &'a self,
        shards: &'a [ShardId],
        query: &'a ListTenants,
    ) -> BoxFuture<'a, Vec<TenantsOfShards>> {
        async move {
            let asked: Vec<ShardId> = shards.iter().copied().filter(|shard| self.stays(*shard)).collect();
            let Ok(to) = self.reach() else { return Vec::new() };
            to.list_tenants(&asked, query).await.into_iter().collect()
        }
        .boxed()
    }

    fn withdraw_tenant<'a>(&'a self, actor: &'a Actor, tenant: &'a TenantId) -> BoxFuture<'a, Result<(), Unanswered>> {
        async move { self.reach()?.withdraw_tenant(actor, tenant).await.map_err(|_| Unanswered) }.boxed()
    }

    fn tokens(&self, known: TokenEdition) -> BoxFuture<'_, Result<TokenUpdate, Unanswered>> {
        async move { self.reach()?.tokens_since(known).await.map_err(|_| Unanswered) }.boxed()
    }

    fn note_token_use<'a>(&'a self, uses: &'a [(TokenId, WallTime)]) -> BoxFuture<'a, Result<(), Unanswered>> {
        async move { self.reach()?.note_token_use(uses).await.map_err(|_| Unanswered) }.boxed()
    }
}

struct Two {
    first: Arc<AllShards>,
    second: LocalShards,
    link: Arc<Link>,
    clock: Arc<ManualClock>,
    _folder: TempDir,
}

impl Two {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(folder.path()).unwrap());
        let installation = store.installation(Installation::new(SHARDS)).await.unwrap();
        let (now, clock) = Clock::manual(WallTime(1_800_000_000_000));
        clock.advance(Duration::from_secs(100));
        let first = holds(&store, installation, &now, &[2, 3]).await;
        let second = holds(&store, installation, &now, &[0, 1]).await;
        let link = Arc::new(Link { to: second.clone(), broken: AtomicBool::new(false), moving: Mutex::default() });
        let two = Self { first: AllShards::new(first, link.clone()), second, link, clock, _folder: folder };
        create_tenants([two.first.local(), &two.second]).await;
        two
    }

    /// Awaits what does not need the store: time moves while everybody waits for it.
    async fn at_once<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::time::pause();
        let done = work.await;
        tokio::time::resume();
        done
    }

    /// Ids of one page of tenants after a cursor.
    async fn list(&self, after: Option<Cursor>, limit: usize) -> Result<(Vec<String>, Option<Cursor>), ShardsError> {
        let query = ListTenants { after, limit, ..ListTenants::default() };
        let page = self.at_once(self.first.list_tenants(&query)).await?;
        Ok((page.rows.iter().map(|tenant| tenant.id.as_str().to_owned()).collect(), page.next))
    }

    fn move_shard(&self, shard: u16, vain_attempts: u32) {
        self.link.moving.lock().unwrap().push((ShardId(shard), vain_attempts));
    }

    async fn create_token(&self, id: u64, tenant: TenantId) {
        create_token(&self.second, id, tenant).await;
    }

    /// Whether the first process lets a token in.
    fn find(&self, id: u64) -> Result<(), TokenRefused> {
        self.first.local().tokens().find(&token(id), WallTime(1_900_000_000_000)).map(drop)
    }
}

/// A process that holds these shards.
pub async fn holds(store: &Arc<dyn Store>, installation: Installation, clock: &Clock, shards: &[u16]) -> LocalShards {
    let ledger = Config { demo_seats: 2, channels: Default::default(), seed: Seed(1), rates: Default::default() };
    let config = JournalConfig { ledger, queue: 64, batch: 64 };
    let journal = Journal::empty(Arc::clone(store), clock.clone(), installation, config);
    let lease = Lease::exclusive(clock.clone());
    for shard in shards.iter().copied().map(ShardId) {
        let by = Claimant { token: OwnerToken::random(), node: None };
        let (over, _) = store.claim(shard, None, by).await.unwrap();
        let me = NodeRef { id: NodeId(Uuid::from_u128(1)), generation: 1 };
        journal.open(shard, over, me, lease.shard(shard), None).await.unwrap();
    }
    LocalShards::new(Arc::new(journal), Arc::new(Tokens::shared(clock.clone())))
}

/// Creates five tenants, `t0` to `t4`, each where its shard is.
pub async fn create_tenants(processes: [&LocalShards; 2]) {
    for tenant in (0..5).map(|number| tenant(&format!("t{number}"))) {
        let shard = tenant.shard(SHARDS);
        let journal = processes.map(LocalShards::journal).into_iter().find(|journal| journal.holds(shard)).unwrap();
        let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
        journal.submit(&actor(), &tenant, create).await.unwrap().unwrap();
    }
}

/// Creates a token at the process that keeps them, for one tenant.
pub async fn create_token(keeper: &LocalShards, id: u64, tenant: TenantId) {
    let create = CreateToken {
        id: TokenId(id),
        name: TokenName::stored("login"),
        hash: token(id).hash(),
        roles: Roles::NONE.with(Role::Application),
        tenants: Tenants::Only([tenant].into()),
        ttl: None,
        within: Tenants::All,
    };
    keeper.journal().submit(&actor(), &TenantId::installation(), create).await.unwrap().unwrap();
}

pub async fn revoke_token(keeper: &LocalShards, id: u64) {
    let revoke = RevokeToken { id: TokenId(id), within: Tenants::All };
    keeper.journal().submit(&actor(), &TenantId::installation(), revoke).await.unwrap().unwrap();
}

pub fn actor() -> Actor {
    Actor("test".into())
}

pub fn tenant(id: &str) -> TenantId {
    TenantId::parse(id).unwrap()
}

pub fn token(id: u64) -> Token {
    Token::new(TokenId(id), &[7; 32])
}

#[tokio::test]
async fn c11_a_list_has_the_tenants_of_every_owner() {
    let two = Two::start().await;
    assert_eq!(two.list(None, 10).await.unwrap(), (["t0", "t1", "t2", "t3", "t4"].map(str::to_owned).to_vec(), None));
    let (mut after, mut all) = (None, Vec::new());
    for _ in 0..3 {
        let (page, next) = two.list(after.take(), 2).await.unwrap();
        (all, after) = ([all, page].concat(), next);
    }
    assert_eq!((all.concat().as_str(), after), ("t0t1t2t3t4", None));
}

#[tokio::test]
async fn c11_a_list_that_would_lack_tenants_is_an_error() {
    let two = Two::start().await;
    two.link.broken.store(true, Ordering::SeqCst);
    let timed = async {
        let began = Instant::now();
        (two.first.list_tenants(&ListTenants { limit: 10, ..ListTenants::default() }).await, began.elapsed())
    };
    let (listed, took) = two.at_once(timed).await;
    assert_eq!(listed, Err(ShardsError::OwnerAway(ShardId(0))));
    assert!(took <= Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn c11_a_list_waits_for_a_shard_that_moves_and_has_no_tenant_twice() {
    let two = Two::start().await;
    two.move_shard(1, 3);
    let (all, _) = two.list(None, 10).await.unwrap();
    assert_eq!(all.concat(), "t0t1t2t3t4");
    two.move_shard(0, u32::MAX);
    assert_eq!(two.list(None, 10).await, Err(ShardsError::OwnerAway(ShardId(0))));
}

#[tokio::test]
async fn c10_a_revoked_token_is_refused_by_a_process_that_does_not_keep_the_tokens() {
    let two = Two::start().await;
    two.create_token(1, tenant("t0")).await;
    assert_eq!(two.find(1), Err(TokenRefused::Unconfirmed));
    two.first.refresh_tokens().await.unwrap();
    assert_eq!((two.find(1), two.find(2)), (Ok(()), Err(TokenRefused::Unknown)));
    revoke_token(&two.second, 1).await;
    two.first.refresh_tokens().await.unwrap();
    assert_eq!(two.find(1), Err(TokenRefused::Revoked));
}

#[tokio::test]
async fn c10_a_process_that_is_cut_off_lets_nobody_in_by_token() {
    let two = Two::start().await;
    two.create_token(1, tenant("t0")).await;
    two.first.refresh_tokens().await.unwrap();
    two.link.broken.store(true, Ordering::SeqCst);
    two.clock.advance(Duration::from_secs(29));
    assert_eq!(two.first.refresh_tokens().await, Err(ShardsError::OwnerAway(ShardId(0))));
    assert_eq!(two.find(1), Ok(()));
    two.clock.advance(Duration::from_secs(1));
    assert_eq!(two.find(1), Err(TokenRefused::Unconfirmed));
    two.link.broken.store(false, Ordering::SeqCst);
    two.first.refresh_tokens().await.unwrap();
    assert_eq!(two.find(1), Ok(()));
}

/// It is ready only after that: a login that is sent to it at once is let in.
#[tokio::test]
async fn c10_a_process_that_starts_waits_until_it_knows_the_tokens() {
    let two = Two::start().await;
    create_token(&two.second, 1, tenant("t0")).await;
    two.link.broken.store(true, Ordering::SeqCst);
    let mended = async {
        sleep(Duration::from_secs(4)).await;
        two.link.broken.store(false, Ordering::SeqCst);
    };
    let (read, ()) = two.at_once(async { tokio::join!(two.first.read_tokens(), mended) }).await;
    assert_eq!((read, two.find(1)), (Ok(()), Ok(())));
    two.link.broken.store(true, Ordering::SeqCst);
    assert_eq!(two.at_once(two.first.read_tokens()).await, Err(ShardsError::OwnerAway(ShardId(0))));
}

#[tokio::test]
async fn c10_a_process_that_no_longer_keeps_the_tokens_confirms_none() {
    let two = Two::start().await;
    assert!(two.second.keeps_tokens() && !two.first.local().keeps_tokens());
    assert!(two.second.tokens_since(TokenEdition::default()).await.is_ok());
    let here = two.first.local().tokens_since(TokenEdition::default()).await;
    assert_eq!(here, Err(JournalError::NotApplied(ShardId(0))));
    assert_eq!(two.first.reload_tokens().await, Ok(()), "a change that was made is not taken back");
}

#[tokio::test]
async fn c10_a_deleted_tenant_is_taken_out_of_the_tokens_wherever_they_are() {
    let two = Two::start().await;
    two.create_token(1, tenant("t0")).await;
    two.create_token(2, tenant("t1")).await;
    two.link.broken.store(true, Ordering::SeqCst);
    let gone = tenant("t0");
    let withdrawn = two.at_once(two.first.withdraw_tenant(&actor(), &gone)).await;
    assert_eq!(withdrawn, Err(ShardsError::OwnerAway(ShardId(0))));
    two.link.broken.store(false, Ordering::SeqCst);
    two.first.withdraw_tenant(&actor(), &gone).await.unwrap();
    two.first.refresh_tokens().await.unwrap();
    assert_eq!((two.find(1), two.find(2)), (Err(TokenRefused::Unknown), Ok(())));
}

#[tokio::test]
async fn c10_uses_of_tokens_are_written_where_the_tokens_are() {
    let two = Two::start().await;
    two.create_token(1, tenant("t0")).await;
    two.first.refresh_tokens().await.unwrap();
    two.find(1).unwrap();
    two.link.broken.store(true, Ordering::SeqCst);
    assert_eq!(two.first.write_token_use().await, Err(ShardsError::OwnerAway(ShardId(0))));
    two.link.broken.store(false, Ordering::SeqCst);
    two.first.write_token_use().await.unwrap();
    assert_eq!(two.first.local().tokens().used_since_last(), [], "each once");
    two.second.tokens_since(TokenEdition::default()).await.unwrap();
    let rows = two.second.tokens().since(TokenEdition::default()).rows.unwrap();
    assert_eq!(rows[0].last_used, Some(WallTime(1_900_000_000_000)));
}
