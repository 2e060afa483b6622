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
    /// Chooses the node that a fault is for.
    pub pick: usize,
}

#[derive(Debug, Clone, Copy)]
pub enum StepKind {
    /// A client calls.
    Call(Operation),
    /// `NextCommit`, `NextClaim`, `NextLoad`, `NextBeat`: the fate of the next commit, claim, load, or heartbeat to the
    /// store. `NextForward`: the fate of the next call that a node forwards.
    NextCommit(Fate),
    NextClaim(Fate),
    NextLoad(Fate),
    NextBeat(Fate),
    NextForward(Fate),
    /// The store restarts: every connection is lost, and nothing works for `ms` milliseconds. `silent`: requests get no
    /// answer, instead of being refused at once.
    StoreDown {
        ms: u64,
        silent: bool,
    },
    /// Another node starts.
    Join,
    /// A process dies; another one starts on its host after `ms` milliseconds.
    Crash {
        ms: u64,
    },
    /// A process stops in order; another one starts on its host `ms` milliseconds later. `None`: never.
    Stop {
        ms: Option<u64>,
    },
    /// The processes stop in order, one after the other, and start again.
    RollingRestart,
    /// A process does not run for `ms` milliseconds.
    Freeze {
        ms: u64,
    },
    /// The machine of a process is suspended: its monotonic clock stands still, too.
    Suspend {
        ms: u64,
    },
    /// A process does not reach the store for `ms` milliseconds, while its clients and the other nodes reach it.
    /// `silent` as above.
    CutOff {
        ms: u64,
        silent: bool,
    },
    /// The heartbeats of a process to the store are lost for `ms` milliseconds, and its batches are not.
    NoBeats {
        ms: u64,
    },
    /// The heartbeats of a process to the store are lost for `ms` milliseconds, except one that passes while another
    /// process is about to declare it dead.
    OneBeat {
        ms: u64,
    },
    /// Two nodes do not reach each other for `ms` milliseconds, or only one of them does not reach the other.
    Partition {
        ms: u64,
        one_way: bool,
    },
    /// What nodes tell each other is lost for `ms` milliseconds.
    NoMessages {
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

/// The fate of a request to the store, or to another node.
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
    /// Executed at once, and answered only after `ms` milliseconds: what was read is old by then.
    LateAnswer {
        ms: u64,
    },
    /// The connection is lost, and the request is executed only later.
    LostThenDone {
        ms: u64,
    },
    /// The store refuses the data as invalid; of a load: it is damaged; of a forwarded call: its node is not reached.
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
    /// Chooses the process to call.
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
    CreateToken,
    RevokeToken,
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
