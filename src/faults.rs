//! Failpoints for the tests, only in builds with the feature `faults`. Without it nothing of this file is compiled, and
//! [`die_here!`] is empty. A build without debug assertions (the release profile) refuses the feature, so no released
//! program can contain a failpoint.
//!
//! A failpoint is a place at which the process can be killed: `USHER_DIE_AT=AfterCommit:17` ends it, without any
//! clean-up, when it passes the point for the 17th time.

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("the feature `faults` is for tests; a release build never has it");

/// A failpoint, at which the process can be killed; empty in a build without the feature `faults`.
macro_rules! die_here {
    ($point:ident) => {
        #[cfg(feature = "faults")]
        crate::faults::pass(crate::faults::Point::$point);
    };
}

#[cfg(feature = "faults")]
pub use switched_on::{Point, pass};

#[cfg(feature = "faults")]
mod switched_on {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

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
