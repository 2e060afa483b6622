//! Columns of an exported audit.

/// A column: a field of the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditColumn {
    EventId,
    OccurredAt,
    Actor,
    TenantId,
    Action,
    UserId,
    PoolId,
    SessionId,
    OrganizationId,
    Outcome,
    Reason,
    Count,
    Detail,
}

/// All columns, in the order of the fields in the contract.
pub const AUDIT_COLUMNS: [(&str, AuditColumn); 13] = [
    ("event_id", AuditColumn::EventId),
    ("occurred_at", AuditColumn::OccurredAt),
    ("actor", AuditColumn::Actor),
    ("tenant_id", AuditColumn::TenantId),
    ("action", AuditColumn::Action),
    ("user_id", AuditColumn::UserId),
    ("pool_id", AuditColumn::PoolId),
    ("session_id", AuditColumn::SessionId),
    ("organization_id", AuditColumn::OrganizationId),
    ("outcome", AuditColumn::Outcome),
    ("reason", AuditColumn::Reason),
    ("count", AuditColumn::Count),
    ("detail", AuditColumn::Detail),
];
