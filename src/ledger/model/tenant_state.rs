//! State of a tenant.

/// State of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum TenantState {
    #[default]
    Active,
    Suspended,
    /// Nobody can see the tenant any more, and its rows are being deleted.
    Deleted,
}
