//! Hostile clients against the real program. Whatever they do, its memory stays bounded, it does not panic, and a
//! well-behaved client is served as before; when they are gone, nothing of them remains (I9).

mod anonymous;
mod connections;
mod descriptors;
mod fields;
mod floods;
mod messages;
mod neighbor;
mod process;
mod readers;
mod wire;

use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Mutex, MutexGuard};

use crate::support::program::{Data, Program};
use neighbor::Neighbor;

/// Timeout of events that must happen; only a failing test waits this long.
const SOON: Duration = Duration::from_secs(30);

/// A shorter p99 than this counts as this one: smaller differences are noise on a machine that does other things.
const UNNOTICED: Duration = Duration::from_millis(5);

/// Number of measurements of the neighbor, of which one must be good: other work on the machine can spoil a round. Harm
/// by hostile clients shows in each round.
const ROUNDS: usize = 6;

/// Runs these tests one at a time: each needs the whole machine.
static STREET: Mutex<()> = Mutex::const_new(());

/// The program, with a neighbor who was there before the hostile clients.
struct Scene {
    program: Program,
    neighbor: Neighbor,
    /// The neighbor's p99 before the hostile clients came.
    calm: Duration,
    /// Resident memory in MiB and open files before the hostile clients came.
    memory: f64,
    files: usize,
    // Dropped last: the program's folder, and the lock that keeps other tests waiting.
    _folder: TempDir,
    _street: MutexGuard<'static, ()>,
}

impl Scene {
    async fn set(options: &[&str]) -> Self {
        let street = STREET.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start(&Data::Folder(folder.path()), options);
        let neighbor = Neighbor::move_in(program.api);
        // The first rounds are a warm-up, and other work on the machine can spoil one of them.
        let calm = (0..3).map(|_| neighbor.p99()).min().expect("rounds");
        let (memory, files) = (process::memory(program.id()), process::files(program.id()));
        Self { program, neighbor, calm, memory, files, _folder: folder, _street: street }
    }

    /// Asserts that the neighbor is served as before.
    fn neighbor_is_well(&self, what: &str) {
        let bound = 3 * self.calm.max(UNNOTICED);
        let mut waits = Vec::new();
        while waits.len() < ROUNDS {
            let wait = self.neighbor.p99();
            waits.push(wait);
            if wait <= bound {
                eprintln!("{what}: p99 {:?} before, then {waits:?}", self.calm);
                return;
            }
        }
        panic!("{what}: p99 {:?} before, then {waits:?}", self.calm);
    }

    /// Returns the growth of the process's memory in MiB.
    fn growth(&self) -> f64 {
        process::memory(self.program.id()) - self.memory
    }

    /// Asserts that after the hostile clients are gone, their connections and files are closed, that they never took
    /// more than `most` MiB, and that the program ends without an error.
    async fn end(self, what: &str, most: f64) {
        self.until("usher_connections 1").await;
        self.until("usher_calls_in_flight 0").await;
        let id = self.program.id();
        let growth = process::peak_memory(id) - self.memory;
        eprintln!("{what}: {growth:.1} MiB at most, {:.1} left", self.growth());
        assert!(growth <= most, "{what}: {growth:.1} MiB instead of {most}");
        // The connection that reads the metrics may still be closing.
        assert!(process::files(id) <= self.files + 2, "{what}: {} files, not {}", process::files(id), self.files);
        self.neighbor.login();
        assert!(self.metrics().await.lines().any(|line| line == "usher_panics_total 0"), "{what}: a call panicked");
        drop(self.neighbor);
        self.program.terminate();
        let ended = self.program.ended();
        assert_eq!(ended.status.code(), Some(0), "{what}: {}", ended.errors);
        assert!(!ended.errors.contains("panic") && !ended.errors.contains("ERROR"), "{what}: {}", ended.errors);
    }

    /// Waits until the metrics have this line.
    async fn until(&self, line: &str) {
        let waited = async {
            let mut often = tokio::time::interval(Duration::from_millis(20));
            while !self.metrics().await.lines().any(|shown| shown == line) {
                often.tick().await;
            }
        };
        tokio::time::timeout(SOON, waited).await.unwrap_or_else(|_| panic!("never {line}"));
    }

    async fn metrics(&self) -> String {
        let mut socket = TcpStream::connect(self.program.ops).await.expect("the operations port");
        socket.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut page = String::new();
        socket.read_to_string(&mut page).await.unwrap();
        page
    }
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("it should have happened by now")
}
