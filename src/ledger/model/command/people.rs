//! User ids in commands and queries.

use super::{Command, Query};
use crate::ids::UserId;

impl Command {
    /// All user ids of the command.
    pub(in crate::ledger) fn people(&mut self) -> Vec<&mut UserId> {
        match self {
            Command::CheckOut(command) => vec![&mut command.user],
            Command::GrantSeats(command) => command.users.iter_mut().collect(),
            Command::RevokeSeats(command) => command.users.iter_mut().collect(),
            Command::CloseSession(command) => command.own_user.iter_mut().collect(),
            Command::CloseIdle(command) => command.own_user.iter_mut().collect(),
            Command::CreateUser(command) => vec![&mut command.user],
            Command::UpdateUser(command) => vec![&mut command.user],
            Command::RenameUser(command) => vec![&mut command.user, &mut command.new],
            Command::BlockUser(command) => vec![&mut command.user],
            Command::UnblockUser(command) => vec![&mut command.user],
            Command::DeleteUser(command) => vec![&mut command.user],
            Command::SyncUsers(command) => command.entries.iter_mut().map(|entry| &mut entry.user).collect(),
            Command::ActivateUsers(command) => command.waiting.iter_mut().map(|waiting| &mut waiting.user).collect(),
            Command::BlockUnlisted(command) => command.users.iter_mut().collect(),
            Command::CheckIn(_)
            | Command::Heartbeat(_)
            | Command::CreateTenant(_)
            | Command::UpdateTenant(_)
            | Command::SuspendTenant(_)
            | Command::DeleteTenant(_)
            | Command::CreateOrganization(_)
            | Command::UpdateOrganization(_)
            | Command::DeleteOrganization(_)
            | Command::InstallLicense(_)
            | Command::DeleteLicense(_)
            | Command::DeleteLicenses(_)
            | Command::RevokeLicense(_)
            | Command::FetchLicense(_)
            | Command::NoteLicenseRequest(_)
            | Command::BeginDelivery(_)
            | Command::EndDelivery(_)
            | Command::RedeliverNotification(_)
            | Command::CreateToken(_)
            | Command::RevokeToken(_)
            | Command::NoteTokenUse(_)
            | Command::WithdrawTenant(_) => Vec::new(),
        }
    }
}

impl Query {
    /// The user id of the query.
    pub(in crate::ledger) fn person(&mut self) -> Option<&mut UserId> {
        match self {
            Query::GetUser(query) => Some(&mut query.user),
            Query::FormerIds(query) => Some(&mut query.user),
            Query::ListSessions(query) => query.user.as_mut(),
            Query::ListUsers(_)
            | Query::ListOrganizations(_)
            | Query::ListLicenses(_)
            | Query::GetLicenseInformation(_)
            | Query::GetEntitlements(_)
            | Query::DueFetches(_)
            | Query::ListTenants(_)
            | Query::GetTenant(_)
            | Query::GetUsage(_)
            | Query::ListNotifications(_)
            | Query::DueNotifications(_)
            | Query::ListTokens(_)
            | Query::AllTokens(_) => None,
        }
    }
}
