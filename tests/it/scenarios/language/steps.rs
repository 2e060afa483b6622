//! The steps of a scenario: everything that a line can mean.

use std::time::Duration;

use usher::ids::{DeviceId, LicenseId, OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::command::{CheckOut, Command, DueNotifications, LicenseGrant, ListSessions, Query};
use usher::ledger::notification::{Attempt, Channel, Channels, Topic};
use usher::ledger::time::WallTime;

/// Time at which every scenario starts; dates of licenses are relative to it.
pub const START: WallTime = WallTime(1_750_000_000_000);

/// One line, parsed: a step that every interpreter carries out, or one that only one of them has.
#[derive(Debug)]
pub enum Verb {
    In(TenantId),
    After(Duration),
    Sweep,
    /// A command for the scenario's current tenant.
    Command(Box<Command>),
    /// A command for this tenant.
    Tenant(TenantId, Box<Command>),
    /// Installs a license with the next revision.
    License(LicenseId, LicenseGrant),
    SignIn {
        login: Login,
        name: String,
    },
    CouldSignIn(Login),
    Heartbeat(Vec<(String, bool)>),
    CheckIn(String),
    Close {
        session: String,
        forced: bool,
        by: Option<UserId>,
        from: Option<String>,
    },
    Usage(Option<PoolId>),
    /// The usage of every pool.
    Pools,
    /// The newest revision in the list.
    ShowLicense(LicenseId),
    Information,
    Entitlements,
    Show(UserId, Option<OrganizationId>),
    List {
        query: Query,
        all: bool,
    },
    /// The sessions as an administrator sees them, one row each.
    Sessions(ListSessions),
    More,
    Ledger(LedgerVerb),
    Directory(Directory),
}

/// A step that only the ledger carries out: it moves what a running server has no call for, or reads what is inside.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "a text has few steps")]
pub enum LedgerVerb {
    Server {
        demo_seats: u64,
        channels: Channels,
    },
    Actor(String),
    /// A jump of the wall clock, in milliseconds.
    Clock(i64),
    Restart,
    Crash,
    /// A command that is a part of an RPC, or of the server's own work.
    Command(Box<Command>),
    List {
        query: Query,
        all: bool,
    },
    Notification(Topic),
    Due(DueNotifications),
    /// Begins a delivery and ends it with this result; `None`: its end is never reported.
    Send {
        topic: Topic,
        channel: Channel,
        result: Option<Attempt>,
    },
    /// The exact list of events since the last `audit` line.
    Audit,
}

/// A step that only a running server carries out: SyncUsers, which is made of many commands.
#[derive(Debug)]
pub struct Directory {
    pub entries: Vec<DirectoryEntry>,
    pub whole: bool,
    pub blocking: bool,
    pub trial: bool,
}

/// Users whom a directory lists with the same seats.
#[derive(Debug)]
pub struct DirectoryEntry {
    /// As the directory spells them, which may be no user ids.
    pub users: Vec<String>,
    pub pools: Vec<PoolId>,
    pub organizations: Vec<OrganizationId>,
}

/// A login as a line states it; the world adds the rest.
#[derive(Debug, Clone)]
pub struct Login {
    pub pool: PoolId,
    pub alternatives: Vec<PoolId>,
    pub user: UserId,
    pub device: DeviceId,
    pub organization: Option<OrganizationId>,
}

impl Login {
    /// A check-out with `check_only` (R20).
    pub fn question(&self) -> CheckOut {
        CheckOut {
            pool: self.pool.clone(),
            user: self.user.clone(),
            device: self.device.clone(),
            organization: self.organization.clone(),
            client: "".into(),
            check_only: true,
            fresh: session_id(0),
            alternatives: self.alternatives.clone(),
        }
    }
}

impl Verb {
    /// Returns whether the verb is a query, so that its line must state the answer.
    pub fn reads(&self) -> bool {
        match self {
            Verb::Usage(_) | Verb::Pools | Verb::Show(..) | Verb::CouldSignIn(_) => true,
            Verb::ShowLicense(_) | Verb::Information | Verb::Entitlements => true,
            Verb::List { .. } | Verb::More => true,
            Verb::Ledger(own) => {
                matches!(own, LedgerVerb::List { .. } | LedgerVerb::Notification(_) | LedgerVerb::Due(_))
            }
            _ => false,
        }
    }

    /// Returns whether the answer is a list, with its rows below the line; none: an empty list.
    pub fn has_rows(&self) -> bool {
        matches!(self, Verb::Ledger(LedgerVerb::Audit) | Verb::Sessions(_) | Verb::Directory(_))
    }
}

/// Id of the `n`-th session of a scenario.
pub fn session_id(n: u128) -> SessionId {
    SessionId(uuid::Uuid::from_u128(n))
}
