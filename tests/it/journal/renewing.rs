//! User ids that a load folded anew are written before anything else of their tenant, in steps between which other
//! tenants are served (decision 51).

use futures_util::future::join_all;
use usher::ids::{SessionId, TenantId, UserId};
use usher::journal::{JournalConfig, JournalError};
use usher::ledger::change::Action;
use usher::ledger::command::{CreateTenant, GrantSeats};
use usher::ledger::policy::Policy;

use super::{Process, actor, config, pool, tenant, user};
use crate::support::memory::Memory;

/// Users whose ids change.
const RENEWED: usize = 1_000;
/// Simultaneous calls of the tenant.
const CALLS: usize = 600;

fn renewed() -> TenantId {
    TenantId::parse("renewed").unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_tenant_that_waits_for_its_new_ids_takes_no_room_of_others() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 5).await;
    let create = CreateTenant { display_name: "".into(), contact: "".into(), policy: Policy::default() };
    process.journal.submit(&actor(), &renewed(), create).await.unwrap().unwrap();
    // Ids as an earlier release folded them: with a final sigma.
    let users = (0..RENEWED).map(|no| UserId::stored(&format!("user{no}ς"))).collect();
    let grant = GrantSeats { pools: vec![pool()], users, organizations: Vec::new() };
    process.journal.submit(&actor(), &renewed(), grant).await.unwrap();
    assert!(process.journal.stop().await);
    store.disk.lock().unwrap().largest = 0;

    let process = Process::start_with(&store, JournalConfig { queue: 1_000, batch: 1_000, ..config() }).await;
    let caller = actor();
    let of = renewed();
    let logins = (0..CALLS)
        .map(|no| process.journal.submit(&caller, &of, Process::login(&format!("user{no}ς"), SessionId::random())));
    // Calls of the other tenant: one of several steps, and a login.
    let users = (0..100).map(|no| user(&format!("fresh{no}"))).collect();
    let grant = GrantSeats { pools: vec![pool()], users, organizations: Vec::new() };
    let others = async {
        let login = process.check_out("ann").await;
        (login, process.journal.submit(&caller, &tenant(), grant).await)
    };
    let (logins, (login, granted)) = tokio::join!(join_all(logins), others);
    assert!(login.unwrap().decision.is_ok());
    assert_eq!(granted.unwrap().len(), 100);
    let refused = logins.iter().filter(|answer| matches!(answer, Err(JournalError::Overloaded))).count();
    assert!((1..CALLS).contains(&refused), "{refused} of {CALLS} are to come again: 64 wait");

    let disk = store.disk.lock().unwrap();
    let renamed = disk.events.values().filter(|event| event.action == Action::UserRenamed).count();
    assert_eq!(renamed, RENEWED);
    assert!(disk.largest < 600, "{} rows and events in one batch", disk.largest);
}
