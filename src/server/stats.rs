//! Counters of the gRPC server: plain atomics that calls update, read when metrics are scraped.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tonic::Code;

use super::anonymous::AnonymousCall;
use super::codes::CODES;
use super::methods::Methods;
use super::scope::Scope;
use crate::clock::Clock;
use crate::histogram::Histogram;

/// Upper bounds of the histogram of call durations, in microseconds.
const MICROS: [u64; 11] = [250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_000_000, 10_000_000];

/// Histogram of call durations.
pub type Times = Histogram<{ MICROS.len() }>;

/// Counts since the start. All accesses are relaxed: no decision depends on them.
#[derive(Debug)]
pub struct Stats {
    methods: Arc<Methods>,
    /// By method, then by code; the last row is for all other paths.
    calls: Box<[[AtomicU64; CODES.len()]]>,
    /// Durations by method, in microseconds.
    times: Box<[Times]>,
    clock: Clock,
    calls_now: AtomicUsize,
    /// Calls among `calls_now` that do not count against `--max-calls`.
    set_aside_now: AtomicUsize,
    panics: AtomicU64,
    connections_now: AtomicUsize,
    connections_refused: AtomicU64,
    handshakes_failed: AtomicU64,
}

impl Stats {
    #[must_use]
    pub fn new(methods: Arc<Methods>) -> Self {
        let rows = 0..=methods.all().len();
        Self {
            methods,
            calls: rows.clone().map(|_| Default::default()).collect(),
            times: rows.map(|_| Histogram::new(MICROS)).collect(),
            clock: Clock::system(),
            calls_now: AtomicUsize::new(0),
            set_aside_now: AtomicUsize::new(0),
            panics: AtomicU64::new(0),
            connections_now: AtomicUsize::new(0),
            connections_refused: AtomicU64::new(0),
            handshakes_failed: AtomicU64::new(0),
        }
    }

    /// Numbers of ended calls, by method and code; only those above 0.
    pub fn calls(&self) -> impl Iterator<Item = (&str, &'static str, u64)> {
        self.calls.iter().enumerate().flat_map(move |(number, codes)| {
            let counts = codes.iter().zip(CODES).map(|(count, code)| (code, count.load(Ordering::Relaxed)));
            counts.filter(|(_, count)| *count > 0).map(move |(code, count)| (self.methods.label(number), code, count))
        })
    }

    /// Durations of ended calls in microseconds, by method; only of methods that were called.
    pub fn times(&self) -> impl Iterator<Item = (&str, &Times)> {
        let named = self.times.iter().enumerate().map(|(number, times)| (self.methods.label(number), times));
        named.filter(|(_, times)| times.cumulated().1 > 0)
    }

    /// Open calls.
    #[must_use]
    pub fn calls_now(&self) -> u64 {
        self.calls_now.load(Ordering::Relaxed) as u64
    }

    /// Panics in handlers.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.load(Ordering::Relaxed)
    }

    /// Open connections.
    #[must_use]
    pub fn connections_now(&self) -> u64 {
        self.connections_now.load(Ordering::Relaxed) as u64
    }

    /// Connections that were refused because a limit was reached.
    #[must_use]
    pub fn connections_refused(&self) -> u64 {
        self.connections_refused.load(Ordering::Relaxed)
    }

    /// Connections that ended before the TLS handshake was complete.
    #[must_use]
    pub fn handshakes_failed(&self) -> u64 {
        self.handshakes_failed.load(Ordering::Relaxed)
    }

    pub(super) fn handshake_failed(&self) {
        self.handshakes_failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn panicked(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn connection_refused(&self) {
        self.connections_refused.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a connection until the guard is dropped.
    pub(super) fn connection(self: &Arc<Self>) -> ConnectionGuard {
        self.connections_now.fetch_add(1, Ordering::Relaxed);
        ConnectionGuard(Arc::clone(self))
    }

    /// Counts a new call. Returns its guard, and the number of open calls including this one, without those that were
    /// set aside.
    pub(super) fn begin(self: &Arc<Self>, method: Option<usize>) -> (CallGuard, usize) {
        let now = self.calls_now.fetch_add(1, Ordering::Relaxed) + 1;
        let number = method.unwrap_or(self.methods.all().len());
        // A call whose guard is dropped without a code was abandoned by its client.
        let (begun, scope) = (self.clock.monotonic(), Scope::default());
        let counted = now.saturating_sub(self.set_aside_now.load(Ordering::Relaxed));
        let stats = Arc::clone(self);
        (
            CallGuard { stats, number, begun, scope, code: Code::Cancelled, is_set_aside: false, anonymous: None },
            counted,
        )
    }
}

#[cfg(test)]
impl Stats {
    /// Counts a call that its client abandons.
    pub fn count_for_test(self: &Arc<Self>, path: &str) {
        drop(self.begin(self.methods.find(path)));
    }
}

/// Counts a connection while it lives.
#[derive(Debug)]
pub(super) struct ConnectionGuard(Arc<Stats>);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.connections_now.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts a call when it ends, however it ends.
#[derive(Debug)]
pub(super) struct CallGuard {
    stats: Arc<Stats>,
    number: usize,
    begun: Duration,
    pub scope: Scope,
    pub code: Code,
    /// True: it does not count against `--max-calls`.
    is_set_aside: bool,
    /// The permit that it holds instead.
    pub anonymous: Option<AnonymousCall>,
}

impl CallGuard {
    /// From now on the call does not count against `--max-calls`.
    pub fn set_aside(&mut self) {
        if !std::mem::replace(&mut self.is_set_aside, true) {
            self.stats.set_aside_now.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub fn panicked(&self) {
        self.stats.panicked();
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        if self.is_set_aside {
            self.stats.set_aside_now.fetch_sub(1, Ordering::Relaxed);
        }
        self.stats.calls_now.fetch_sub(1, Ordering::Relaxed);
        self.stats.calls[self.number][self.code as usize].fetch_add(1, Ordering::Relaxed);
        let took = self.stats.clock.monotonic().saturating_sub(self.begun);
        self.stats.times[self.number].record_micros(took);
        self.scope.end(self.stats.methods.label(self.number), self.code, took);
    }
}
