//! The user of a command of several steps.

use crate::ids::{UserId, UserNo};
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::tenant::Tenant;

/// User of a command of several steps: the user who had the id at the first step. By the next step another may have it.
#[derive(Debug)]
pub(in crate::ledger) struct UserRef {
    id: UserId,
    no: Option<UserNo>,
}

impl UserRef {
    pub fn new(id: UserId) -> Self {
        Self { id, no: None }
    }

    /// Returns the user, and true in the first step.
    pub fn find(&mut self, tenant: &Tenant) -> Done<(UserNo, bool)> {
        match self.no {
            None => tenant.known_user(&self.id).map(|no| (*self.no.insert(no), true)),
            Some(no) if tenant.users.at(no).is_some() => Ok((no, false)),
            Some(_) => Err(Refusal::not_found("user", &self.id)),
        }
    }
}
