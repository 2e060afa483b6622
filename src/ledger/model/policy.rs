//! The policy of a tenant: its own settings. docs/DOMAIN.md says what each of them does.

use std::time::Duration;

use super::refusal::Refusal;

/// Reaction to a login on one more device than allowed (R17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum WhenAlreadySignedIn {
    #[default]
    Deny,
    /// End the oldest of the user's own sessions.
    TakeOver,
}

/// Reaction to a login to a full concurrent pool (guard 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum WhenFull {
    #[default]
    Deny,
    /// End the sessions of the Idle user whose last activity is the longest ago; never those of an Active user.
    ReclaimIdle,
}

/// Reaction to closing a session of an Active user (R26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum CloseActive {
    #[default]
    Refuse,
    Allow,
}

/// Reaction to the first login of a user who does not exist (guard 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum UnknownUsers {
    #[default]
    Deny,
    /// Create the user with a seat, if the pool has one free (R15).
    Admit,
}

/// Policy of a tenant. [`Policy::default`] has the defaults.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Lease of a session after a heartbeat; zero: no heartbeat is needed (R25).
    pub lease_ttl: Duration,
    /// Longest duration of a session (R24).
    pub max_session: Duration,
    /// Time without activity after which an Active user is Away (R23).
    pub away_after: Duration,
    /// Time without activity after which a user is Idle (R23).
    pub idle_after: Duration,
    /// Time without activity in a session after which it ends; `None`: off (R24).
    pub idle_timeout: Option<Duration>,
    /// Highest number of devices on which one user may be live at once (R17).
    pub max_devices_per_user: u32,
    pub when_already_signed_in: WhenAlreadySignedIn,
    pub when_full: WhenFull,
    pub close_active: CloseActive,
    pub unknown_users: UnknownUsers,
    /// True if administrators' seats count in named pools (R10).
    pub administrators_count_in_named: bool,
    /// True if administrators' sessions count in concurrent pools (R11).
    pub administrators_count_in_concurrent: bool,
    /// Email address for notifications (R34); empty: no emails.
    pub responsible_person: Box<str>,
    /// Smallest number of seats that a license request can add to a pool (R32).
    pub seat_request_step: u32,
    /// Warning levels (R34): percentages of a limit, from 1 to 100, ascending; empty: no warnings.
    pub warn_at_percent: Box<[u8]>,
}

impl Default for Policy {
    fn default() -> Self {
        const MINUTE: u64 = 60;
        Self {
            lease_ttl: Duration::from_secs(10 * MINUTE),
            max_session: Duration::from_secs(10 * 60 * MINUTE),
            away_after: Duration::from_secs(5 * MINUTE),
            idle_after: Duration::from_secs(60 * MINUTE),
            idle_timeout: None,
            max_devices_per_user: 1,
            when_already_signed_in: WhenAlreadySignedIn::Deny,
            when_full: WhenFull::Deny,
            close_active: CloseActive::Refuse,
            unknown_users: UnknownUsers::Deny,
            administrators_count_in_named: true,
            administrators_count_in_concurrent: false,
            responsible_person: "".into(),
            seat_request_step: 5,
            warn_at_percent: Box::default(),
        }
    }
}

impl Policy {
    /// Interval at which a client should send heartbeats: a third of the lease. `None`: no heartbeat is needed.
    #[must_use]
    pub fn heartbeat_interval(&self) -> Option<Duration> {
        heartbeat_interval(self.lease_ttl)
    }
}

/// Heartbeat interval for a lease as it was promised, which may differ from the policy's lease.
#[must_use]
pub(in crate::ledger) fn heartbeat_interval(lease: Duration) -> Option<Duration> {
    (!lease.is_zero()).then(|| lease / 3)
}

impl Policy {
    /// Checks that the settings fit together.
    ///
    /// # Errors
    /// [`Refusal::Invalid`], which names the field.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.away_after >= self.idle_after {
            return Err(Refusal::Invalid {
                field: "tenant.policy.away_after",
                text: "must be shorter than idle_after",
            });
        }
        Ok(())
    }
}
