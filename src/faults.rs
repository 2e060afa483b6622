//! Faults on purpose, for the tests, and only in builds with the feature `faults`; without it nothing of this file is
//! compiled, and [`planted!`] and [`die_here!`] are `false` and nothing. A build without debug assertions (the release
//! profile) refuses the feature, so no released program can hold a fault.
//!
//! - A **plant** is a known mistake, switched on for one thread, to show that the tests find it.
//! - A **point** is a place where the process can be made to die: `USHER_DIE_AT=AfterCommit:17` ends it, without any
//!   clean-up, when it passes the point for the 17th time.

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("the feature `faults` is for tests; a release build never has it");

/// Whether a mistake is planted in this thread; always `false` in a build without the feature `faults`.
macro_rules! planted {
    ($plant:ident) => {{
        #[cfg(feature = "faults")]
        let planted = crate::faults::is_planted(crate::faults::Plant::$plant);
        #[cfg(not(feature = "faults"))]
        let planted = false;
        planted
    }};
}

/// A point at which the process can be made to die; nothing in a build without the feature `faults`.
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

    /// Mistakes that an engine like this could have. Two are mistakes of a store: the simulated one makes them.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Plant {
        /// The store commits whoever asks.
        NoFence,
        /// Callers are answered before their batch is durable.
        AckBeforeCommit,
        /// What expires leaves memory without a batch.
        ExpiryUnfenced,
        /// One seat too many.
        OffByOne,
        /// A heartbeat revives a session whose lease has run out.
        LateHeartbeatRevives,
        /// Signing in again on the same device takes a second seat.
        SecondSeatOnReLogin,
        /// Nobody looks for overdue sessions before deciding, only the sweeper does.
        SweeperOnlyExpiry,
        /// Blocked users go on using named seats.
        BlockedUsersCount,
        /// Leases run on the wall clock.
        WallClockLeases,
        /// The audit is written in a transaction of its own.
        AuditOutsideTransaction,
        /// A commit whose outcome is unknown is taken for a good one.
        UnknownMeansCommitted,
        /// After an unknown outcome the shard is claimed again, but nobody looks where it stands.
        SeqNotLookedAt,
        /// Reads show what is not durable.
        ReadsBeforeDurable,
        /// Only who keeps a session needs a lease; "no" is said without one.
        NoLeaseForNo,
        /// A batch that passed the fence gives a lease.
        LeaseFromBatch,
        /// A lease runs from when its beat was answered.
        LeaseFromAnswer,
        /// A lease runs on the clock that stands still while the machine is suspended.
        LeaseOnMonotonicClock,
        /// While the store is away, answers need no lease.
        LeaseExceptWhenAway,
        /// Who is declared dead may have shown a beat since it was looked at.
        DeclareByGenerationAlone,
        /// A shard is claimed whoever owns it.
        ClaimOverTheLiving,
        /// What is loaded gets no grace on top of its lease.
        NoGrace,
    }

    impl Plant {
        /// Those that the simulation finds. No seed that was tried has shown the others (docs/PROOF.md).
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

    /// A mistake is planted in this thread for as long as this lives.
    #[derive(Debug)]
    pub struct Planted(PhantomData<*const ()>);

    /// Plants a mistake in this thread.
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

    /// Places in the life of a process where a crash is worst.
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

    /// Ends the process if it is to die here, now.
    ///
    /// # Panics
    /// When `USHER_DIE_AT` is not a point and a number.
    pub fn pass(point: Point) {
        static DEATH: OnceLock<Option<Death>> = OnceLock::new();
        let Some(death) = DEATH.get_or_init(death) else { return };
        if death.point == format!("{point:?}") && death.passes_left.fetch_sub(1, Ordering::SeqCst) == 1 {
            std::process::abort();
        }
    }

    #[allow(clippy::disallowed_methods)] // No setting of the program: released ones do not know it.
    fn death() -> Option<Death> {
        let passes = std::env::var("USHER_DIE_AT").ok()?;
        let (point, passes) = passes.split_once(':').expect("USHER_DIE_AT=Point:number");
        let passes = passes.parse().expect("USHER_DIE_AT=Point:number");
        Some(Death { point: point.to_owned(), passes_left: AtomicU64::new(passes) })
    }
}
