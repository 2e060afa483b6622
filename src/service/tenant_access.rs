//! An authenticated caller together with a tenant that it is authorized for. Services reach the journal of a tenant in
//! no other way, so that no method can forget the authorization (R1, decision 27).

use std::sync::Arc;

use tonic::{Request, Status};

use crate::auth::Caller;
use crate::ids::{EventNo, TenantId};
use crate::journal::{AuditFilter, AuditPage, Journal, JournalError, SessionWatch};
use crate::ledger::access::Tenants;
use crate::ledger::command::{Command, Operation, Outcome, Query, QueryResult, Reply};
use crate::opaque_id::{IdCodec, Purpose};
use crate::status;

/// A caller, and a tenant that the caller is authorized for.
pub(super) struct TenantAccess {
    journal: Arc<Journal>,
    caller: Caller,
    tenant: TenantId,
}

/// Returns the caller of a request, as the gRPC server attached it.
///
/// # Errors
/// `PERMISSION_DENIED` when no caller is attached.
pub(super) fn caller<T>(request: &Request<T>) -> Result<Caller, Status> {
    request.extensions().get().cloned().ok_or_else(status::not_allowed)
}

/// Returns the caller of a request that concerns the server, if the caller is authorized for all tenants.
///
/// # Errors
/// `PERMISSION_DENIED` when it is not.
pub(super) fn caller_of_all<T>(request: &Request<T>) -> Result<Caller, Status> {
    let caller = caller(request)?;
    if caller.tenants() == Tenants::All { Ok(caller) } else { Err(status::not_allowed()) }
}

impl TenantAccess {
    /// Authorizes the caller for the tenant.
    ///
    /// # Errors
    /// `PERMISSION_DENIED`, the same whether the tenant exists or not: it is not looked up. `UNAVAILABLE` if another
    /// process owns its shard; then nothing was counted toward a rate here, because the call is forwarded there.
    pub fn new(journal: Arc<Journal>, caller: Caller, tenant: TenantId) -> Result<Self, Status> {
        if !caller.may(&tenant) {
            return Err(status::not_allowed());
        }
        journal.check_holds(&tenant)?;
        Ok(Self { journal, caller, tenant })
    }

    pub fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// [`Journal::submit`]
    pub async fn submit<C>(&self, command: C) -> Result<C::Answer, JournalError>
    where
        C: Operation<Kind = Command>,
        Outcome: Reply<C>,
    {
        self.journal.submit(self.caller.actor(), &self.tenant, command).await
    }

    /// [`Journal::query`]
    pub async fn query<Q>(&self, query: Q) -> Result<Q::Answer, JournalError>
    where
        Q: Operation<Kind = Query>,
        QueryResult: Reply<Q>,
    {
        self.journal.query(&self.tenant, query).await
    }

    /// [`Journal::audit`]
    pub async fn audit(&self, filter: AuditFilter) -> Result<AuditPage, Status> {
        let read = self.journal.audit(&self.tenant, filter).await;
        read.map_err(|error| status::unread(error, &self.tenant))
    }

    /// [`Journal::watch`]
    pub async fn watch(&self, after: Option<EventNo>) -> Result<SessionWatch, Status> {
        self.journal.watch(&self.tenant, after).await?.ok_or_else(|| status::no_such_tenant(&self.tenant))
    }

    /// Codec for the ids of the tenant's audit events.
    pub fn event_ids(&self) -> IdCodec {
        self.journal.opaque_ids().codec(Purpose::Event, &[self.tenant.as_str().as_bytes()])
    }

    /// [`Journal::message_id`]
    pub fn message_id(&self, event: EventNo) -> String {
        self.journal.message_id(&self.tenant, event)
    }
}
