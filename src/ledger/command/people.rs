//! Whom a command or a query names.

use super::{Command, Query};
use crate::ids::UserId;

impl Command {
    /// Every user that it names.
    pub(in crate::ledger) fn people(&mut self) -> Vec<&mut UserId> {
        match self {
            Command::CheckOut(ask) => vec![&mut ask.user],
            Command::GrantSeats(ask) => ask.users.iter_mut().collect(),
            Command::RevokeSeats(ask) => ask.users.iter_mut().collect(),
            Command::CloseSession(ask) => ask.own_user.iter_mut().collect(),
            Command::CloseIdle(ask) => ask.own_user.iter_mut().collect(),
            Command::CreateUser(ask) => vec![&mut ask.user],
            Command::UpdateUser(ask) => vec![&mut ask.user],
            Command::RenameUser(ask) => vec![&mut ask.user, &mut ask.new],
            Command::BlockUser(ask) => vec![&mut ask.user],
            Command::UnblockUser(ask) => vec![&mut ask.user],
            Command::DeleteUser(ask) => vec![&mut ask.user],
            Command::SyncUsers(ask) => ask.entries.iter_mut().map(|entry| &mut entry.user).collect(),
            Command::ActivateUsers(ask) => ask.waiting.iter_mut().map(|waiting| &mut waiting.user).collect(),
            Command::BlockUnlisted(ask) => ask.users.iter_mut().collect(),
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
    /// The user whom it names.
    pub(in crate::ledger) fn person(&mut self) -> Option<&mut UserId> {
        match self {
            Query::GetUser(ask) => Some(&mut ask.user),
            Query::FormerIds(ask) => Some(&mut ask.user),
            Query::ListSessions(ask) => ask.user.as_mut(),
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
