//! Failures that a random run found once: they are tested directly, because a changed generator makes other runs.

use usher::ids::{OrganizationId, PoolId, TenantId, UserId};
use usher::ledger::command::{Command, CreateOrganization, CreateTenant, GrantSeats, RenameUser, RevokeSeats};

use super::generate::Generator;
use super::replay;
use super::step::{Step, StepKind};

#[test]
fn a_seat_of_which_a_part_was_revoked_is_known_under_the_new_id() {
    let (ann, crm) = (UserId::stored("ann"), PoolId::stored("crm"));
    let [north, east] = ["north", "east"].map(OrganizationId::stored);
    let create = |organization: &OrganizationId| CreateOrganization {
        organization: organization.clone(),
        display_name: "".into(),
    };
    let commands: [Command; 6] = [
        CreateTenant { display_name: "".into(), contact: "".into(), policy: Default::default() }.into(),
        create(&north).into(),
        create(&east).into(),
        GrantSeats { pools: vec![crm.clone()], users: vec![ann.clone()], organizations: vec![north.clone(), east] }
            .into(),
        RevokeSeats { pools: vec![crm], users: vec![ann.clone()], organizations: vec![north], end_sessions: false }
            .into(),
        RenameUser { user: ann, new: UserId::stored("anna") }.into(),
    ];
    let now = Generator::new(0).now;
    let kind = |command| StepKind::Command(TenantId::stored("acme"), command);
    let steps: Vec<_> =
        commands.into_iter().enumerate().map(|(no, command)| Step { no, now, kind: kind(command) }).collect();
    if let Err(failure) = replay(0, &steps) {
        panic!("{}", failure.what);
    }
}
