//! Converts enums of the ledger to those of the contract. The matches are exhaustive: a new value without a name does
//! not compile. A denial has the same number in both; a test compares the names.

use crate::ledger::change::{Action, BlockCause, Plan, Reason, TenantState};
use crate::ledger::license::Tier;
use crate::ledger::license_fetch::FetchOutcome;
use crate::ledger::license_view::Validity;
use crate::ledger::outcome::{DenialReason, LicenseState, SessionEndReason, Status};
use crate::proto::v1;

/// The numbers of the ledger are those of the contract.
pub fn denial_reason(reason: DenialReason) -> v1::DenialReason {
    v1::DenialReason::try_from(i32::from(reason.code())).unwrap_or_default()
}

/// Returns the name of a denial without the prefix of its enum, such as `SEATS_EXHAUSTED`.
pub fn denial_name(reason: DenialReason) -> &'static str {
    let name = denial_reason(reason).as_str_name();
    name.strip_prefix("DENIAL_REASON_").unwrap_or(name)
}

pub fn session_end_reason(reason: SessionEndReason) -> v1::SessionEndReason {
    match reason {
        SessionEndReason::CheckedIn => v1::SessionEndReason::CheckedIn,
        SessionEndReason::LeaseExpired => v1::SessionEndReason::LeaseExpired,
        SessionEndReason::MaxDuration => v1::SessionEndReason::MaxDuration,
        SessionEndReason::IdleTimeout => v1::SessionEndReason::IdleTimeout,
        SessionEndReason::Closed => v1::SessionEndReason::Closed,
        SessionEndReason::TakenOver => v1::SessionEndReason::TakenOver,
        SessionEndReason::Reclaimed => v1::SessionEndReason::Reclaimed,
        SessionEndReason::UserDeleted => v1::SessionEndReason::UserDeleted,
        SessionEndReason::TenantRemoved => v1::SessionEndReason::TenantRemoved,
        SessionEndReason::Moved => v1::SessionEndReason::Moved,
    }
}

/// Returns the full name of an audit event's reason, such as `DENIAL_REASON_SEATS_EXHAUSTED`.
pub fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Denied(reason) => denial_reason(reason).as_str_name(),
        Reason::Ended(reason) => session_end_reason(reason).as_str_name(),
    }
}

/// A denied grant has an action of its own in the contract.
pub fn audit_action(action: Action, denied: bool) -> v1::AuditAction {
    match action {
        Action::SessionStarted => v1::AuditAction::SessionStarted,
        Action::SessionRenewed => v1::AuditAction::SessionRenewed,
        Action::SessionEnded => v1::AuditAction::SessionEnded,
        Action::CheckOutDenied => v1::AuditAction::CheckOutDenied,
        Action::SeatGranted if denied => v1::AuditAction::SeatGrantDenied,
        Action::SeatGranted => v1::AuditAction::SeatGranted,
        Action::SeatRevoked => v1::AuditAction::SeatRevoked,
        Action::UserCreated => v1::AuditAction::UserCreated,
        Action::UserUpdated => v1::AuditAction::UserUpdated,
        Action::UserBlocked => v1::AuditAction::UserBlocked,
        Action::UserUnblocked => v1::AuditAction::UserUnblocked,
        Action::UserDeleted => v1::AuditAction::UserDeleted,
        Action::UserRenamed => v1::AuditAction::UserRenamed,
        Action::OrganizationCreated => v1::AuditAction::OrganizationCreated,
        Action::OrganizationUpdated => v1::AuditAction::OrganizationUpdated,
        Action::OrganizationDeleted => v1::AuditAction::OrganizationDeleted,
        Action::TenantCreated => v1::AuditAction::TenantCreated,
        Action::TenantUpdated => v1::AuditAction::TenantUpdated,
        Action::TenantSuspended => v1::AuditAction::TenantSuspended,
        Action::TenantResumed => v1::AuditAction::TenantResumed,
        Action::TenantDeleted => v1::AuditAction::TenantDeleted,
        Action::LicenseInstalled => v1::AuditAction::LicenseInstalled,
        Action::LicenseDeleted => v1::AuditAction::LicenseDeleted,
        Action::LicenseRevoked => v1::AuditAction::LicenseRevoked,
        Action::LicenseFetched => v1::AuditAction::LicenseFetched,
        Action::LicenseRequestSent => v1::AuditAction::LicenseRequestSent,
        Action::LicenseRequestFailed => v1::AuditAction::LicenseRequestFailed,
        Action::NotificationRaised => v1::AuditAction::NotificationRaised,
        Action::NotificationCleared => v1::AuditAction::NotificationCleared,
        Action::NotificationDelivered => v1::AuditAction::NotificationDelivered,
        Action::NotificationFailed => v1::AuditAction::NotificationFailed,
        Action::NotificationRedelivered => v1::AuditAction::NotificationRedelivered,
        Action::TokenCreated => v1::AuditAction::TokenCreated,
        Action::TokenRevoked => v1::AuditAction::TokenRevoked,
        Action::TokenDeleted => v1::AuditAction::TokenDeleted,
        Action::TokenUpdated => v1::AuditAction::TokenUpdated,
    }
}

pub fn plan(plan: Plan) -> v1::Plan {
    match plan {
        Plan::Named => v1::Plan::Named,
        Plan::Concurrent => v1::Plan::Concurrent,
    }
}

pub fn user_status(status: Status) -> v1::UserStatus {
    match status {
        Status::Active => v1::UserStatus::Active,
        Status::Away => v1::UserStatus::Away,
        Status::Idle => v1::UserStatus::Idle,
        Status::Inactive => v1::UserStatus::Inactive,
    }
}

pub fn tenant_state(state: TenantState) -> v1::TenantState {
    match state {
        TenantState::Active => v1::TenantState::Active,
        TenantState::Suspended => v1::TenantState::Suspended,
        // Deleted tenants are never rendered.
        TenantState::Deleted => v1::TenantState::Unspecified,
    }
}

pub fn license_state(state: LicenseState) -> v1::LicenseState {
    match state {
        LicenseState::Demo => v1::LicenseState::Demo,
        LicenseState::Valid => v1::LicenseState::Valid,
        LicenseState::NotYetValid => v1::LicenseState::NotYetValid,
        LicenseState::Expired => v1::LicenseState::Expired,
    }
}

pub fn validity(validity: Validity) -> v1::LicenseValidity {
    match validity {
        Validity::InForce => v1::LicenseValidity::InForce,
        Validity::NotYetValid => v1::LicenseValidity::NotYetValid,
        Validity::Expired => v1::LicenseValidity::Expired,
        Validity::Superseded => v1::LicenseValidity::Superseded,
        Validity::Revoked => v1::LicenseValidity::Revoked,
    }
}

pub fn fetch_outcome(outcome: FetchOutcome) -> v1::LicenseFetchOutcome {
    match outcome {
        FetchOutcome::Installed => v1::LicenseFetchOutcome::Installed,
        FetchOutcome::NotNewer => v1::LicenseFetchOutcome::NotNewer,
        FetchOutcome::Nothing => v1::LicenseFetchOutcome::Nothing,
        FetchOutcome::Refused => v1::LicenseFetchOutcome::Refused,
        FetchOutcome::Failed => v1::LicenseFetchOutcome::Failed,
    }
}

/// `None`: no license is in force.
pub fn tier(tier: Option<Tier>) -> v1::LicenseTier {
    match tier {
        None => v1::LicenseTier::Unspecified,
        Some(Tier::Bronze) => v1::LicenseTier::Bronze,
        Some(Tier::Silver) => v1::LicenseTier::Silver,
        Some(Tier::Gold) => v1::LicenseTier::Gold,
        Some(Tier::Platinum) => v1::LicenseTier::Platinum,
    }
}

/// Returns the state of a user, and the cause of a block.
pub fn user_state(blocked: Option<BlockCause>) -> (v1::UserState, v1::BlockCause) {
    match blocked {
        None => (v1::UserState::Active, v1::BlockCause::Unspecified),
        Some(BlockCause::Administrator) => (v1::UserState::Blocked, v1::BlockCause::Administrator),
        Some(BlockCause::LicenseLimit) => (v1::UserState::Blocked, v1::BlockCause::LicenseLimit),
        Some(BlockCause::Directory) => (v1::UserState::Blocked, v1::BlockCause::Directory),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// All names of an enum of the contract except the first one, which means "not set".
    fn names<E: TryFrom<i32>>(name: impl Fn(E) -> &'static str) -> BTreeSet<&'static str> {
        (1..).map_while(|number| E::try_from(number).ok()).map(name).collect()
    }

    #[test]
    fn actions_are_those_of_the_contract() {
        let ours: BTreeSet<&str> = Action::ALL
            .into_iter()
            .flat_map(|action| [audit_action(action, false), audit_action(action, true)])
            .map(|action| action.as_str_name())
            .collect();
        let contract: BTreeSet<&str> =
            (1..).map_while(|number| v1::AuditAction::try_from(number).ok()).map(|a| a.as_str_name()).collect();
        assert_eq!(ours, contract);
    }

    #[test]
    fn denials_are_those_of_the_contract() {
        let ours: BTreeSet<_> = DenialReason::ALL.into_iter().map(|r| reason_name(Reason::Denied(r))).collect();
        assert_eq!(ours.len(), DenialReason::ALL.len(), "two reasons have one name");
        assert_eq!(ours, names(|reason: v1::DenialReason| reason.as_str_name()));
        for reason in DenialReason::ALL {
            let name = denial_name(reason).replace('_', "").to_lowercase();
            assert_eq!(name, format!("{reason:?}").to_lowercase(), "two names for the number {}", reason.code());
        }
    }

    #[test]
    fn ends_of_sessions_are_those_of_the_contract() {
        let mut ours: BTreeSet<_> = SessionEndReason::ALL.into_iter().map(|r| reason_name(Reason::Ended(r))).collect();
        assert_eq!(ours.len(), SessionEndReason::ALL.len(), "two reasons have one name");
        // The reason for a session without a record.
        ours.insert(v1::SessionEndReason::Unknown.as_str_name());
        assert_eq!(ours, names(|reason: v1::SessionEndReason| reason.as_str_name()));
    }

    #[test]
    fn a_denial_is_counted_under_its_short_name() {
        assert_eq!(denial_name(DenialReason::SeatsExhausted), "SEATS_EXHAUSTED");
        assert_eq!(denial_name(DenialReason::TenantNotFound), "TENANT_NOT_FOUND");
    }
}
