//! Two nodes on two databases, each with half of the shards: what happens to one database is of no concern to the tenants
//! of the other one (decision 64).

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::task::block_in_place;
use tokio::time::{Instant, interval, timeout};
use tonic::{Code, Request, Status};
use usher::ids::SessionId;
use usher::proto::v1::server_service_client::ServerServiceClient;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{BatchGrantSeatsRequest, ListNodesRequest, ListTenantsRequest};

use super::tenant_with_users;
use crate::history::tenant_in;
use crate::shell::page;
use crate::store_tools::check;
use crate::support::postgres::{self, connect};
use crate::support::program::{Data, Program};
use crate::support::proxy::{Network, Proxy};

const SHARDS: u16 = 4;
const OPTIONS: &[&str] = &["--shards", "4", "--demo-seats", "1000"];
/// Limit for every wait here. Nothing takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Timeout of a call: longer than it waits for the owner of its shard, here and where it is forwarded to.
const DEADLINE: Duration = Duration::from_secs(20);

/// Two databases, of which the second is behind a proxy.
struct Cells {
    /// Without the proxy.
    urls: [String; 2],
    proxy: Proxy,
    /// Both URLs, as programs get them.
    all: String,
}

impl Cells {
    async fn new() -> Self {
        let cluster = postgres::cluster();
        let urls = [cluster.database().await, cluster.database().await].map(|url| url.expose_secret().to_owned());
        let proxy = Proxy::to(cluster.address()).await;
        let through = urls[1].replace(&cluster.address().to_string(), &proxy.address.to_string());
        let all = format!("{} {through}", urls[0]);
        Self { urls, proxy, all }
    }

    /// Starts a program with a state folder of its own: it must not know that another one is gone.
    fn start(&self) -> (Program, tempfile::TempDir) {
        let state = tempfile::tempdir().expect("a temporary folder");
        let variables = [("USHER_STATE_DIR", state.path().to_str().expect("a plain path"))];
        let program = block_in_place(|| Program::launch(&Data::Postgres(&self.all), OPTIONS, &variables));
        (program.unwrap_or_else(|ended| panic!("the program did not start: {ended:?}")), state)
    }

    /// Number of nodes that own shards, in each cell.
    async fn owners(&self) -> [usize; 2] {
        let owners = "SELECT DISTINCT node_id::text FROM owners JOIN nodes USING (node_id)
            WHERE state < 3 AND token <> '00000000-0000-0000-0000-000000000000'";
        let mut counts = [0; 2];
        for (count, url) in counts.iter_mut().zip(&self.urls) {
            *count = connect(url).await.query(owners, &[]).await.expect("owners").len();
        }
        counts
    }
}

/// The tenants of each cell, one in each of its shards.
fn tenants() -> [Vec<String>; 2] {
    let all = |shards: std::ops::Range<u16>| shards.map(|shard| tenant_in("tenant", shard.into(), SHARDS)).collect();
    [all(0..2), all(2..4)]
}

/// Makes a durable change in a tenant.
async fn change(program: &Program, tenant: &str) -> Result<(), Status> {
    let user = format!("{}@tenant.example", SessionId::random());
    let mut grant = Request::new(BatchGrantSeatsRequest {
        tenant_id: tenant.into(),
        pool_ids: vec!["primary".into()],
        user_ids: vec![user],
        ..BatchGrantSeatsRequest::default()
    });
    grant.set_timeout(DEADLINE);
    let results = program.seats().batch_grant_seats(grant).await?.into_inner().results;
    assert_eq!(results.len(), 1);
    Ok(())
}

/// A call whose batch is on its way when its database goes away waits for the outcome until its deadline, after which
/// tonic's client says that it is cancelled; the calls after it are refused.
fn expect_unavailable(status: &Status) {
    assert!([Code::Unavailable, Code::DeadlineExceeded, Code::Cancelled].contains(&status.code()), "{status:?}");
}

/// Waits until changes succeed in every tenant.
async fn all_answer(program: &Program, tenants: &[String]) {
    let mut looks = interval(LOOK);
    for tenant in tenants {
        let answers = async {
            while let Err(status) = change(program, tenant).await {
                expect_unavailable(&status);
                looks.tick().await;
            }
        };
        timeout(PATIENCE, answers).await.unwrap_or_else(|_| panic!("{tenant} is not answered"));
    }
}

async fn listed(program: &Program) -> Result<BTreeSet<String>, Status> {
    let mut tenants = TenantServiceClient::new(program.channel());
    let answer = tenants.list_tenants(ListTenantsRequest::default()).await?.into_inner();
    Ok(answer.tenants.into_iter().map(|tenant| tenant.tenant_id).collect())
}

fn is_ready(program: &Program) -> bool {
    block_in_place(|| page(program.ops, "/readyz")).0.contains("200")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_is_away_takes_only_its_own_shards_down() {
    let cells = Cells::new().await;
    let (first, second) = (cells.start(), cells.start());
    let [here, there] = tenants();
    for tenant in here.iter().chain(&there) {
        tenant_with_users(&first.0, tenant, &[]).await;
    }
    let mut looks = interval(LOOK);
    let spread = async {
        while cells.owners().await != [2, 2] {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, spread).await.expect("both nodes own shards in both databases");
    each_process_is_listed_once(&second.0).await;
    let all: BTreeSet<String> = here.iter().chain(&there).cloned().collect();
    assert_eq!(listed(&second.0).await.unwrap(), all);

    cells.proxy.set(Network::Refuses);
    // For longer than any timeout of a node.
    let until = Instant::now() + Duration::from_secs(8);
    while Instant::now() < until {
        for tenant in &here {
            for program in [&first.0, &second.0] {
                change(program, tenant).await.unwrap_or_else(|status| panic!("{tenant}: {status:?}"));
            }
        }
    }
    for program in [&first.0, &second.0] {
        for tenant in &there {
            expect_unavailable(&change(program, tenant).await.expect_err(tenant));
        }
        assert!(is_ready(program), "it serves the other tenants");
        assert!(listed(program).await.is_err(), "a list that would lack tenants");
    }

    // Shards of the database that is there move as usual.
    block_in_place(|| second.0.kill());
    all_answer(&first.0, &here).await;

    cells.proxy.set(Network::Works);
    all_answer(&first.0, &there).await;
    assert_eq!(listed(&first.0).await.unwrap(), all);
    first.0.terminate();
    let checked = block_in_place(|| check(&Data::Postgres(&cells.all)));
    assert!(checked.printed().ends_with("everything adds up\n"));
}

/// Each process has an id in each database, and is one node to people.
async fn each_process_is_listed_once(program: &Program) {
    let mut server = ServerServiceClient::new(program.channel());
    // While a shard moves, it has no owner.
    let settled = async {
        loop {
            let listed = server.list_nodes(ListNodesRequest {}).await.unwrap().into_inner();
            if listed.unowned_shards.is_empty() {
                return listed;
            }
        }
    };
    let listed = timeout(Duration::from_secs(30), settled).await.expect("every shard gets an owner");
    assert_eq!(listed.nodes.len(), 2, "{listed:?}");
    let mut shards: Vec<u32> = listed.nodes.iter().flat_map(|node| node.shards.clone()).collect();
    shards.sort_unstable();
    assert_eq!(shards, [0, 1, 2, 3]);
    assert!(listed.nodes.iter().any(|node| node.node_id == listed.answered_by), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_in_another_order_are_refused() {
    let cells = Cells::new().await;
    let (program, _state) = cells.start();
    program.terminate();
    assert_eq!(block_in_place(|| program.ended()).status.code(), Some(0));
    let [first, second] = &cells.urls;
    for urls in [format!("{second} {first}"), first.clone(), second.clone()] {
        let ended = block_in_place(|| Program::fails(&Data::Postgres(&urls), OPTIONS));
        assert_eq!(ended.status.code(), Some(2), "{ended:?}");
        assert!(ended.errors.contains("--database-url: the database of cell 0, postgres://usher@"), "{ended:?}");
        assert!(!ended.errors.contains(postgres::cluster().password()), "{ended:?}");
    }
}
