//! The hosts of the processes: each has one process at a time, and starts another one after it.

use std::collections::{BTreeMap, VecDeque};

use usher::ledger::continuity::Boot;
use usher::ledger::time::WallTime;

use super::process::{Place, Process};
use super::world::World;
use crate::model::rng::Rng;

/// Most processes at once.
const MAX_PROCESSES: usize = 5;
/// Processes at the beginning, by chance.
const PROCESSES: [usize; 6] = [1, 2, 3, 3, 4, 5];

struct Host {
    /// Time of the next start; `None`: there is none.
    starts: Option<u64>,
}

pub struct Hosts {
    all: BTreeMap<usize, Host>,
    /// Hosts whose processes are still to be restarted.
    rolling: VecDeque<usize>,
    /// All hosts share the monotonic clock of one machine.
    one_machine: bool,
}

impl Hosts {
    pub fn new(rng: &mut Rng) -> Self {
        let count = *rng.pick(&PROCESSES);
        let all = (0..count).map(|host| (host, Host { starts: Some(0) })).collect();
        Self { all, rolling: VecDeque::new(), one_machine: rng.percent(20) }
    }

    /// Adds a host, unless there are as many as may be.
    pub fn join(&mut self, now: u64) {
        let host = (0..MAX_PROCESSES).find(|host| !self.all.contains_key(host));
        if let Some(host) = host {
            self.all.insert(host, Host { starts: Some(now) });
        }
    }

    /// The next process of a host starts at `at`; `None`: there is none, unless it is the last host.
    pub fn restart(&mut self, host: usize, at: Option<u64>, now: u64) {
        if at.is_none() && self.all.len() > 1 {
            self.all.remove(&host);
        } else if let Some(known) = self.all.get_mut(&host) {
            known.starts = Some(at.unwrap_or(now));
        }
    }

    pub fn restart_all(&mut self) {
        self.rolling = self.all.keys().copied().collect();
    }

    /// The host whose process is to be stopped now, in a rolling restart.
    pub fn next_of_rolling(&mut self, processes: &[Process]) -> Option<usize> {
        let all_up = self.all.keys().all(|host| processes.iter().any(|of| of.host == *host && of.is_up()));
        if all_up { self.rolling.pop_front() } else { None }
    }

    /// The hosts on which a process starts now.
    pub fn due(&self, processes: &[Process], now: u64) -> Vec<usize> {
        let free = |host: &usize| processes.iter().all(|process| process.host != *host);
        let due = self.all.iter().filter(|(_, known)| known.starts.is_some_and(|at| at <= now));
        due.map(|(host, _)| *host).filter(free).collect()
    }

    /// Ends all delays.
    pub fn calm(&mut self, now: u64) {
        self.rolling.clear();
        self.all.values_mut().for_each(|host| host.starts = host.starts.map(|at| at.min(now)));
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }
}

impl World {
    pub fn start_process(&mut self, host: usize) {
        // Most machines have the right time.
        let skew = match self.rng.below(12) {
            0 => 1_000,
            1 => 600_000,
            2 => 3_600_000,
            3 => 86_400_000,
            _ => 0,
        };
        let wall = if self.rng.percent(50) { self.wall().0 + skew } else { self.wall().0 - skew };
        self.last_process += 1;
        let no = self.last_process;
        self.trace.line(format_args!("process {no} starts on host {host}"));
        // Mostly the same machine as before, whose monotonic clock goes on; otherwise a new one, or one that cannot be
        // identified.
        let id = if self.hosts.one_machine { 1 } else { 1 + host as u128 };
        let machine = match self.rng.below(4) {
            0 => None,
            1 => Some(Boot { id: 1_000 + no as u128, at: 5_000_000 }),
            _ => Some(Boot { id, at: 1_000_000 + self.now }),
        };
        let place = Place { host, wall: WallTime(wall), machine };
        self.processes.push(Process::start(no, place, self.seed, self.call_log.clone()));
    }
}
