//! Backups under load: they contain everything that was acknowledged before they began.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use secrecy::ExposeSecret;
use tokio::task::block_in_place;

use super::{backup, check};
use crate::history::{self, Action, Answer, History, Load, Operation, Plan, StoreContents};
use crate::support::postgres;
use crate::support::program::{Data, Program};

/// Answers to clients before the backup.
const BEFORE: u64 = 400;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let (live, file, restored) =
        (folder.path().join("live"), folder.path().join("usher-1.db"), folder.path().join("restored"));
    let take = || {
        let printed = backup(&live, &file).printed();
        assert!(printed.starts_with(&format!("{}: ", file.display())) && printed.contains(" bytes, in "), "{printed}");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::create_dir(&restored).unwrap();
        std::fs::rename(&file, restored.join("usher.db")).unwrap();
    };
    under_load(&Data::Folder(&live), &Data::Folder(&restored), take).await;
    let left: BTreeSet<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["live", "restored"].map(Into::into).into(), "nothing else is left behind");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    let cluster = postgres::cluster();
    let (live, restored) = (cluster.database().await, cluster.database().await);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("usher-1.dump");
    let take = || {
        cluster.tool("pg_dump", &["--format=custom", "--file", super::path(&file), live.expose_secret()]);
        let into = ["--exit-on-error", "--no-owner", "--dbname", restored.expose_secret(), super::path(&file)];
        cluster.tool("pg_restore", &into);
    };
    under_load(&Data::Postgres(live.expose_secret()), &Data::Postgres(restored.expose_secret()), take).await;
}

/// Takes a backup of `live` while a program serves it, restores it into `restored`, and serves from that.
async fn under_load(live: &Data<'_>, restored: &Data<'_>, take: impl FnOnce()) {
    let mut load = Load::start(Plan::default());
    let options = Plan::default().options();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let program = Program::start(live, &options);
    load.switch.at(program.api);
    load.answered(BEFORE).await;
    let before = load.so_far();
    block_in_place(take);
    // Clients are served during the backup and after it.
    load.answered(BEFORE).await;
    let after = load.stop().await;
    let served = load.served(program.api).await.expect("it serves");
    let judged = history::check(&after, &StoreContents { served: Some(served), ..StoreContents::read(live).await });
    assert!(judged.is_ok(), "the backup disturbed what is served: {judged:?}");

    check(restored).printed();
    has_everything(&before, &StoreContents::read(restored).await);
    let program = Program::start(restored, &options);
    let served = load.served(program.api).await.expect("it serves");
    let recount = StoreContents::read(restored).await;
    let live: BTreeSet<_> =
        recount.sessions.iter().filter(|row| row.ended.is_none()).map(|row| row.session.clone()).collect();
    assert!(served.live.is_subset(&live) && !served.in_use.is_empty(), "{served:?}");
}

/// Checks that the audit has every acknowledged change: a change and its event are one transaction (R35).
fn has_everything(history: &History, recount: &StoreContents) {
    let of = |action: Action| recount.audit.iter().filter(move |event| event.action == action);
    let sessions = |action| of(action).filter_map(|event| event.session.clone()).collect::<BTreeSet<_>>();
    let (started, ended) = (sessions(Action::Started), sessions(Action::Ended));
    let who = |action| of(action).map(|event| event.who.clone()).collect::<BTreeSet<_>>();
    let (granted, revoked) = (who(Action::Granted), who(Action::Revoked));
    let mut acknowledged = 0;
    for call in history.calls.iter().filter(|call| call.answered.is_some()) {
        let kept = match (&call.operation, &call.answer) {
            (_, Answer::Lease { session, .. }) => started.contains(session),
            (Operation::CheckIn { session }, Answer::Ended { now: true, .. }) => ended.contains(session),
            (Operation::Grant, Answer::Done) => granted.contains(&call.who),
            (Operation::Revoke, Answer::Done) => revoked.contains(&call.who),
            _ => continue,
        };
        acknowledged += 1;
        assert!(kept, "acknowledged before the backup began, and not in it: {call:?}");
    }
    assert!(acknowledged > 50, "clients did next to nothing: {acknowledged}");
}

/// A backup overwrites no file, and leaves nothing if it cannot be completed.
#[test]
fn a_file_that_is_there_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (data, file) = (folder.path().join("data"), folder.path().join("mine"));
    Program::start(&Data::Folder(&data), &["--demo"]).kill();
    std::fs::write(&file, "mine").unwrap();
    let said = backup(&data, &file).refused(1);
    assert_eq!(said, format!("--to: {}: is there already, and is not overwritten", file.display()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    let unreachable = folder.path().join("nowhere/usher.db");
    assert!(backup(&data, &unreachable).refused(1).contains("No such file or directory"));
    assert!(backup(&data, Path::new("/")).refused(1).contains("is there already"));
}
