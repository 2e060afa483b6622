//! Admin log: the changes that people and programs made, each with actor, action and tenant. Logins, heartbeats and
//! changes by the service itself are not logged here.

use crate::ids::TenantId;
use crate::ledger::change::Actor;
use crate::ledger::command::{Command, Outcome};

/// Name of the command, if it is to be logged when it is done. Steps of a directory sync are not logged; the sync logs
/// itself as a whole.
pub(super) fn action(actor: &Actor, command: &Command) -> Option<&'static str> {
    match command {
        _ if actor.is_service() => None,
        Command::CheckOut(_) | Command::CheckIn(_) | Command::Heartbeat(_) => None,
        Command::SyncUsers(_) | Command::ActivateUsers(_) | Command::BlockUnlisted(_) => None,
        Command::BeginDelivery(_) | Command::EndDelivery(_) => None,
        Command::NoteTokenUse(_) | Command::WithdrawTenant(_) => None,
        other => Some(other.name()),
    }
}

/// Logs the command, unless it was refused or denied.
pub(super) fn log(action: &str, actor: &Actor, tenant: &TenantId, outcome: &Outcome) {
    if is_done(outcome) {
        tracing::info!(target: "usher::admin", action, actor = &*actor.0, %tenant, "done");
    }
}

fn is_done(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::CheckOut(_) | Outcome::CheckIn(_) | Outcome::Heartbeat(_) => false,
        Outcome::SyncUsers(_) | Outcome::ActivateUsers(_) | Outcome::BlockUnlisted(_) => false,
        Outcome::BeginDelivery(_) | Outcome::EndDelivery(_) => false,
        Outcome::NoteTokenUse(_) | Outcome::WithdrawTenant(_) => false,
        Outcome::CreateToken(done) | Outcome::RevokeToken(done) => done.is_ok(),
        Outcome::GrantSeats(pairs) => pairs.iter().flatten().any(|granted| granted.decision.is_ok()),
        Outcome::RevokeSeats(pairs) => pairs.iter().any(Result::is_ok),
        Outcome::CreateUser(done) | Outcome::UnblockUser(done) => done.as_ref().is_ok_and(|(user, _)| user.is_ok()),
        Outcome::CloseSession(done) => done.is_ok(),
        Outcome::CloseIdle(done) => done.is_ok(),
        Outcome::CreateTenant(done) | Outcome::UpdateTenant(done) | Outcome::SuspendTenant(done) => done.is_ok(),
        Outcome::UpdateUser(done) | Outcome::RenameUser(done) | Outcome::BlockUser(done) => done.is_ok(),
        Outcome::DeleteTenant(done) | Outcome::DeleteUser(done) | Outcome::DeleteOrganization(done) => done.is_ok(),
        Outcome::CreateOrganization(done) | Outcome::UpdateOrganization(done) => done.is_ok(),
        Outcome::InstallLicense(done) | Outcome::DeleteLicense(done) => done.is_ok(),
        Outcome::DeleteLicenses(done) | Outcome::RevokeLicense(done) => done.is_ok(),
        Outcome::FetchLicense(done) => done.is_ok(),
        Outcome::NoteLicenseRequest(done) => done.is_ok(),
        Outcome::RedeliverNotification(done) => done.is_ok(),
    }
}
