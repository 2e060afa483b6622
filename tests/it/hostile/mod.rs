//! Hostile clients against the real program. Whatever they do: its memory stays bounded, it does not panic, a client
//! beside them is served as before, and when they are gone nothing of them is left.

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

/// Waiting for what must happen; only a test that fails waits this long.
const SOON: Duration = Duration::from_secs(30);

/// A neighbor who waits no longer than this does not complain: less is noise on a machine that does other things.
const UNNOTICED: Duration = Duration::from_millis(5);

/// Times that a neighbor may complain: on a machine that does other things one round can be unlucky. What hostile
/// clients cause, they cause in each.
const ROUNDS: usize = 6;

/// One at a time: each of these tests takes the machine for itself.
static STREET: Mutex<()> = Mutex::const_new(());

/// The program, with a neighbor in it before the hostile clients come.
struct Scene {
    program: Program,
    neighbor: Neighbor,
    /// The neighbor's p99 before.
    calm: Duration,
    /// MiB and open files before.
    memory: f64,
    files: usize,
    // Dropped last: the program's folder, and the right to the street.
    _folder: TempDir,
    _street: MutexGuard<'static, ()>,
}

impl Scene {
    async fn set(options: &[&str]) -> Self {
        let street = STREET.lock().await;
        let folder = tempfile::tempdir().unwrap();
        let program = Program::start(&Data::Folder(folder.path()), options);
        let neighbor = Neighbor::move_in(program.api);
        // The first rounds warm everything up, and one of them can be unlucky.
        let calm = (0..3).map(|_| neighbor.p99()).min().expect("rounds");
        let (memory, files) = (process::memory(program.id()), process::files(program.id()));
        Self { program, neighbor, calm, memory, files, _folder: folder, _street: street }
    }

    /// The neighbor is served now as it was before.
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

    /// MiB that the process has grown by since it was calm.
    fn growth(&self) -> f64 {
        process::memory(self.program.id()) - self.memory
    }

    /// The hostile clients are gone: so are their connections and files. At no moment did they take more than `most`
    /// MiB, and the program ends as if they had never been.
    async fn end(self, what: &str, most: f64) {
        self.until("usher_connections 1").await;
        self.until("usher_calls_in_flight 0").await;
        let id = self.program.id();
        let growth = process::peak_memory(id) - self.memory;
        eprintln!("{what}: {growth:.1} MiB at most, {:.1} left", self.growth());
        assert!(growth <= most, "{what}: {growth:.1} MiB instead of {most}");
        // The page that is read here has a connection of its own, which may still be closing.
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
