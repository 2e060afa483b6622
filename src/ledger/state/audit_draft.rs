//! Audit events before they are written.

use std::sync::Arc;

use crate::ids::{EventNo, OrganizationId, PoolId, SessionId, TenantNo, UserId};
use crate::ledger::model::change::{Action, Actor, AuditEvent, Reason};
use crate::ledger::model::outcome::{DenialReason, SessionEndReason};
use crate::ledger::model::time::Moment;

/// An audit event without its number, time and actor.
#[derive(Debug, Clone)]
pub(in crate::ledger) struct AuditDraft {
    pub tenant: TenantNo,
    pub action: Action,
    pub reason: Option<Reason>,
    pub user: Option<UserId>,
    pub pool: Option<PoolId>,
    pub session: Option<SessionId>,
    pub organization: Option<OrganizationId>,
    pub detail: Box<str>,
}

impl AuditDraft {
    pub fn new(tenant: TenantNo, action: Action) -> Self {
        Self {
            tenant,
            action,
            reason: None,
            user: None,
            pool: None,
            session: None,
            organization: None,
            detail: Box::default(),
        }
    }

    pub fn denied(mut self, reason: DenialReason) -> Self {
        self.reason = Some(Reason::Denied(reason));
        self
    }

    pub fn ended(mut self, reason: SessionEndReason) -> Self {
        self.reason = Some(Reason::Ended(reason));
        self
    }

    /// The event that counts denials by action and reason. It names no user, unlike the event of a single denial.
    pub fn summed(self) -> Self {
        let Self { tenant, action, reason, .. } = self;
        let detail = "denials beyond the tenant's budget of events: of several users, counted together".into();
        Self { reason, detail, ..Self::new(tenant, action) }
    }

    pub fn user(mut self, user: &UserId) -> Self {
        self.user = Some(user.clone());
        self
    }

    pub fn pool(mut self, pool: &PoolId) -> Self {
        self.pool = Some(pool.clone());
        self
    }

    pub fn session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    pub fn organization(mut self, organization: Option<OrganizationId>) -> Self {
        self.organization = organization;
        self
    }

    pub fn detail(mut self, detail: impl Into<Box<str>>) -> Self {
        self.detail = detail.into();
        self
    }

    pub fn event(self, no: EventNo, now: Moment, actor: &Actor) -> AuditEvent {
        AuditEvent {
            no,
            tenant: self.tenant,
            at: now.wall,
            actor: Actor(Arc::clone(&actor.0)),
            action: self.action,
            reason: self.reason,
            user: self.user,
            pool: self.pool,
            session: self.session,
            organization: self.organization,
            count: 1,
            detail: self.detail,
        }
    }
}
