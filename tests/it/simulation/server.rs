//! The store as its processes see it: it takes time, loses connections before and after its work, restarts, and
//! executes late what no process waits for any more. All its effects are on the [`Disk`], each at one instant.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::oneshot;
use usher::store::nodes::ClusterSnapshot;
use usher::store::{ClaimError, CommitError, Owner, ReadError, StoreError};

use super::disk::Disk;
use super::event::Event;
use super::link::{Claimed, Loaded, Request};
use super::step::Fate;
use crate::model::rng::Rng;

pub struct Server {
    pub disk: Disk,
    waiting: Vec<Waiting>,
    pub next_commits: VecDeque<Fate>,
    pub next_claims: VecDeque<Fate>,
    pub next_loads: VecDeque<Fate>,
    pub next_beats: VecDeque<Fate>,
    /// Fates of the next declarations that a process is dead.
    pub next_declarations: VecDeque<Fate>,
    down: Option<Down>,
    /// Processes that do not reach the store.
    cut_off: Vec<(usize, Down)>,
    /// Processes of which only the heartbeats are lost, until this time.
    no_beats: Vec<(usize, u64)>,
    /// Those among them whose next heartbeat passes as soon as a declaration of death is under way.
    one_beat: Vec<OneBeat>,
    rng: Rng,
}

struct OneBeat {
    process: usize,
    /// A declaration is on its way: the next heartbeat passes.
    due: bool,
}

/// Delay in milliseconds of a declaration that a heartbeat of its node overtakes: processes send one a second.
const OVERTAKEN: u64 = 1_300;

struct Down {
    until: u64,
    silent: bool,
}

/// A request on its way, or its answer.
struct Waiting {
    process: usize,
    request: Request,
    /// The owner that a claim compares with, read when the claim arrived.
    former: Option<Owner>,
    fate: Fate,
    /// Time of execution; `None`: executed, or never to be executed.
    do_at: Option<u64>,
    answer_at: u64,
    done: Option<Done>,
}

enum Done {
    Claim(Box<Claimed>),
    Load(Box<Loaded>),
    Commit(Result<(), CommitError>),
    Release(bool),
    Beat(ClusterSnapshot),
    DeclaredDead(bool),
    /// Executed, without a result.
    Other,
}

impl Server {
    pub fn new(rng: Rng) -> Self {
        Self {
            disk: Disk::new(),
            waiting: Vec::new(),
            next_commits: VecDeque::new(),
            next_claims: VecDeque::new(),
            next_loads: VecDeque::new(),
            next_beats: VecDeque::new(),
            next_declarations: VecDeque::new(),
            down: None,
            cut_off: Vec::new(),
            no_beats: Vec::new(),
            one_beat: Vec::new(),
            rng,
        }
    }

    /// Returns whether a heartbeat of this process, or its answer, is on its way.
    pub fn carries_beat_of(&self, process: usize) -> bool {
        let beat = |waiting: &Waiting| matches!(waiting.request, Request::Beat { .. });
        self.waiting.iter().any(|waiting| waiting.process == process && beat(waiting))
    }

    pub fn is_busy(&self) -> bool {
        !self.waiting.is_empty()
    }

    fn latency(&mut self) -> u64 {
        if self.rng.percent(10) { self.rng.below(60) } else { self.rng.below(4) }
    }

    pub fn take_in(&mut self, process: usize, request: Request, now: u64) {
        let fate = match &request {
            Request::Commit { .. } => self.next_commits.pop_front().unwrap_or(Fate::Good),
            // A claim contains no data that could be refused.
            Request::Claim { .. } => {
                self.next_claims.pop_front().filter(|fate| *fate != Fate::Refused).unwrap_or(Fate::Good)
            }
            Request::DeclareDead { .. } => {
                self.next_declarations.pop_front().filter(|fate| *fate != Fate::Refused).unwrap_or(Fate::Good)
            }
            Request::Beat { .. } => {
                self.next_beats.pop_front().filter(|fate| *fate != Fate::Refused).unwrap_or(Fate::Good)
            }
            Request::Load { .. } => self.next_loads.pop_front().unwrap_or(Fate::Good),
            _ => Fate::Good,
        };
        let former = match &request {
            Request::Claim { shard, over, .. } => Some(over.unwrap_or(self.disk.shard_disk(*shard).owner)),
            _ => None,
        };
        let (there, back) = (now + self.latency(), self.latency());
        let heartbeats = matches!(request, Request::Join { .. } | Request::Beat { .. } | Request::DeclareDead { .. });
        let lost = heartbeats && self.no_beats.iter().any(|(no, until)| *no == process && *until > now);
        let fate = match &request {
            Request::Beat { .. } if lost && self.passes(process) => Fate::Good,
            _ if lost => Fate::LostBefore { ms: 0 },
            Request::DeclareDead { .. } if self.is_overtaken() => Fate::Stall { ms: OVERTAKEN },
            _ => fate,
        };
        let cut_off = self.cut_off.iter().find(|(no, _)| *no == process).map(|(_, down)| down);
        let (fate, do_at, answer_at) = match (self.down.as_ref().or(cut_off), fate) {
            (Some(down), _) => {
                let answer_at = if down.silent { down.until.max(there) } else { there };
                (Fate::LostBefore { ms: 0 }, None, answer_at)
            }
            (None, Fate::Good) => (fate, Some(there), there + back),
            (None, Fate::LateAnswer { ms }) => (fate, Some(there), there + ms + back),
            (None, Fate::Stall { ms }) => (fate, Some(there + ms), there + ms + back),
            (None, Fate::LostBefore { ms }) => (fate, None, there + ms),
            (None, Fate::LostAfter { ms }) => (fate, Some(there), there + ms),
            (None, Fate::LostThenDone { ms }) => (fate, Some(there + ms), there),
            (None, Fate::Refused | Fate::NotWritable) => (fate, None, there + back),
        };
        self.waiting.push(Waiting { process, request, former, fate, do_at, answer_at, done: None });
    }

    pub fn next_due(&self) -> Option<u64> {
        let waiting = self.waiting.iter().map(|waiting| waiting.do_at.unwrap_or(u64::MAX).min(waiting.answer_at));
        waiting.chain(self.down.iter().map(|down| down.until)).min()
    }

    /// Executes or answers the next request that is due.
    pub fn next_event(&mut self, now: u64) -> Option<Event> {
        self.down.take_if(|down| down.until <= now);
        self.cut_off.retain(|(_, down)| down.until > now);
        if let Some(at) = self.waiting.iter().position(|waiting| waiting.do_at.is_some_and(|at| at <= now)) {
            return Some(self.carry_out(at));
        }
        let at = self.waiting.iter().position(|waiting| waiting.answer_at <= now)?;
        if let Some(later) = self.waiting[at].do_at {
            // The connection is lost, and the request is still on its way.
            self.waiting[at].answer_at = later;
            hang_up(&mut self.waiting[at].request);
            return Some(Event::Answered);
        }
        let waiting = self.waiting.remove(at);
        let process = waiting.process;
        let event = match (&waiting.request, waiting.fate) {
            (Request::Commit { shard, .. }, Fate::Refused) => Event::Refused { process, shard: *shard },
            (Request::Load { shard, .. }, Fate::Refused) => Event::LoadRefused { process, shard: *shard },
            _ => Event::Answered,
        };
        answer(waiting);
        Some(event)
    }

    fn carry_out(&mut self, at: usize) -> Event {
        let waiting = &mut self.waiting[at];
        waiting.do_at = None;
        let process = waiting.process;
        match &waiting.request {
            Request::Claim { shard, by, .. } => {
                let former = waiting.former.expect("of a claim");
                let over = self.disk.living_owner(*shard).filter(|node| Some(*node) != by.node);
                let (shard, claimed) = (*shard, self.disk.claim(*shard, former, *by));
                let event = match claimed {
                    Ok((owner, position)) => Event::Claimed { process, shard, owner, seq: position.seq, over },
                    Err(_) => Event::NotClaimed { process, shard },
                };
                waiting.done = Some(Done::Claim(Box::new(claimed)));
                event
            }
            Request::Join { new, .. } => {
                self.disk.join(new);
                waiting.done = Some(Done::Other);
                Event::Joined { process, node: new.node.id }
            }
            Request::Beat { heartbeat, .. } => {
                waiting.done = Some(Done::Beat(self.disk.heartbeat(heartbeat)));
                Event::Beat { node: heartbeat.node.id }
            }
            Request::DeclareDead { node, heartbeat, .. } => {
                let (node, done) = (node.id, self.disk.nodes().declare_dead(*node, *heartbeat));
                waiting.done = Some(Done::DeclaredDead(done));
                Event::DeclaredDead { process, node, done }
            }
            Request::Leave { node, .. } => {
                self.disk.nodes().leave(*node);
                waiting.done = Some(Done::Other);
                Event::Answered
            }
            Request::Load { shard, .. } => {
                let disk = self.disk.shard_disk(*shard);
                waiting.done = Some(Done::Load(Box::new((disk.owner, disk.position, disk.rows.all()))));
                Event::Loaded { process, shard: *shard }
            }
            Request::Commit { shard, owner, batch, .. } => {
                let (shard, owner, batch) = (*shard, *owner, Arc::clone(batch));
                let done = self.disk.commit(shard, owner, &batch);
                let event = match &done {
                    Ok(()) => Event::Committed { process, shard, owner, batch },
                    Err(_) => Event::Fenced { process, shard, owner, batch },
                };
                waiting.done = Some(Done::Commit(done));
                event
            }
            Request::Release { shard, owner, to, .. } => {
                let (shard, owner, done) = (*shard, *owner, self.disk.release(*shard, *owner, *to));
                waiting.done = Some(Done::Release(done));
                Event::Released { process, shard, owner, done }
            }
        }
    }

    /// A process died: each request that it had sent may still be executed, or not.
    pub fn forget(&mut self, process: usize) {
        let rng = &mut self.rng;
        self.waiting.retain(|waiting| waiting.process != process || waiting.do_at.is_some() && rng.percent(50));
    }

    /// All connections are lost; requests that are not executed yet never will be.
    pub fn go_down(&mut self, now: u64, ms: u64, silent: bool) {
        for waiting in &mut self.waiting {
            waiting.do_at = None;
            waiting.fate = Fate::LostBefore { ms: 0 };
            waiting.answer_at = if silent { now + ms } else { now };
        }
        self.down = Some(Down { until: now + ms, silent });
    }

    /// The connections of one process are lost; requests that it had sent may still be executed.
    pub fn cut_off(&mut self, process: usize, now: u64, ms: u64, silent: bool) {
        for waiting in self.waiting.iter_mut().filter(|waiting| waiting.process == process) {
            waiting.fate = Fate::LostThenDone { ms: 0 };
            waiting.answer_at = if silent { now + ms } else { now };
        }
        self.cut_off.push((process, Down { until: now + ms, silent }));
    }

    /// Loses the heartbeats of one process.
    pub fn no_beats(&mut self, process: usize, now: u64, ms: u64) {
        self.no_beats.push((process, now + ms));
    }

    /// Loses the heartbeats of one process except one.
    pub fn one_beat(&mut self, process: usize, now: u64, ms: u64) {
        self.no_beats(process, now, ms);
        self.one_beat.push(OneBeat { process, due: false });
    }

    /// Returns whether a heartbeat overtakes this declaration of death: then the next heartbeat of the process passes
    /// first.
    fn is_overtaken(&mut self) -> bool {
        self.one_beat.iter_mut().for_each(|one| one.due = true);
        !self.one_beat.is_empty()
    }

    fn passes(&mut self, process: usize) -> bool {
        let at = self.one_beat.iter().position(|one| one.process == process && one.due);
        at.map(|at| self.one_beat.swap_remove(at)).is_some()
    }

    /// Ends all faults and all delays.
    pub fn calm(&mut self, now: u64) {
        self.next_commits.clear();
        self.next_claims.clear();
        self.next_loads.clear();
        self.next_beats.clear();
        self.next_declarations.clear();
        self.down = None;
        self.cut_off.clear();
        self.no_beats.clear();
        self.one_beat.clear();
        for waiting in &mut self.waiting {
            waiting.do_at = waiting.do_at.map(|at| at.min(now));
            waiting.answer_at = waiting.answer_at.min(now);
        }
    }
}

/// Loses the connection of a request, so that its outcome stays unknown.
fn hang_up(request: &mut Request) {
    match request {
        Request::Claim { reply, .. } => *reply = oneshot::channel().0,
        Request::Commit { reply, .. } => *reply = oneshot::channel().0,
        Request::Load { reply, .. } => *reply = oneshot::channel().0,
        Request::Release { reply, .. } => *reply = oneshot::channel().0,
        Request::Join { reply, .. } | Request::Leave { reply, .. } => *reply = oneshot::channel().0,
        Request::Beat { reply, .. } => *reply = oneshot::channel().0,
        Request::DeclareDead { reply, .. } => *reply = oneshot::channel().0,
    }
}

/// Answers a request, unless its process is gone.
fn answer(waiting: Waiting) {
    // A lost connection brings no answer: its requests fail as lost.
    if matches!(waiting.fate, Fate::LostBefore { .. } | Fate::LostAfter { .. } | Fate::LostThenDone { .. }) {
        return;
    }
    let no = || StoreError("permission denied".into());
    match (waiting.request, waiting.done) {
        (Request::Commit { reply, .. }, None) if waiting.fate == Fate::NotWritable => {
            let _ = reply.send(Err(CommitError::NotWritable(no())));
        }
        (Request::Claim { reply, .. }, None) if waiting.fate == Fate::NotWritable => {
            let _ = reply.send(Err(ClaimError::NotWritable(no())));
        }
        (Request::Commit { reply, .. }, None) => {
            let _ = reply.send(Err(CommitError::Refused(StoreError("no such column".into()))));
        }
        (Request::Commit { reply, .. }, Some(Done::Commit(done))) => drop(reply.send(done)),
        (Request::Claim { reply, .. }, Some(Done::Claim(done))) => drop(reply.send(*done)),
        (Request::Load { reply, .. }, None) if waiting.fate == Fate::Refused => {
            drop(reply.send(Err(ReadError::Damaged(StoreError("a row that cannot be".into())))));
        }
        (Request::Load { reply, .. }, Some(Done::Load(loaded))) => drop(reply.send(Ok(*loaded))),
        (Request::Release { reply, .. }, Some(Done::Release(done))) => drop(reply.send(done)),
        (Request::Join { reply, .. } | Request::Leave { reply, .. }, Some(Done::Other)) => drop(reply.send(())),
        (Request::Beat { reply, .. }, Some(Done::Beat(sighting))) => drop(reply.send(sighting)),
        (Request::DeclareDead { reply, .. }, Some(Done::DeclaredDead(done))) => drop(reply.send(done)),
        _ => {}
    }
}
