//! What time it is: the only room that asks the machine. Everywhere else time is an argument.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::ledger::continuity::Boot;
use crate::ledger::time::Wall;

/// Three times: wall time, which people and license dates need and which may jump; a monotonic time, on which
/// every duration runs (R31); and the time since the machine was booted, on which ownership runs.
///
/// The monotonic time is `CLOCK_MONOTONIC`, which stands still while the machine is suspended, and not
/// `CLOCK_BOOTTIME`, which does not. While a machine sleeps no client can send it a heartbeat, so the time it slept
/// through is no evidence that a client is gone: after it wakes, leases go on where they were, instead of all of them
/// being overdue at once (I5). Seats are held for longer than necessary then, never granted twice. It is also the clock
/// of tokio's timers, so a lease and the timer that looks after it agree.
///
/// The boot time is `CLOCK_BOOTTIME`, which goes on while the machine is suspended: another process can take a shard over
/// meanwhile, and a machine that wakes must not believe that it still owns it.
#[derive(Debug, Clone)]
pub enum Clock {
    System(SystemClock),
    /// For tests: moves when it is told to. Clones are the same clock.
    Manual(Arc<ManualClock>),
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Clock::System(SystemClock::start())
    }

    /// A manual clock that shows `wall`.
    #[must_use]
    pub fn manual(wall: Wall) -> (Self, Arc<ManualClock>) {
        let manual = ManualClock { wall: AtomicI64::new(wall.0), ..ManualClock::default() };
        let manual = Arc::new(manual);
        (Clock::Manual(Arc::clone(&manual)), manual)
    }

    /// Wall time. It can jump, in both directions.
    #[must_use]
    pub fn wall(&self) -> Wall {
        match self {
            Clock::System(_) => system_wall(),
            Clock::Manual(manual) => manual.wall(),
        }
    }

    /// The time since this clock was made. It never goes back.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        match self {
            Clock::System(system) => system.elapsed(),
            Clock::Manual(manual) => Duration::from_millis(manual.monotonic.load(Ordering::SeqCst)),
        }
    }

    /// The time since the machine was booted, suspension included. It never goes back.
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

    /// The machine's own monotonic clock, which other processes on it read as well; `None`: it cannot be told from
    /// another machine's.
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

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    origin: Instant,
    /// The machine's monotonic clock at `origin`; `None`: its start has no name.
    boot: Option<Boot>,
}

impl SystemClock {
    #[allow(clippy::disallowed_methods)] // The one room for time.
    fn start() -> Self {
        Self { origin: Instant::now(), boot: boot() }
    }

    fn boot(&self) -> Option<Boot> {
        self.boot.map(|boot| Boot { at: boot.at.saturating_add(millis(self.elapsed())), ..boot })
    }

    #[allow(clippy::disallowed_methods)] // The one room for time.
    fn elapsed(&self) -> Duration {
        self.origin.elapsed()
    }
}

/// The kernel's name of this start of the machine; `None`: it gives none. In a container it is the host's.
#[must_use]
pub fn boot_id() -> Option<uuid::Uuid> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    uuid::Uuid::parse_str(text.trim()).ok()
}

/// The same, and the machine's monotonic clock.
fn boot() -> Option<Boot> {
    let id = boot_id()?.as_u128();
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let now = Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default());
    Some(Boot { id, at: millis(now) })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[allow(clippy::disallowed_methods)] // The one room for time.
fn system_wall() -> Wall {
    let now = SystemTime::now();
    let millis = |duration: Duration| i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
    // A machine that lost its battery may believe in a time before 1970, and a wrong one in the year 20000: those are
    // suspect clocks, not crashes. No date that anybody can write down is before or after these.
    now.duration_since(UNIX_EPOCH).map_or(Wall(0), |since| Wall(millis(since)).min(Wall::LAST))
}

/// Linux counts suspension in a clock of its own; other systems do so in their monotonic one, or not at all.
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
    /// What another process on the machine reads when this clock begins.
    machine: Mutex<Option<Boot>>,
}

impl ManualClock {
    /// Time passes: all clocks move forward.
    pub fn advance(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.monotonic.fetch_add(millis, Ordering::SeqCst);
        self.wall.fetch_add(i64::try_from(millis).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// The machine is suspended for so long: its monotonic clock stands still, the others move forward.
    pub fn suspend(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.suspended.fetch_add(millis, Ordering::SeqCst);
        self.wall.fetch_add(i64::try_from(millis).unwrap_or(i64::MAX), Ordering::SeqCst);
    }

    /// It is the clock of this machine, and began at this reading.
    pub fn set_machine(&self, machine: Option<Boot>) {
        *self.machine.lock().unwrap_or_else(PoisonError::into_inner) = machine;
    }

    #[must_use]
    pub fn wall(&self) -> Wall {
        Wall(self.wall.load(Ordering::SeqCst))
    }

    /// Somebody sets the wall clock, forward or back; no time passes.
    pub fn set_wall(&self, wall: Wall) {
        self.wall.store(wall.0, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_when_told_and_its_clones_with_it() {
        let (clock, manual) = Clock::manual(Wall(1_000));
        let same = clock.clone();
        manual.advance(Duration::from_millis(250));
        assert_eq!((clock.wall(), clock.monotonic()), (Wall(1_250), Duration::from_millis(250)));
        assert_eq!((same.wall(), same.monotonic()), (Wall(1_250), Duration::from_millis(250)));
    }

    #[test]
    fn setting_the_wall_clock_back_moves_no_duration() {
        let (clock, manual) = Clock::manual(Wall(1_000_000));
        manual.advance(Duration::from_secs(1));
        manual.set_wall(Wall(5));
        assert_eq!((clock.wall(), clock.monotonic()), (Wall(5), Duration::from_secs(1)));
    }

    #[test]
    fn a_machine_that_was_suspended_knows_it_by_its_boot_time() {
        let (clock, manual) = Clock::manual(Wall(1_000));
        manual.advance(Duration::from_secs(1));
        manual.suspend(Duration::from_secs(60));
        assert_eq!((clock.wall(), clock.monotonic()), (Wall(62_000), Duration::from_secs(1)));
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
        assert!(clock.wall() > Wall(1_600_000_000_000), "{:?}", clock.wall());
    }
}
