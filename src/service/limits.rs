//! Limits of requests.

use crate::auth::rate::Rate;

/// Limits of requests.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Items of one batch; for pools times users, the number of pairs.
    pub batch_items: usize,
    /// Watches of sessions of all tenants together; each holds a stream open.
    pub watchers: usize,
    /// Rates of check-outs of one caller, and of one user; `None`: unlimited.
    pub caller_rate: Option<Rate>,
    pub user_rate: Option<Rate>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { batch_items: 1_000, watchers: 1_000, caller_rate: None, user_rate: None }
    }
}
