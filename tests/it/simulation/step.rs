//! One step of a run, as data: what happens, and how long after the step before. A step names nothing that only a run
//! knows (it says "one of the sessions you heard of"), so that a run can be shortened by leaving steps out.

#[derive(Debug, Clone)]
pub struct Step {
    /// Its place in the whole run; it keeps it when others are left out.
    pub no: usize,
    /// Milliseconds since the step before.
    pub after: u64,
    pub kind: StepKind,
}

#[derive(Debug, Clone, Copy)]
pub enum StepKind {
    /// A client calls.
    Call(Operation),
    /// What will become of the next commit, the next claim, or the next beat.
    NextCommit(Fate),
    NextClaim(Fate),
    NextBeat(Fate),
    /// The store restarts: every connection is lost, and nothing works for so long. `silent`: nothing is answered
    /// either, instead of refused at once.
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
    /// The newest process does not run for so long; another may take over meanwhile.
    Freeze {
        ms: u64,
        take_over: bool,
    },
    /// The machine of the newest process is suspended: its monotonic clock stands still, too.
    Suspend {
        ms: u64,
        take_over: bool,
    },
    /// The newest process does not reach the store for so long, though its clients reach it. `silent` as above.
    CutOff {
        ms: u64,
        silent: bool,
        take_over: bool,
    },
    /// The newest process's beats are lost for so long, though its batches are not.
    NoBeats {
        ms: u64,
        take_over: bool,
    },
    /// The newest process's beats are lost for so long, but for one that passes while somebody is about to declare it
    /// dead; another takes over.
    OneBeat {
        ms: u64,
    },
    /// Somebody sets the wall clock of a process.
    SetWall {
        by_ms: i64,
    },
    /// Nobody ticks the journal for so long.
    NoTicks {
        ms: u64,
    },
    /// The client that asked last goes away without waiting for the answer.
    GoAway,
    /// Every fault ends; every shard must serve again soon (I7), and everything must add up.
    Calm,
}

/// What becomes of a request to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Good,
    /// Done, but only after so long.
    Stall {
        ms: u64,
    },
    /// The connection is lost, nothing is done.
    LostBefore {
        ms: u64,
    },
    /// It is done, and the connection is lost before anybody hears of it.
    LostAfter {
        ms: u64,
    },
    /// The connection is lost, and the store carries out what it had received only later.
    LostThenDone {
        ms: u64,
    },
    /// The store says that the data is wrong.
    Refused,
    /// The store says that it takes no changes.
    NotWritable,
}

/// What a client wants; numbers choose among what it knows.
#[derive(Debug, Clone, Copy)]
pub struct Operation {
    pub what: OperationKind,
    pub tenant: usize,
    pub user: usize,
    pub device: usize,
    pub pool: usize,
    /// Chooses a session among those the client heard of, a limit, a yes or no.
    pub pick: usize,
    /// Chooses the process that is called: mostly the newest.
    pub to: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationKind {
    CheckOut,
    CheckOnly,
    Heartbeat,
    /// With the session of another tenant, which must stay unknown (R1).
    StrayHeartbeat,
    CheckIn,
    StrayCheckIn,
    Grant,
    Revoke,
    Block,
    Unblock,
    DeleteUser,
    /// Of somebody who never signs in: to an id and back.
    Rename,
    Close,
    CloseIdle,
    /// A new revision of the tenant's license, with other limits.
    License,
    /// A second license that ends soon, or its removal.
    ExtraLicense,
    Usage,
    List,
}
