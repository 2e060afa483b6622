//! The audit of a user who was renamed is found under the new id, and contains no other user's events (R2, R35).

use usher::journal::AuditFilter;
use usher::ledger::change::AuditEvent;
use usher::ledger::command::{BlockUser, DeleteUser, GrantSeats, RenameUser, UnblockUser};

use super::{Process, actor, pool, tenant, user};
use crate::support::memory::Memory;

impl Process {
    async fn rename(&self, old: &str, new: &str) {
        let rename = RenameUser { user: user(old), new: user(new) };
        self.journal.submit(&actor(), &tenant(), rename).await.unwrap().unwrap();
    }

    async fn grant(&self, name: &str) {
        let grant = GrantSeats { pools: vec![pool()], users: vec![user(name)], organizations: Vec::new() };
        self.journal.submit(&actor(), &tenant(), grant).await.unwrap();
    }

    async fn block(&self, name: &str, block: bool) {
        let (user, to) = (user(name), tenant());
        if block {
            let block = BlockUser { user, end_sessions: false };
            self.journal.submit(&actor(), &to, block).await.unwrap().unwrap();
        } else {
            self.journal.submit(&actor(), &to, UnblockUser { user }).await.unwrap().unwrap().0.unwrap();
        }
    }

    /// All events of a user, read in pages of `limit` events.
    async fn audited(&self, name: &str, limit: usize) -> Vec<String> {
        let (mut audited, mut before) = (Vec::new(), None);
        loop {
            let filter = AuditFilter { before, user: Some(user(name)), limit, ..AuditFilter::default() };
            let page = self.journal.audit(&tenant(), filter).await.unwrap();
            assert!(page.events.len() <= limit, "{:?}", page.events);
            let event =
                |event: &AuditEvent| format!("{:?} {}", event.action, event.user.as_ref().map_or("", |id| id.as_str()));
            audited.extend(page.events.iter().map(event));
            let Some(next) = page.next else { return audited };
            assert!(before.is_none_or(|before| next < before), "it goes on: {before:?} {next:?}");
            before = Some(next);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_events_of_a_person_are_found_under_the_new_id() {
    let store = Memory::default();
    let process = Process::with_pool(&store, 2).await;
    process.block("ann", true).await;
    process.rename("ann", "anna").await;
    process.block("anna", false).await;
    // Another user gets the id, and gives it up; then the first user gets it back.
    process.grant("ann").await;
    process.rename("ann", "zoe").await;
    process.rename("anna", "ann").await;
    process.block("ann", true).await;
    let anns = [
        "UserBlocked ann",
        "UserRenamed anna",
        "UserUnblocked anna",
        "UserRenamed ann",
        "UserBlocked ann",
        "SeatGranted ann",
        "UserCreated ann",
    ];
    let process = {
        process.journal.stop().await;
        Process::start(&store).await
    };
    for limit in 1..=8 {
        assert_eq!(process.audited("ann", limit).await, anns, "pages of {limit}");
    }
    // Includes the events of a user who had the id before, as after a deletion.
    let zoes = ["UserRenamed ann", "SeatGranted ann", "UserCreated ann"].into_iter().chain(anns.into_iter().skip(3));
    assert_eq!(process.audited("zoe", 2).await, zoes.collect::<Vec<_>>());
    // No user has this id: the query finds the events that were written under it.
    assert_eq!(process.audited("anna", 5).await, ["UserRenamed anna", "UserUnblocked anna"]);
    let deletion = DeleteUser { user: user("zoe") };
    process.journal.submit(&actor(), &tenant(), deletion).await.unwrap().unwrap();
    assert_eq!(process.audited("zoe", 5).await, ["UserDeleted zoe"]);
}
