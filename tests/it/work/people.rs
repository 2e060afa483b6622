//! Calls about users and organizations at about their largest size; and a call of several steps keeps its user.

use usher::ids::{EventNo, UserId};
use usher::ledger::Execution;
use usher::ledger::change::{Actor, Changes};
use usher::ledger::command::{
    ActivateUsers, BlockUnlisted, BlockUser, Command, CreateOrganization, CreateUser, DeleteOrganization, DeleteUser,
    GetUser, Outcome, QueryResult, RenameUser, Request, SyncEntry, SyncUsers, UnblockUser, UpdateOrganization,
    UpdateUser, UserPatch, Waiting, WantedSeat, WhatIf, WhenFull,
};

use super::world::{USERS, World, organization, organizations, pool, tenant, user, whale};
use super::{Operation, command};

pub fn operations() -> Vec<(&'static str, Vec<Operation>)> {
    let pools = || (0..256).map(pool).collect::<Vec<_>>();
    let entry = |no: u64| SyncEntry {
        user: user(USERS + no),
        patch: UserPatch::default(),
        seats: WantedSeat::each(&pools(), &organizations(39)),
        blocked: None,
    };
    let sync = |what_if| SyncUsers { entries: (0..32).map(entry).collect(), when_full: WhenFull::Block, what_if };
    let waiting = |no: u64| Waiting { user: user(USERS + no), since: EventNo(1), pools: pools() };
    let attributes = (0..50).map(|no| (format!("a{no}").into(), "x".repeat(1_024).into())).collect();
    let patch = UserPatch { administrator: Some(true), attributes: Some(attributes), ..UserPatch::default() };
    let new = || UserId::stored("new");
    vec![
        (
            "DirectoryService/CreateUser",
            vec![command(CreateUser {
                user: new(),
                administrator: false,
                profile: Default::default(),
                pools: pools(),
            })],
        ),
        ("DirectoryService/UpdateUser", vec![command(UpdateUser { user: whale(), version: None, patch })]),
        (
            "DirectoryService/RenameUser",
            vec![
                command(RenameUser { user: whale(), new: UserId::stored("orca") }),
                command(RenameUser { user: UserId::stored("orca"), new: whale() }),
            ],
        ),
        ("DirectoryService/BlockUser", vec![command(BlockUser { user: new(), end_sessions: true })]),
        ("DirectoryService/UnblockUser", vec![command(UnblockUser { user: new() })]),
        (
            "DirectoryService/SyncUsers",
            vec![
                command(sync(Some(WhatIf::default()))),
                command(sync(None)),
                command(ActivateUsers { waiting: (0..32).map(waiting).collect(), what_if: Some(WhatIf::default()) }),
                command(ActivateUsers { waiting: (0..32).map(waiting).collect(), what_if: None }),
                command(BlockUnlisted { users: vec![whale(); 32], what_if: Some(WhatIf::default()) }),
                command(BlockUnlisted { users: (0..32).map(|no| user(USERS + no)).collect(), what_if: None }),
            ],
        ),
        ("DirectoryService/DeleteUser", vec![command(DeleteUser { user: new() })]),
        (
            "DirectoryService/CreateOrganization",
            vec![command(CreateOrganization { organization: organization(5_000), display_name: "".into() })],
        ),
        (
            "DirectoryService/UpdateOrganization",
            vec![command(UpdateOrganization {
                organization: organization(5_000),
                version: None,
                display_name: Some("x".into()),
            })],
        ),
        ("DirectoryService/DeleteOrganization", vec![command(DeleteOrganization { organization: organization(0) })]),
    ]
}

/// Between two steps the id can be given to another user.
#[test]
fn a_call_of_several_steps_is_about_whom_it_began_with() {
    let orca = || UserId::stored("orca");
    for command in [BlockUser { user: whale(), end_sessions: true }.into(), Command::from(DeleteUser { user: whale() })]
    {
        let mut world = World::new();
        // All users have become idle. That is noted first here, because it would fill the first steps.
        world.submit(RenameUser { user: whale(), new: whale() });
        let request = Request { tenant: tenant(), actor: Actor::service(), command: command.clone() };
        let mut out = Changes::default();
        let mut decided = world.ledger.execute(Execution::new(request), world.now, &mut out);
        assert!(decided.is_err(), "{command:?} takes steps");
        assert!(matches!(world.submit(RenameUser { user: whale(), new: orca() }), Outcome::RenameUser(Ok(_))));
        let other = CreateUser { user: whale(), administrator: false, profile: Default::default(), pools: vec![] };
        assert!(matches!(world.submit(other), Outcome::CreateUser(Ok((Ok(_), _)))));
        for _ in 0..1_000 {
            decided = match decided {
                Err(execution) => world.ledger.execute(execution, world.now, &mut out),
                outcome => outcome,
            };
        }
        let deletes = matches!(command, Command::DeleteUser(_));
        match decided.expect("an answer") {
            Outcome::DeleteUser(done) => assert_eq!((done, deletes), (Ok(()), true)),
            Outcome::BlockUser(done) => assert_eq!(done.map(|user| user.id), Ok(orca())),
            other => panic!("{other:?}"),
        }
        let mut blocked = |user| {
            let (found, _) = world.cost_of(GetUser { user, organization: None });
            let QueryResult::GetUser(found) = found else { panic!("a user") };
            found.ok().map(|user| user.blocked.is_some())
        };
        assert_eq!((blocked(whale()), blocked(orca())), (Some(false), (!deletes).then_some(true)), "{command:?}");
    }
}
