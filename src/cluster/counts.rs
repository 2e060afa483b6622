//! Counts of time over an observer's own reads: for how long something has been as it is. They use only the observer's
//! own clock (boot time), and no wall clock.

use std::collections::BTreeMap;
use std::time::Duration;

/// Maximum time between two reads. After a longer gap the observer itself may have been suspended, so every count
/// begins anew.
pub const MAX_READ_GAP: Duration = Duration::from_millis(1_700);

/// The reads of one observer.
#[derive(Debug, Default)]
pub struct Reads {
    connection: u64,
    last: Option<Duration>,
}

impl Reads {
    /// Adds a read. Returns whether counts go on: it was answered on the same connection as the read before it, and not
    /// long after that.
    pub fn follows(&mut self, connection: u64, answered: Duration) -> bool {
        let soon = self.last.is_some_and(|last| answered.saturating_sub(last) <= MAX_READ_GAP);
        let follows = soon && self.connection == connection;
        (self.connection, self.last) = (connection, Some(answered));
        follows
    }

    /// Notes that a read failed: what happened in between is unknown.
    pub fn missed(&mut self) {
        self.last = None;
    }
}

/// Values, and since when each has been unchanged.
#[derive(Debug)]
pub struct Counts<K, V>(BTreeMap<K, (V, Duration)>);

impl<K, V> Default for Counts<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V: PartialEq> Counts<K, V> {
    /// Adds a value that was read, with the times at which the read was sent and answered. Returns the time for which it
    /// has been unchanged. A count begins when a read is answered and ends when a later one is sent, so it is never
    /// longer than the observer waited.
    pub fn unchanged_for(&mut self, key: K, value: V, sent: Duration, answered: Duration) -> Duration {
        match self.0.get(&key) {
            Some((before, since)) if *before == value => sent.saturating_sub(*since),
            _ => {
                self.0.insert(key, (value, answered));
                Duration::ZERO
            }
        }
    }

    /// Since when each value has been unchanged.
    pub fn since(&self) -> impl Iterator<Item = Duration> {
        self.0.values().map(|(_, since)| *since)
    }

    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.0.retain(|key, _| keep(key));
    }

    pub fn forget(&mut self, key: &K) {
        self.0.remove(key);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }
}
