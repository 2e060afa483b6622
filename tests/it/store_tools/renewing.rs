//! A store of an earlier release, which folded user ids differently (decision 51): the next start folds them anew.

use rusqlite::Connection;
use usher::proto::v1::audit_service_client::AuditServiceClient;
use usher::proto::v1::directory_service_client::DirectoryServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::{
    CreateUserRequest, GetUserRequest, ListAuditEventsRequest, ListSessionsRequest, ListUsersRequest, SyncEntry,
    SyncOutcome, SyncUsersRequest, User, UserIdWarning, create_user_response,
};

use super::{check, test_data};
use crate::program::on_both_stores;
use crate::support::postgres::connect;
use crate::support::program::{Data, Program};

on_both_stores!(ids_are_folded_anew);

async fn ids_are_folded_anew(data: &Data<'_>) {
    let program = Program::start(data, &["--demo"]);
    for user in ["odysseus", "twin", "οδυσσευσ2"] {
        create(&program, user).await;
        test_data::sign_in(&program, user).await;
    }
    stopped(program);
    // Writes ids as an earlier release did. The events are in no block of the audit yet.
    for (now, before) in [("odysseus", "οδυσσευς"), ("twin", "οδυσσευς2")] {
        for table in ["users", "audit"] {
            let set =
                format!("UPDATE {table} SET user_id = '{before}@demo.example' WHERE user_id = '{now}@demo.example'");
            execute(data, &set).await;
        }
    }
    let two =
        "tenant demo: users οδυσσευς2@demo.example and οδυσσευσ2@demo.example have one id by now; rename or delete one";
    let printed = check(data).printed();
    assert!(printed.contains(two) && printed.ends_with("\neverything adds up\n"), "{printed}");

    let program = Program::start(data, &["--demo"]);
    assert!(program.last_words().contains("keep their ids of an earlier release"), "{}", program.last_words());
    let listed = listed(&program).await;
    let warned = vec![i32::from(UserIdWarning::NotFolded)];
    let expected =
        [("οδυσσευσ@demo.example", vec![]), ("οδυσσευς2@demo.example", warned), ("οδυσσευσ2@demo.example", vec![])];
    assert_eq!(listed, expected.map(|(id, warnings)| (id.to_owned(), warnings)));
    // Each text finds the user who was signed in with it, together with the user's earlier events.
    test_data::sign_in(&program, "ΟΔΥΣΣΕΥΣ").await;
    assert_eq!(events(&program, "οδυσσευς").await, ["οδυσσευσ", "οδυσσευς", "οδυσσευς", "οδυσσευς", "οδυσσευς"]);
    for (given, stored) in [("οδυσσευς2", "οδυσσευς2"), ("ΟΔΥΣΣΕΥΣ2", "οδυσσευσ2")] {
        test_data::sign_in(&program, given).await;
        assert_eq!(events(&program, given).await, [stored; 4]);
    }
    assert_eq!(sessions(&program, "ΟΔΥΣΣΕΥΣ").await, ["οδυσσευσ"], "the one of before, under the id of now");
    assert_eq!(sessions(&program, "οδυσσευς2").await, ["οδυσσευς2"]);
    assert_eq!(seats(&program, "ΟΔΥΣΣΕΥΣ").await, ["primary"]);
    // A directory that lists both finds both, in either order.
    for listed in [["οδυσσευς2", "ΟΔΥΣΣΕΥΣ2"], ["ΟΔΥΣΣΕΥΣ2", "οδυσσευς2"]] {
        let unlisted = unlisted(&program, &listed).await;
        assert!(unlisted.iter().all(|user| !user.starts_with("οδυσσευς2") && !user.starts_with("οδυσσευσ2")));
        assert!(unlisted.contains(&"οδυσσευσ@demo.example".to_owned()), "{unlisted:?}");
    }
    stopped(program);
    let printed = check(data).printed();
    assert!(printed.contains(two) && printed.ends_with("\neverything adds up\n"), "{printed}");
}

fn stopped(program: Program) {
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}

async fn execute(data: &Data<'_>, sql: &str) {
    match data {
        Data::Folder(folder) => Connection::open(folder.join("usher.db")).unwrap().execute_batch(sql).unwrap(),
        Data::Postgres(url) => connect(url).await.batch_execute(sql).await.unwrap(),
    }
}

async fn create(program: &Program, name: &str) {
    let user = User { user_id: format!("{name}@demo.example"), ..User::default() };
    let request = CreateUserRequest { tenant_id: "demo".into(), user: Some(user), pool_ids: vec!["primary".into()] };
    let mut directory = DirectoryServiceClient::new(program.channel());
    let made = directory.create_user(request).await.unwrap().into_inner().outcome;
    assert!(matches!(made, Some(create_user_response::Outcome::User(_))), "{made:?}");
}

/// Users with a sigma, in their order, with the warnings about their ids.
async fn listed(program: &Program) -> Vec<(String, Vec<i32>)> {
    let request = ListUsersRequest { tenant_id: "demo".into(), text: "Σ".into(), ..ListUsersRequest::default() };
    let mut directory = DirectoryServiceClient::new(program.channel());
    let users = directory.list_users(request).await.unwrap().into_inner().users;
    users.into_iter().map(|user| (user.user_id, user.user_id_warnings)).collect()
}

/// The user ids of a user's audit events, newest first.
async fn events(program: &Program, name: &str) -> Vec<String> {
    let (tenant_id, user_id) = ("demo".into(), format!("{name}@demo.example"));
    let request = ListAuditEventsRequest { tenant_id, user_id, ..ListAuditEventsRequest::default() };
    let mut audit = AuditServiceClient::new(program.channel());
    let events = audit.list_audit_events(request).await.unwrap().into_inner().events;
    events.into_iter().map(|event| event.user_id.replace("@demo.example", "")).collect()
}

/// The user ids of the sessions listed for this user.
async fn sessions(program: &Program, name: &str) -> Vec<String> {
    let (tenant_id, user_id) = ("demo".into(), format!("{name}@demo.example"));
    let request = ListSessionsRequest { tenant_id, user_id, ..ListSessionsRequest::default() };
    let mut sessions = SessionServiceClient::new(program.channel());
    let sessions = sessions.list_sessions(request).await.unwrap().into_inner().sessions;
    sessions.into_iter().map(|session| session.user_id.replace("@demo.example", "")).collect()
}

async fn seats(program: &Program, name: &str) -> Vec<String> {
    let (tenant_id, user_id) = ("demo".into(), format!("{name}@demo.example"));
    let request = GetUserRequest { tenant_id, user_id, ..GetUserRequest::default() };
    let mut directory = DirectoryServiceClient::new(program.channel());
    let user = directory.get_user(request).await.unwrap().into_inner().user.unwrap();
    user.seats.into_iter().map(|seat| seat.pool_id).collect()
}

/// The users whom a full sync with only these users would block.
async fn unlisted(program: &Program, names: &[&str]) -> Vec<String> {
    let user = |name: &&str| User { user_id: format!("{name}@demo.example"), ..User::default() };
    let entries = names.iter().map(|name| SyncEntry { user: Some(user(name)), ..SyncEntry::default() });
    let sync = SyncUsersRequest {
        tenant_id: "demo".into(),
        entries: entries.collect(),
        full: true,
        block_unlisted: true,
        max_blocked: Some(1_000),
        dry_run: true,
        ..SyncUsersRequest::default()
    };
    let mut directory = DirectoryServiceClient::new(program.channel());
    let results = directory.sync_users(tokio_stream::iter([sync])).await.unwrap().into_inner().results;
    let blocked = results.into_iter().filter(|result| result.outcome() == SyncOutcome::Blocked);
    blocked.map(|result| result.user_id).collect()
}
