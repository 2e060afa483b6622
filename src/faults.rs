//! Failpoints and planted bugs for the tests, only in builds with the feature `faults`. Without it nothing of this file
//! is compiled, [`planted!`] is `false`, and [`die_here!`] is empty. A build without debug assertions (the release
//! profile) refuses the feature, so no released program can contain a fault.
//!
//! - A **plant** is a known bug, switched on for one thread, to show that the tests find it.
//! - A **point** is a failpoint, at which the process can be killed: `USHER_DIE_AT=AfterCommit:17` ends it, without any
//!   clean-up, when it passes the point for the 17th time.

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("the feature `faults` is for tests; a release build never has it");

/// True if a bug is planted in this thread; always `false` in a build without the feature `faults`.
macro_rules! planted {
    ($plant:ident) => {{
        #[cfg(feature = "faults")]
        let planted = crate::faults::is_planted(crate::faults::Plant::$plant);
        #[cfg(not(feature = "faults"))]
        let planted = false;
        planted
    }};
}

/// A failpoint, at which the process can be killed; empty in a build without the feature `faults`.
macro_rules! die_here {
    ($point:ident) => {
        #[cfg(feature = "faults")]
        crate::faults::pass(crate::faults::Point::$point);
    };
}

#[cfg(feature = "faults")]
pub use switched_on::{Plant, Planted, Point, is_planted, pass, plant};

#[cfg(feature = "faults")]
mod switched_on {
    use std::cell::Cell;
    use std::marker::PhantomData;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Bugs that an engine like this could have. Two are bugs of a store: the simulated store implements them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Plant {
        /// The store commits batches of any process.
        NoFence,
        /// Callers are answered before their batch is durable.
        AckBeforeCommit,
        /// Expired sessions leave memory without a batch.
        ExpiryUnfenced,
        /// One seat more than the limit is granted.
        OffByOne,
        /// A heartbeat revives a session whose lease has run out.
        LateHeartbeatRevives,
        /// Another login on the same device takes a second seat.
        SecondSeatOnReLogin,
        /// Overdue sessions end only in the sweeper, not before each decision.
        SweeperOnlyExpiry,
        /// Blocked users continue to use named seats.
        BlockedUsersCount,
        /// Leases run on the wall clock.
        WallClockLeases,
        /// The audit is written in a transaction of its own.
        AuditOutsideTransaction,
        /// A commit with an unknown outcome counts as successful.
        UnknownMeansCommitted,
        /// After an unknown outcome the shard is claimed again, but its `seq` is not read.
        SeqNotLookedAt,
        /// Queries show changes that are not durable.
        ReadsBeforeDurable,
        /// Only answers that keep a session need a lease; a "no" is given without one.
        NoLeaseForNo,
        /// A batch that passed the fence gives a lease.
        LeaseFromBatch,
        /// A lease runs from the answer to its beat, not from the sending.
        LeaseFromAnswer,
        /// A lease runs on the clock that stands still while the machine is suspended.
        LeaseOnMonotonicClock,
        /// While the store is away, answers need no lease.
        LeaseExceptWhenAway,
        /// A process is declared dead although it may have sent a beat since it was checked.
        DeclareByGenerationAlone,
        /// A shard is claimed although a live process owns it.
        ClaimOverTheLiving,
        /// Loaded sessions get no grace on top of their leases.
        NoGrace,
    }

    impl Plant {
        /// The bugs that the simulation finds. No seed that was tried has shown the others (docs/PROOF.md).
        pub const ALL: [Plant; 18] = [
            Plant::NoFence,
            Plant::AckBeforeCommit,
            Plant::ExpiryUnfenced,
            Plant::OffByOne,
            Plant::LateHeartbeatRevives,
            Plant::SecondSeatOnReLogin,
            Plant::SweeperOnlyExpiry,
            Plant::BlockedUsersCount,
            Plant::WallClockLeases,
            Plant::AuditOutsideTransaction,
            Plant::UnknownMeansCommitted,
            Plant::SeqNotLookedAt,
            Plant::ReadsBeforeDurable,
            Plant::NoLeaseForNo,
            Plant::LeaseFromAnswer,
            Plant::LeaseOnMonotonicClock,
            Plant::LeaseExceptWhenAway,
            Plant::ClaimOverTheLiving,
        ];
    }

    thread_local! {
        static PLANTED: Cell<Option<Plant>> = const { Cell::new(None) };
    }

    /// A bug is planted in this thread as long as this value lives.
    #[derive(Debug)]
    pub struct Planted(PhantomData<*const ()>);

    /// Plants a bug in this thread.
    #[must_use]
    pub fn plant(plant: Plant) -> Planted {
        PLANTED.set(Some(plant));
        Planted(PhantomData)
    }

    impl Drop for Planted {
        fn drop(&mut self) {
            PLANTED.set(None);
        }
    }

    #[must_use]
    pub fn is_planted(plant: Plant) -> bool {
        PLANTED.get() == Some(plant)
    }

    /// Failpoints where a crash does the most harm.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Point {
        BatchBuilt,
        BeforeCommit,
        AfterCommit,
        Loading,
        Migrating,
        BetweenMigrations,
        BackingUp,
        BackedUp,
        Copying,
        BeforeCopied,
        AfterCopied,
        FileWritten,
        LogAwaited,
        LogFolded,
        LogJoined,
    }

    struct Death {
        point: String,
        passes_left: AtomicU64,
    }

    /// Ends the process if it is to die at this pass of this point.
    ///
    /// # Panics
    /// If `USHER_DIE_AT` is not a point and a number.
    pub fn pass(point: Point) {
        static DEATH: OnceLock<Option<Death>> = OnceLock::new();
        let Some(death) = DEATH.get_or_init(death) else { return };
        if death.point == format!("{point:?}") && death.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    #[allow(clippy::disallowed_methods)] // Not a setting of the program: releases ignore it.
    fn death() -> Option<Death> {
        let passes = std::env::var("USHER_DIE_AT").ok()?;
        let (point, passes) = passes.split_once(':').expect("USHER_DIE_AT=Point:number");
        let passes = passes.parse().expect("USHER_DIE_AT=Point:number");
        Some(Death { point: point.to_owned(), passes_left: AtomicU64::new(passes) })
    }
}
