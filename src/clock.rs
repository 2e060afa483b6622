//! Clocks: the only module that reads the time of the machine. Everywhere else, time is an argument.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::ledger::continuity::Boot;
use crate::ledger::time::WallTime;

/// Three times: wall time, for people and for license dates, which may jump; a monotonic time, on which every duration
/// runs (R31); and the time since the machine was booted, on which ownership runs.
///
/// The monotonic time is `CLOCK_MONOTONIC`, which stands still while the machine is suspended, and not
/// `CLOCK_BOOTTIME`, which does not. While a machine is suspended, no client can send it a heartbeat, so that time is
/// no evidence that a client is gone: after the machine wakes, leases continue where they were, instead of all being
/// overdue at once (I5). Seats are then held for longer than necessary, but never granted twice. tokio's timers run on
/// the same clock, so a lease and the timer that ends it agree.
///
/// The boot time is `CLOCK_BOOTTIME`, which goes on while the machine is suspended: meanwhile another process can take
/// over a shard, and a machine that wakes must not assume that it still owns it.
#[derive(Debug, Clone)]
pub enum Clock {
    System(SystemClock),
    /// For tests: moves only when a test moves it. Clones share one clock.
    Manual(Arc<ManualClock>),
}

impl Clock {
    /// The clock of the machine; its monotonic time starts at zero.
    #[must_use]
    pub fn system() -> Self {
        Clock::System(SystemClock::start())
    }

    /// A manual clock whose wall time is `wall`.
    #[must_use]
    pub fn manual(wall: WallTime) -> (Self, Arc<ManualClock>) {
        let manual = ManualClock { wall: AtomicI64::new(wall.0), ..ManualClock::default() };
        let manual = Arc::new(manual);
        (Clock::Manual(Arc::clone(&manual)), manual)
    }

    /// Wall time. It can jump in both directions.
    #[must_use]
    pub fn wall(&self) -> WallTime {
        match self {
            Clock::System(_) => system_wall(),
            Clock::Manual(manual) => manual.wall(),
        }
    }

    /// Time since this clock was created. It never goes back.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match self {
            Clock::System(system) => system.elapsed(),
            Clock::Manual(manual) => Duration::from_millis(manual.monotonic.load(Ordering::SeqCst)),
        }
    }

    /// Time since the machine was booted, including suspension. It never goes back.
    #[must_use]
    pub fn boot_time(&self) -> Duration {
        match self {
            Clock::System(_) => system_boot_time(),
            Clock::Manual(manual) => {
                let suspended = manual.suspended.load(Ordering::SeqCst);
                Duration::from_millis(manual.monotonic.load(Ordering::SeqCst) + suspended)
            }
        }
    }

    /// The machine's monotonic clock, which all processes on the machine share; `None`: it cannot be distinguished from
    /// that of another machine.
    #[must_use]
    pub fn boot(&self) -> Option<Boot> {
        match self {
            Clock::System(system) => system.boot(),
            Clock::Manual(manual) => {
                let machine = (*manual.machine.lock().unwrap_or_else(PoisonError::into_inner))?;
                Some(Boot { at: machine.at + manual.monotonic.load(Ordering::SeqCst), ..machine })
            }
        }
    }
}

/// Clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    origin: Instant,
    /// The machine's monotonic clock at `origin`; `None`: the kernel has no id of this boot.
    boot: Option<Boot>,
}

impl SystemClock {
    #[allow(clippy::disallowed_methods)] // The only module that may read the time.
    fn start() -> Self {
        Self { origin: Instant::now(), boot: boot() }
    }

    fn boot(&self) -> Option<Boot> {
        self.boot.map(|boot| Boot { at: boot.at.saturating_add(millis(self.elapsed())), ..boot })
    }

    #[allow(clippy::disallowed_methods)] // The only module that may read the time.
    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// The kernel's id of this boot; `None`: it has none. In a container it is the id of the host's boot.
#[must_use]
pub fn boot_id() -> Option<uuid::Uuid> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    uuid::Uuid::parse_str(text.trim()).ok()
}

/// The id of this boot, and the machine's monotonic clock.
fn boot() -> Option<Boot> {
    let id = boot_id()?.as_u128();
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let now = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default());
    Some(Boot { id, at: millis(now) })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[allow(clippy::disallowed_methods)] // The only module that may read the time.
fn system_wall() -> WallTime {
    let now = SystemTime::now();
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    // A machine whose clock battery failed may show a time before 1970, and a wrong clock the year 20000: both are
    // suspect clocks, and no reason to crash. No date that a document can contain is before or after these bounds.
    now.duration_since(UNIX_EPOCH).map_or(WallTime(0), |since| WallTime(millis(since)).min(WallTime::LAST))
}

/// Linux has a separate clock that includes suspension; on other systems the monotonic clock may include it.
fn system_boot_time() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const BOOT: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const BOOT: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(BOOT);
    Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// A clock for tests, in whole milliseconds.
#[derive(Debug, Default)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicU64,
    suspended: AtomicU64,
    /// Reading of the machine's clock, as other processes see it, when this clock was created.
    machine: Mutex<Option<Boot>>,
}

impl ManualClock {
    /// Moves all clocks forward, as time does.
    pub fn advance(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.monotonic.fetch_add(millis, Ordering::SeqCst);
        self.wall.fetch_add(i64::try_from(millis).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Suspends the machine for `duration`: its monotonic clock stands still, the others move forward.
    pub fn suspend(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.suspended.fetch_add(millis, Ordering::SeqCst);
        self.wall.fetch_add(i64::try_from(millis).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// Makes this the clock of a machine, created at this reading of the machine's clock.
    pub fn set_machine(&self, machine: Option<Boot>) {
        *self.machine.lock().unwrap_or_else(PoisonError::into_inner) = machine;
    }

    #[must_use]
    pub fn wall(&self) -> WallTime {
        WallTime(self.wall.load(Ordering::SeqCst))
    }

    /// Sets the wall clock, forward or back, while no time passes.
    pub fn set_wall(&self, wall: WallTime) {
        self.wall.store(wall.0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_on_request_and_its_clones_with_it() {
        let (clock, manual) = Clock::manual(WallTime(1_000));
        let same = clock.clone();
        manual.advance(Duration::from_millis(250));
        assert_eq!((clock.wall(), clock.monotonic()), (WallTime(1_250), Duration::from_millis(250)));
        assert_eq!((same.wall(), same.monotonic()), (WallTime(1_250), Duration::from_millis(250)));
    }

    #[test]
    fn setting_the_wall_clock_back_moves_no_duration() {
        let (clock, manual) = Clock::manual(WallTime(1_000_000));
        manual.advance(Duration::from_secs(1));
        manual.set_wall(WallTime(5));
        assert_eq!((clock.wall(), clock.monotonic()), (WallTime(5), Duration::from_secs(1)));
    }

    #[test]
    fn a_machine_that_was_suspended_knows_it_by_its_boot_time() {
        let (clock, manual) = Clock::manual(WallTime(1_000));
        manual.advance(Duration::from_secs(1));
        manual.suspend(Duration::from_secs(60));
        assert_eq!((clock.wall(), clock.monotonic()), (WallTime(62_000), Duration::from_secs(1)));
        assert_eq!(clock.boot_time(), Duration::from_secs(61));
    }

    #[test]
    fn the_system_clock_shows_this_century_and_never_goes_back() {
        let clock = Clock::system();
        let (earlier, boot) = (clock.monotonic(), clock.boot_time());
        assert!(clock.monotonic() >= earlier);
        assert!(clock.boot_time() >= boot && boot > Duration::ZERO);
        let boot = clock.boot().expect("Linux has a name for it");
        assert!(clock.boot().is_some_and(|now| now.id == boot.id && now.at >= boot.at));
        assert!(clock.wall() > WallTime(1_600_000_000_000), "{:?}", clock.wall());
    }
}
