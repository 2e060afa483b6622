//! Plan of a pool.

/// What a pool counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Plan {
    /// A granted seat counts (R10).
    Named,
    /// A live session counts (R11).
    Concurrent,
}
