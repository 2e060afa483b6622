//! Answers of commands for a tenant that does not exist.

use super::heartbeat::late;
use crate::ids::TenantId;
use crate::ledger::model::change::Action;
use crate::ledger::model::command::{Command, Outcome};
use crate::ledger::model::outcome::{CheckedIn, CheckedOut, Denial, DenialReason, Refusal};
use crate::ledger::state::audit_draft::AuditDraft;
use crate::ledger::state::context::Context;
use crate::ledger::state::ledger::NO_TENANT;

/// Returns a denial, a refusal, or the recorded end of a session that a deleted tenant had.
pub(in crate::ledger) fn answer(id: &TenantId, command: Command, ctx: &mut Context) -> Outcome {
    let gone = || Refusal::not_found("tenant", id);
    let denial = Denial::because(DenialReason::TenantNotFound);
    match command {
        Command::CheckOut(command) => {
            if !command.check_only {
                let about =
                    AuditDraft::new(NO_TENANT, Action::CheckOutDenied).denied(denial.reason).user(&command.user);
                ctx.log_denial(about.pool(&command.pool).detail(id.as_str()));
            }
            Outcome::CheckOut(Ok(CheckedOut { decision: Err(denial), usage: None, notices: Vec::new() }))
        }
        Command::CheckIn(command) => {
            let reason = ctx.ended_sessions.find(command.session, id).map(|(reason, _)| reason);
            Outcome::CheckIn(CheckedIn { ended_now: false, reason })
        }
        Command::Heartbeat(command) => {
            Outcome::Heartbeat(command.heartbeats.iter().map(|(session, _)| late(*session, id, ctx)).collect())
        }
        Command::CloseSession(_) => Outcome::CloseSession(Err(gone())),
        Command::CreateTenant(_) => Outcome::CreateTenant(Err(gone())),
        Command::SuspendTenant(_) => Outcome::SuspendTenant(Err(gone())),
        Command::DeleteTenant(_) => Outcome::DeleteTenant(Err(gone())),
        Command::CreateUser(_) => Outcome::CreateUser(Err(gone())),
        Command::UpdateUser(_) => Outcome::UpdateUser(Err(gone())),
        Command::RenameUser(_) => Outcome::RenameUser(Err(gone())),
        Command::UnblockUser(_) => Outcome::UnblockUser(Err(gone())),
        Command::CreateOrganization(_) => Outcome::CreateOrganization(Err(gone())),
        Command::UpdateOrganization(_) => Outcome::UpdateOrganization(Err(gone())),
        Command::InstallLicense(_) => Outcome::InstallLicense(Err(gone())),
        Command::DeleteLicense(_) => Outcome::DeleteLicense(Err(gone())),
        Command::RevokeLicense(_) => Outcome::RevokeLicense(Err(gone())),
        Command::FetchLicense(_) => Outcome::FetchLicense(Err(gone())),
        Command::NoteLicenseRequest(_) => Outcome::NoteLicenseRequest(Err(gone())),
        Command::BeginDelivery(_) => Outcome::BeginDelivery(Err(gone())),
        Command::EndDelivery(_) => Outcome::EndDelivery(Err(gone())),
        Command::RedeliverNotification(_) => Outcome::RedeliverNotification(Err(gone())),
        Command::CreateToken(_) | Command::RevokeToken(_) | Command::NoteTokenUse(_) | Command::WithdrawTenant(_) => {
            unreachable!("the ledger's own commands")
        }
        Command::GrantSeats(_)
        | Command::RevokeSeats(_)
        | Command::CloseIdle(_)
        | Command::SyncUsers(_)
        | Command::ActivateUsers(_)
        | Command::BlockUnlisted(_)
        | Command::DeleteLicenses(_)
        | Command::DeleteOrganization(_)
        | Command::BlockUser(_)
        | Command::DeleteUser(_)
        | Command::UpdateTenant(_) => unreachable!("commands of several steps"),
    }
}
