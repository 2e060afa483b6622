//! One step of a run, as data: its action, and the time since the step before. A step refers to nothing that only a run
//! knows (it says "one of the sessions that the client remembers"), so that a run can be shortened by leaving steps
//! out.

#[derive(Debug, Clone)]
pub struct Step {
    /// The step's number in the whole run; it stays when other steps are left out.
    pub no: usize,
    /// Milliseconds since the step before.
    pub after: u64,
    pub kind: StepKind,
}

#[derive(Debug, Clone, Copy)]
pub enum StepKind {
    /// A client calls.
    Call(Operation),
    /// `NextCommit`, `NextClaim`, `NextBeat`: the fate of the next commit, claim, or heartbeat to the store.
    NextCommit(Fate),
    NextClaim(Fate),
    NextBeat(Fate),
    /// The store restarts: every connection is lost, and nothing works for `ms` milliseconds. `silent`: requests get no
    /// answer, instead of being refused at once.
    StoreDown {
        ms: u64,
        silent: bool,
    },
    /// Another process starts: it claims every shard when their owner is dead or has released them.
    TakeOver,
    /// The newest process dies.
    Crash,
    /// The newest process stops in order.
    Stop,
    /// The newest process does not run for `ms` milliseconds; another one may take over in that time.
    Freeze {
        ms: u64,
        take_over: bool,
    },
    /// The machine of the newest process is suspended: its monotonic clock stands still, too.
    Suspend {
        ms: u64,
        take_over: bool,
    },
    /// The newest process does not reach the store for `ms` milliseconds, while its clients reach it. `silent` as
    /// above.
    CutOff {
        ms: u64,
        silent: bool,
        take_over: bool,
    },
    /// The newest process's heartbeats to the store are lost for `ms` milliseconds, and its batches are not.
    NoBeats {
        ms: u64,
        take_over: bool,
    },
    /// The newest process's heartbeats to the store are lost for `ms` milliseconds, except one that passes while
    /// another process is about to declare it dead; then the other one takes over.
    OneBeat {
        ms: u64,
    },
    /// The wall clock of a process is set.
    SetWall {
        by_ms: i64,
    },
    /// The journals are not ticked for `ms` milliseconds.
    NoTicks {
        ms: u64,
    },
    /// The client of the last call goes away without waiting for the answer.
    GoAway,
    /// Every fault ends; every shard must serve again soon (I7), and everything must add up.
    Calm,
}

/// The fate of a request to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Good,
    /// Executed, but only after `ms` milliseconds.
    Stall {
        ms: u64,
    },
    /// The connection is lost, and the request is not executed.
    LostBefore {
        ms: u64,
    },
    /// The request is executed, and the connection is lost before its answer.
    LostAfter {
        ms: u64,
    },
    /// The connection is lost, and the store executes the received request only later.
    LostThenDone {
        ms: u64,
    },
    /// The store refuses the data as invalid.
    Refused,
    /// The store refuses all changes.
    NotWritable,
}

/// A client's request; its numbers choose among what the client knows.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub what: OperationKind,
    pub tenant: usize,
    pub user: usize,
    pub device: usize,
    pub pool: usize,
    /// Chooses a session among those that the client remembers, a limit, a yes or no.
    pub pick: usize,
    /// Chooses the process to call: mostly the newest.
    pub to: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    CheckOut,
    CheckOnly,
    Heartbeat,
    /// A heartbeat with the session of another tenant, which must stay unknown (R1).
    StrayHeartbeat,
    CheckIn,
    StrayCheckIn,
    Grant,
    Revoke,
    Block,
    Unblock,
    DeleteUser,
    /// Renames a user who never signs in, to another id and back.
    Rename,
    Close,
    CloseIdle,
    /// A new revision of the tenant's license, with other limits.
    License,
    /// A second license that expires soon, or its removal.
    ExtraLicense,
    Usage,
    List,
}
