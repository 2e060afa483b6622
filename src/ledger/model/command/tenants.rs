//! Commands and queries of an operator about a tenant.

use std::time::Duration;

use crate::ledger::model::policy::{self, Policy};

/// Creates a tenant with a whole policy.
#[derive(Debug, Clone)]
pub struct CreateTenant {
    pub display_name: Box<str>,
    pub contact: Box<str>,
    pub policy: Policy,
}

/// Updates a tenant; a field that is `None` stays. `policy` is the whole policy: the caller merges it under `version`.
#[derive(Debug, Clone, Default)]
pub struct UpdateTenant {
    pub version: Option<u64>,
    pub display_name: Option<Box<str>>,
    pub contact: Option<Box<str>>,
    pub policy: PolicyPatch,
}

/// Changes single settings of a policy; a field that is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct PolicyPatch {
    pub lease_ttl: Option<Duration>,
    pub max_session: Option<Duration>,
    pub away_after: Option<Duration>,
    pub idle_after: Option<Duration>,
    pub idle_timeout: Option<Option<Duration>>,
    pub max_devices_per_user: Option<u32>,
    pub when_already_signed_in: Option<policy::WhenAlreadySignedIn>,
    pub when_full: Option<policy::WhenFull>,
    pub close_active: Option<policy::CloseActive>,
    pub unknown_users: Option<policy::UnknownUsers>,
    pub administrators_count_in_named: Option<bool>,
    pub administrators_count_in_concurrent: Option<bool>,
    pub responsible_person: Option<Box<str>>,
    pub seat_request_step: Option<u32>,
    pub warn_at_percent: Option<Box<[u8]>>,
}

/// Suspends (`true`) or resumes a tenant. Live sessions stay (R6).
#[derive(Debug, Clone)]
pub struct SuspendTenant {
    pub suspend: bool,
}

/// Deletes the tenant with everything in it; its audit stays.
#[derive(Debug, Clone)]
pub struct DeleteTenant;

/// Returns the tenant.
#[derive(Debug, Clone)]
pub struct GetTenant;

/// Returns the usage of every pool, and numbers of users.
#[derive(Debug, Clone)]
pub struct GetUsage;
