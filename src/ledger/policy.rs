//! A tenant's policy: what the tenant decides for itself. docs/DOMAIN.md says what each setting does.

use std::time::Duration;

use super::outcome::Refusal;

/// What happens when a user is live on as many devices as allowed (R17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum WhenAlreadySignedIn {
    #[default]
    Deny,
    /// The oldest of the user's own sessions is taken over.
    TakeOver,
}

/// What happens when a concurrent pool is full (guard 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum WhenFull {
    #[default]
    Deny,
    /// The session idle the longest is reclaimed, never one of an Active user.
    ReclaimIdle,
}

/// Whether an administrator may close the session of an Active user (R26).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum CloseActive {
    #[default]
    Refuse,
    Allow,
}

/// What happens at the first login of a user nobody created (guard 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum UnknownUsers {
    #[default]
    Deny,
    /// The user is created and granted a seat, where the pool has one (R15).
    Admit,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// How long a heartbeat keeps a session; zero: no heartbeat is needed (R25).
    pub lease_ttl: Duration,
    /// The longest duration of a session (R24).
    pub max_session: Duration,
    /// From when on an Active user is Away (R23).
    pub away_after: Duration,
    /// From when on a user is Idle (R23).
    pub idle_after: Duration,
    /// Ends a session without activity; `None`: off (R24).
    pub idle_timeout: Option<Duration>,
    /// Devices on which one user may be live at once (R17).
    pub max_devices_per_user: u32,
    pub when_already_signed_in: WhenAlreadySignedIn,
    pub when_full: WhenFull,
    pub close_active: CloseActive,
    pub unknown_users: UnknownUsers,
    /// Whether administrators' seats count in named pools (R10).
    pub administrators_count_in_named: bool,
    /// Whether administrators' sessions count in concurrent pools (R11).
    pub administrators_count_in_concurrent: bool,
    /// Who is told when a limit is exceeded (R34); empty: nobody.
    pub responsible_person: Box<str>,
    /// The smallest number of seats that a request can add to a pool (R32).
    pub seat_request_step: u32,
    /// The shares of a limit at which the responsible person is warned (R34), in percent, from 1 to 100, ascending; none:
    /// no warnings.
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
    /// How often a client should send a heartbeat: three times a lease. `None`: no heartbeat is needed.
    #[must_use]
    pub fn heartbeat_interval(&self) -> Option<Duration> {
        heartbeat_interval(self.lease_ttl)
    }
}

/// The same of a lease as it was promised, which may be another one than the policy has now.
#[must_use]
pub(super) fn heartbeat_interval(lease: Duration) -> Option<Duration> {
    (!lease.is_zero()).then(|| lease / 3)
}

impl Policy {
    /// What one field cannot tell by itself: whether the fields fit together.
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
