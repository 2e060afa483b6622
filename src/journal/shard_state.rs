//! State of a shard in this process.

/// State of a shard, as this process sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    Serving,
    /// A commit is overdue. Heartbeats, `check_only` and reads of durable state go on.
    StoreAway,
    /// The store refuses all changes and says so; the writer keeps trying. Answers from memory go on: heartbeats,
    /// `check_only`, denials.
    StoreRefuses,
    /// This process does not hold the shard: it never did, it released it, or another process took it over.
    Elsewhere,
    /// Another process owns the shard, although the store should belong to this process alone. Final.
    Lost,
    /// The rows in the store contradict each other or have impossible values. Nothing more is answered, unless the
    /// shard is opened again.
    Damaged,
    /// The shard's writer panicked, which is a defect. Final.
    Failed,
    /// The journal was stopped. Final.
    Stopped,
}

impl ShardState {
    /// Every state, with its name in metrics.
    pub const ALL: [(ShardState, &str); 8] = [
        (ShardState::Serving, "serving"),
        (ShardState::StoreAway, "store_away"),
        (ShardState::StoreRefuses, "store_refuses"),
        (ShardState::Elsewhere, "elsewhere"),
        (ShardState::Lost, "lost"),
        (ShardState::Damaged, "damaged"),
        (ShardState::Failed, "failed"),
        (ShardState::Stopped, "stopped"),
    ];

    /// Returns whether a writer of this process has the shard.
    #[must_use]
    pub fn is_held(self) -> bool {
        matches!(self, ShardState::Serving | ShardState::StoreAway | ShardState::StoreRefuses)
    }
}
