//! Causes for which users are blocked.

/// Cause for which a user is blocked (R5, R33).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockCause {
    Administrator,
    /// No seat was free when the directory sync created the user (R33).
    LicenseLimit,
    /// A sync of the whole directory did not list the user (R33).
    Directory,
}
