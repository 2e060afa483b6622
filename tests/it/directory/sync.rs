//! SyncUsers (R33).

use usher::proto::v1::{self, BlockCause, SyncOutcome, UserState};

use super::test_server::{Store, TestServer, count, entry, message, outcomes};

async fn fills_up_and_activates_later(store: Store) {
    let server = TestServer::start(store).await;
    let everybody =
        || message(vec![entry("hal@demo.example", &["crm"]), entry("ivy@demo.example", &["crm", "primary"])]);
    let first = server.sync(everybody()).await.unwrap();
    assert_eq!(outcomes(&first), ["hal@demo.example CREATED_BLOCKED crm", "ivy@demo.example CREATED_BLOCKED crm"]);
    assert_eq!(first.totals.unwrap(), v1::SyncTotals { created_blocked: 2, waiting: 2, ..Default::default() });
    let hal = server.user("hal@demo.example").await.unwrap();
    assert_eq!((hal.state(), hal.block_cause()), (UserState::Blocked, BlockCause::LicenseLimit));

    // The order of the second sync is reversed: the user who was blocked first is still activated first.
    server.recall("crm", "ann@demo.example").await;
    let mut turned = everybody();
    turned.entries.reverse();
    let second = server.sync(turned).await.unwrap();
    assert_eq!(outcomes(&second), ["ivy@demo.example UNCHANGED crm", "hal@demo.example ACTIVATED"]);
    let expected = v1::SyncTotals { unchanged: 1, activated: 1, waiting: 1, ..Default::default() };
    assert_eq!(second.totals.unwrap(), expected);
    assert_eq!(server.usage("crm").await, (3, 3));

    // A user who is no longer listed is passed over.
    server.recall("crm", "bob@demo.example").await;
    let third = server.sync(message(vec![entry("jon@demo.example", &["crm"])])).await.unwrap();
    assert_eq!(outcomes(&third), ["jon@demo.example CREATED"], "ivy waits, and is not listed");
    assert_eq!(server.usage("crm").await, (3, 3));
}

#[tokio::test]
async fn fills_up_and_activates_later_on_sqlite() {
    fills_up_and_activates_later(Store::Sqlite).await;
}

#[tokio::test]
async fn fills_up_and_activates_later_on_postgres() {
    fills_up_and_activates_later(Store::Postgres).await;
}

/// Entries with names and groups, some of them with a seat in the full pool.
fn many(users: std::ops::Range<usize>) -> Vec<v1::SyncEntry> {
    let user = |no: usize| {
        let id = format!("user{no}@demo.example");
        let mut entry = entry(&id, if no.is_multiple_of(50) { &["primary", "crm"] } else { &["primary"] });
        let user = entry.user.as_mut().unwrap();
        user.given_name = format!("Given {no}");
        user.groups = vec!["staff".into()];
        entry
    };
    users.map(user).collect()
}

#[tokio::test]
async fn twice_changes_nothing() {
    let server = TestServer::start(Store::Sqlite).await;
    let in_chunks = || many(0..500).chunks(37).map(|chunk| message(chunk.to_vec())).collect::<Vec<_>>();
    let first = server.sync_in(in_chunks()).await.unwrap();
    assert_eq!((count(&first, SyncOutcome::Created), count(&first, SyncOutcome::CreatedBlocked)), (490, 10));
    let (changes, etag) = (server.changes().await, server.user("user1@demo.example").await.unwrap().etag);
    let second = server.sync_in(in_chunks()).await.unwrap();
    let expected = v1::SyncTotals { unchanged: 500, waiting: 10, ..Default::default() };
    assert_eq!(second.totals.unwrap(), expected);
    assert_eq!(second.results.len(), 500);
    assert_eq!((server.changes().await, server.user("user1@demo.example").await.unwrap().etag), (changes, etag));
    let brief: Vec<_> = in_chunks().into_iter().map(|m| v1::SyncUsersRequest { omit_unchanged: true, ..m }).collect();
    let third = server.sync_in(brief).await.unwrap();
    assert_eq!((third.results, third.totals.unwrap()), (vec![], expected));
}

#[tokio::test]
async fn broken_off_in_the_middle_and_done_again() {
    let server = TestServer::start(Store::Sqlite).await;
    let half = v1::SyncUsersRequest { full: true, block_unlisted: true, ..message(many(0..200)) };
    server.broken_off(half, async || server.user("user199@demo.example").await.is_some()).await;
    let ann = server.user("ann@demo.example").await.unwrap();
    assert_eq!(ann.state(), UserState::Active, "nobody is blocked before the client has sent everything");
    let all = v1::SyncUsersRequest { full: true, block_unlisted: true, max_blocked: Some(7), ..message(many(0..400)) };
    let answer = server.sync(all).await.unwrap();
    // The sync blocks the demo's 7 ordinary users, which frees two seats in crm for 2 of the 8 users who wait. root is
    // an administrator, and keeps the third seat.
    let totals = answer.totals.unwrap();
    let expected = v1::SyncTotals {
        unchanged: 198,
        created: 196,
        created_blocked: 4,
        activated: 2,
        unlisted: 1,
        blocked: 7,
        waiting: 6,
        ..Default::default()
    };
    assert_eq!(totals, expected);
    assert_eq!(outcomes(&answer).last().unwrap(), "root@demo.example UNLISTED");
    let ann = server.user("ann@demo.example").await.unwrap();
    assert_eq!((ann.state(), ann.block_cause()), (UserState::Blocked, BlockCause::Directory));
    // A blocked user who is listed again is activated again.
    let back = server.sync(message(vec![entry("dee@demo.example", &[])])).await.unwrap();
    assert_eq!(outcomes(&back), ["dee@demo.example ACTIVATED"]);
}

#[tokio::test]
async fn a_dry_run_tells_what_a_sync_does() {
    let server = TestServer::start(Store::Sqlite).await;
    server.sync(message(vec![entry("early@demo.example", &["crm"])])).await.unwrap();
    let mut entries = many(0..150);
    entries.extend([entry("early@demo.example", &["crm"]), entry("ann@demo.example", &["crm"]), entry("a b", &[])]);
    let whole = v1::SyncUsersRequest { full: true, block_unlisted: true, max_blocked: Some(7), ..message(entries) };
    let before = (server.changes().await, server.usage("crm").await);
    let dry = server.sync(v1::SyncUsersRequest { dry_run: true, ..whole.clone() }).await.unwrap();
    assert_eq!((server.changes().await, server.usage("crm").await), before);
    assert!(server.user("user0@demo.example").await.is_none());
    let real = server.sync(whole).await.unwrap();
    assert_eq!(outcomes(&dry), outcomes(&real));
    assert_eq!(dry, real);
    assert_eq!(count(&real, SyncOutcome::Activated), 1, "bob is gone, and early was first: {:?}", outcomes(&real));
}

#[tokio::test]
async fn wrong_entries_stop_nobody() {
    let server = TestServer::start(Store::Sqlite).await;
    let mut elsewhere = entry("kim@demo.example", &["primary"]);
    elsewhere.organization_ids = vec!["nowhere".into()];
    let entries = vec![
        entry("a b", &[]),
        entry("Lea@Demo.Example", &["primary"]),
        elsewhere,
        v1::SyncEntry::default(),
        entry("lea@demo.example", &["crm"]),
        entry("mia@demo.example", &["sales"]),
    ];
    let answer = server.sync(message(entries)).await.unwrap();
    let expected = [
        "a b REFUSED: user.user_id must not contain white space.",
        "lea@demo.example CREATED",
        "kim@demo.example REFUSED: There is no organization \"nowhere\".",
        " REFUSED: user.user_id must not be empty.",
        "lea@demo.example REFUSED: user.user_id is in this sync already.",
        "mia@demo.example CREATED sales",
    ];
    assert_eq!(outcomes(&answer), expected);
    assert_eq!(answer.totals.unwrap(), v1::SyncTotals { created: 2, refused: 4, ..Default::default() });
}

/// Shows that a full sync which lists too few users blocks nobody (R33).
async fn a_ceiling_for_blocking(store: Store) {
    let server = TestServer::start(store).await;
    server.sync(message(many(0..93))).await.unwrap();
    // New users do not raise the ceiling.
    let whole = |listed| v1::SyncUsersRequest { full: true, block_unlisted: true, ..message(listed) };
    let listed = || [many(0..89), many(1_000..1_200)].concat();
    // Nor do users whom an earlier attempt created.
    for dry_run in [true, false, false, true] {
        let status = server.sync(v1::SyncUsersRequest { dry_run, ..whole(listed()) }).await.unwrap_err();
        assert_eq!(status.code(), tonic::Code::FailedPrecondition, "{status:?}");
        let text = "11 active users are not in this full sync, and at most 9 of the 98 who were there before may";
        assert!(status.message().starts_with(text), "{status:?}");
    }
    let gus = || async { server.user("gus@demo.example").await.unwrap().state() };
    assert_eq!(gus().await, UserState::Active);
    let answer = server.sync(v1::SyncUsersRequest { max_blocked: Some(11), ..whole(listed()) }).await.unwrap();
    assert_eq!((answer.totals.unwrap().blocked, gus().await), (11, UserState::Blocked));
    // The sync above succeeded, so the users whom it created count from now on.
    let fewer = [many(0..89), many(1_000..1_172)].concat();
    assert_eq!(server.sync(whole(fewer)).await.unwrap().totals.unwrap().blocked, 28);
}

#[tokio::test]
async fn a_ceiling_for_blocking_on_sqlite() {
    a_ceiling_for_blocking(Store::Sqlite).await;
}

#[tokio::test]
async fn a_ceiling_for_blocking_on_postgres() {
    a_ceiling_for_blocking(Store::Postgres).await;
}

#[tokio::test]
async fn nobody_is_blocked_for_a_wrong_field() {
    let server = TestServer::start(Store::Sqlite).await;
    let mut ann = entry("Ann@demo.example", &[]);
    ann.user.as_mut().unwrap().given_name = "A\nn".into();
    let others = ["bob", "cid", "dee", "eve", "fay", "gus"].map(|name| entry(&format!("{name}@demo.example"), &[]));
    let entries = [vec![ann], others.to_vec()].concat();
    let whole = v1::SyncUsersRequest { full: true, block_unlisted: true, ..message(entries) };
    let totals = server.sync(whole).await.unwrap().totals.unwrap();
    assert_eq!((totals.refused, totals.blocked), (1, 0));
}

#[tokio::test]
async fn seats_with_organizations_of_their_own_and_one_attribute() {
    let server = TestServer::start(Store::Sqlite).await;
    let seat = |pool: &str, organizations: &[&str]| v1::SyncSeat {
        pool_id: pool.into(),
        organization_ids: organizations.iter().map(|id| (*id).to_owned()).collect(),
    };
    let mut hal = entry("hal@demo.example", &[]);
    hal.seats = vec![seat("primary", &["north"]), seat("other", &[])];
    hal.user.as_mut().unwrap().attributes = [("desk".into(), "7".into()), ("room".into(), "8".into())].into();
    server.sync(message(vec![hal.clone()])).await.unwrap();
    hal.user.as_mut().unwrap().attributes = [("room".into(), "9".into())].into();
    let mask = |names: &[&str]| {
        Some(prost_types::FieldMask { paths: names.iter().map(|name| format!("attributes.{name}")).collect() })
    };
    let desk = v1::SyncUsersRequest { update_mask: mask(&["desk"]), ..message(vec![hal.clone()]) };
    server.sync(desk).await.unwrap();
    let known = server.user("hal@demo.example").await.unwrap();
    assert_eq!(known.attributes, [("room".into(), "8".into())].into(), "desk is taken away, and room not named");
    assert_eq!(known.seats[0].organization_ids, ["north"]);
    let names: Vec<String> = (0..51).map(|no| format!("a{no}")).collect();
    hal.user.as_mut().unwrap().attributes = names.iter().map(|name| (name.clone(), "1".into())).collect();
    let [some, more] =
        [&names[..40], &names[40..]].map(|names| mask(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    for (update_mask, expected) in [(some, "UPDATED"), (more, "REFUSED: user.attributes must be at most 50 in all")] {
        let mut hal = hal.clone();
        let named = update_mask.clone().unwrap().paths;
        hal.user.as_mut().unwrap().attributes.retain(|name, _| named.contains(&format!("attributes.{name}")));
        let answer = server.sync(v1::SyncUsersRequest { update_mask, ..message(vec![hal]) }).await.unwrap();
        assert!(outcomes(&answer)[0].starts_with(&format!("hal@demo.example {expected}")), "{:?}", outcomes(&answer));
    }
}

#[tokio::test]
async fn a_wrong_sync_is_refused_as_a_whole() {
    let server = TestServer::start(Store::Sqlite).await;
    let refused = async |messages: Vec<v1::SyncUsersRequest>| {
        let status = server.sync_in(messages).await.unwrap_err();
        (status.code(), status.message().to_owned())
    };
    let unlisted = || v1::SyncUsersRequest { block_unlisted: true, ..message(vec![]) };
    let (code, text) = refused(vec![unlisted()]).await;
    assert!(code == tonic::Code::InvalidArgument && text.contains("block_unlisted"), "{text}");
    let (code, text) = refused(vec![v1::SyncUsersRequest { full: true, ..unlisted() }]).await;
    assert!(code == tonic::Code::InvalidArgument && text.contains("entries"), "{text}");
    let other = v1::SyncUsersRequest { tenant_id: "other".into(), ..message(vec![]) };
    let (code, text) = refused(vec![message(vec![]), other.clone()]).await;
    assert!(code == tonic::Code::InvalidArgument && text.contains("tenant_id"), "{text}");
    assert_eq!(refused(vec![other]).await.0, tonic::Code::NotFound);
    assert_eq!(refused(vec![]).await.0, tonic::Code::InvalidArgument);
    assert_eq!(server.user("ann@demo.example").await.unwrap().state(), UserState::Active);
}
