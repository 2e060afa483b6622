//! The network between the nodes: it takes time, and loses what it carries, in both directions or in one. All that it
//! carries is here, so that one run is like the other.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use tokio::sync::oneshot;
use usher::ids::NodeId;
use usher::ownership::Outbox;
use usher::peers::PeerMessage;

use super::node_call::{Response, Visit};
use super::step::Fate;
use crate::model::rng::Rng;

/// Milliseconds after which a node notices that a peer does not answer, as its connection finds out by pings.
const SILENCE: u64 = 2_000;
/// Milliseconds after which it gives up to connect.
const CONNECT: u64 = 1_000;

/// What became of a forwarded call, for the node that has sent it. A reply that is dropped: nobody knows.
pub enum Reply {
    Answered(Box<Response>),
    NotSent,
}

/// What a node sends.
#[allow(clippy::large_enum_variant)] // Few exist at a time.
pub enum Letter {
    /// `None`: to all.
    Tell(Option<NodeId>, PeerMessage),
    Forward {
        to: NodeId,
        visit: Visit,
        reply: oneshot::Sender<Reply>,
    },
}

/// Where a node puts what it sends, until the network takes it.
#[derive(Clone, Default)]
pub struct Post(Arc<Mutex<Vec<Letter>>>);

impl Post {
    pub fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut self.0.lock().expect("one thread"))
    }

    fn put(&self, letter: Letter) {
        self.0.lock().expect("one thread").push(letter);
    }

    /// Sends a call to a peer. `None`: whether it was carried out is not known.
    pub async fn forward(&self, to: NodeId, visit: Visit) -> Option<Reply> {
        let (reply, response) = oneshot::channel();
        self.put(Letter::Forward { to, visit, reply });
        response.await.ok()
    }
}

impl Outbox for Post {
    fn tell(&self, to: NodeId, message: PeerMessage) {
        self.put(Letter::Tell(Some(to), message));
    }

    fn tell_all(&self, message: PeerMessage) {
        self.put(Letter::Tell(None, message));
    }
}

/// What arrives at a process.
#[allow(clippy::large_enum_variant)] // Few exist at a time.
pub enum Delivery {
    Message {
        to: usize,
        message: PeerMessage,
    },
    /// A call that a peer forwards; its answer goes to [`Network::answer`].
    Call {
        to: usize,
        exchange: u64,
        visit: Visit,
    },
}

enum Load {
    Message(PeerMessage),
    Call(u64, Box<Visit>),
    Answer(u64, Box<Response>),
}

struct Carried {
    from: usize,
    to: usize,
    at: u64,
    load: Load,
}

/// A forwarded call without an answer.
struct Exchange {
    no: u64,
    from: usize,
    to: usize,
    reply: oneshot::Sender<Reply>,
    /// Time at which the sender gives up, and whether it knows that the call was not sent.
    gives_up: Option<(u64, bool)>,
    /// Time since which the peer seems not to be there.
    silent: Option<u64>,
}

struct Cut {
    from: usize,
    to: usize,
    until: u64,
}

pub struct Network {
    carried: Vec<Carried>,
    exchanges: Vec<Exchange>,
    last_exchange: u64,
    /// Processes by their ids as nodes.
    addresses: BTreeMap<NodeId, usize>,
    cuts: Vec<Cut>,
    /// Time until which no message arrives.
    no_messages_until: u64,
    pub next_forwards: VecDeque<Fate>,
    rng: Rng,
}

impl Network {
    pub fn new(rng: Rng) -> Self {
        Self {
            carried: Vec::new(),
            exchanges: Vec::new(),
            last_exchange: 0,
            addresses: BTreeMap::new(),
            cuts: Vec::new(),
            no_messages_until: 0,
            next_forwards: VecDeque::new(),
            rng,
        }
    }

    pub fn joined(&mut self, node: NodeId, process: usize) {
        self.addresses.insert(node, process);
    }

    fn latency(&mut self) -> u64 {
        if self.rng.percent(10) { self.rng.below(80) } else { self.rng.below(4) }
    }

    fn is_cut(&self, from: usize, to: usize, now: u64) -> bool {
        self.cuts.iter().any(|cut| (cut.from, cut.to) == (from, to) && cut.until > now)
    }

    /// Takes what a process sends. `all`: the processes that are there.
    pub fn take_in(&mut self, from: usize, letter: Letter, all: &[usize], now: u64) {
        match letter {
            Letter::Tell(to, message) => {
                let to = match to {
                    Some(node) => self.addresses.get(&node).into_iter().copied().collect(),
                    None => all.iter().copied().filter(|to| *to != from).collect::<Vec<_>>(),
                };
                for to in to {
                    let at = now + self.latency();
                    self.carried.push(Carried { from, to, at, load: Load::Message(message) });
                }
            }
            Letter::Forward { to, visit, reply } => self.forward(from, to, visit, reply, (all, now)),
        }
    }

    fn forward(
        &mut self,
        from: usize,
        to: NodeId,
        visit: Visit,
        reply: oneshot::Sender<Reply>,
        (all, now): (&[usize], u64),
    ) {
        let at = now + self.latency();
        let to = self.addresses.get(&to).copied().filter(|to| all.contains(to));
        let Some(to) = to else {
            // Nobody listens there any more.
            let exchange = Exchange { no: 0, from, to: 0, reply, gives_up: Some((at, true)), silent: None };
            return self.exchanges.push(exchange);
        };
        self.last_exchange += 1;
        let no = self.last_exchange;
        let cut = self.is_cut(from, to, now);
        let fate = match self.next_forwards.pop_front().unwrap_or(Fate::Good) {
            // There is no connection yet, and none is made.
            Fate::Good if cut && self.rng.percent(50) => Fate::Refused,
            fate => fate,
        };
        let (arrives, gives_up) = match fate {
            Fate::Good | Fate::LostAfter { .. } | Fate::LateAnswer { .. } => (Some(at), None),
            Fate::Stall { ms } => (Some(at + ms), None),
            Fate::LostBefore { ms } => (None, Some((at + ms, false))),
            Fate::LostThenDone { ms } => (Some(at + ms), Some((at, false))),
            Fate::Refused | Fate::NotWritable => (None, Some((now + CONNECT, true))),
        };
        let gives_up = match fate {
            Fate::LostAfter { ms } => Some((at + ms, false)),
            _ => gives_up,
        };
        if let Some(at) = arrives {
            self.carried.push(Carried { from, to, at, load: Load::Call(no, Box::new(visit)) });
        }
        self.exchanges.push(Exchange { no, from, to, reply, gives_up, silent: None });
    }

    /// Takes the answer of a process to a call that was forwarded to it.
    pub fn answer(&mut self, exchange: u64, response: Response, now: u64) {
        let Some(known) = self.exchanges.iter().find(|known| known.no == exchange) else { return };
        let (from, to) = (known.to, known.from);
        let at = now + self.latency();
        self.carried.push(Carried { from, to, at, load: Load::Answer(exchange, Box::new(response)) });
    }

    pub fn is_busy(&self) -> bool {
        !self.carried.is_empty() || !self.exchanges.is_empty()
    }

    /// Returns whether a forwarded call is on its way or has no answer yet.
    pub fn carries_calls(&self) -> bool {
        !self.exchanges.is_empty() || self.carried.iter().any(|carried| !matches!(carried.load, Load::Message(_)))
    }

    pub fn next_due(&self, runs: impl Fn(usize) -> bool) -> Option<u64> {
        let arrives = self.carried.iter().filter(|carried| runs(carried.to)).map(|carried| carried.at);
        arrives.chain(self.exchanges.iter().filter_map(|exchange| exchange.gives_up.map(|(at, _)| at))).min()
    }

    /// Delivers the next thing that is due. `runs`: the process is there, and runs.
    pub fn next_delivery(&mut self, now: u64, runs: impl Fn(usize) -> bool) -> Option<Delivery> {
        self.cuts.retain(|cut| cut.until > now);
        self.watch(now, &runs);
        loop {
            let at = self.carried.iter().position(|carried| carried.at <= now && runs(carried.to))?;
            let Carried { from, to, load, .. } = self.carried.remove(at);
            let cut = self.is_cut(from, to, now);
            match load {
                Load::Message(_) if cut || now < self.no_messages_until => {}
                Load::Message(message) => return Some(Delivery::Message { to, message }),
                // The kernel of the sender sends it again, although the sender has given up meanwhile.
                Load::Call(no, visit) if cut && self.rng.percent(50) => {
                    let until = self.cuts.iter().filter(|cut| (cut.from, cut.to) == (from, to)).map(|cut| cut.until);
                    let at = until.max().unwrap_or(now) + 1;
                    self.carried.push(Carried { from, to, at, load: Load::Call(no, visit) });
                }
                Load::Call(no, _) if cut => self.breaks(no, now),
                Load::Call(exchange, visit) => return Some(Delivery::Call { to, exchange, visit: *visit }),
                Load::Answer(no, _) if cut => self.breaks(no, now),
                Load::Answer(no, response) => {
                    if let Some(at) = self.exchanges.iter().position(|exchange| exchange.no == no) {
                        let _ = self.exchanges.remove(at).reply.send(Reply::Answered(response));
                    }
                }
            }
        }
    }

    /// What belongs to the exchange is lost: its connection breaks, even if the network works again by then.
    fn breaks(&mut self, no: u64, now: u64) {
        if let Some(exchange) = self.exchanges.iter_mut().find(|exchange| exchange.no == no) {
            exchange.gives_up = exchange.gives_up.or(Some((now + SILENCE, false)));
        }
    }

    /// Ends the exchanges whose senders give up.
    fn watch(&mut self, now: u64, runs: &impl Fn(usize) -> bool) {
        for at in (0..self.exchanges.len()).rev() {
            let Exchange { from, to, gives_up, .. } = self.exchanges[at];
            let gone =
                self.exchanges[at].no != 0 && (!runs(to) || self.is_cut(from, to, now) || self.is_cut(to, from, now));
            let exchange = &mut self.exchanges[at];
            exchange.silent = if gone { exchange.silent.or(Some(now)) } else { None };
            let silent = exchange.silent.is_some_and(|since| now >= since + SILENCE);
            if gives_up.is_none_or(|(at, _)| at > now) && !silent {
                continue;
            }
            let exchange = self.exchanges.remove(at);
            if let Some((_, true)) = exchange.gives_up {
                let _ = exchange.reply.send(Reply::NotSent);
            }
        }
    }

    /// A process is gone. Others notice at once, or find it silent.
    pub fn forget(&mut self, process: usize, now: u64) {
        let rng = &mut self.rng;
        self.carried.retain(|carried| carried.to != process && (carried.from != process || rng.percent(50)));
        self.exchanges.retain(|exchange| exchange.from != process);
        for exchange in self.exchanges.iter_mut().filter(|exchange| exchange.to == process) {
            let at = if rng.percent(50) { now } else { now + SILENCE };
            exchange.gives_up = exchange.gives_up.or(Some((at, false)));
        }
    }

    /// Loses everything between two processes, or only what goes one way.
    pub fn cut(&mut self, from: usize, to: usize, now: u64, ms: u64, one_way: bool) {
        self.cuts.push(Cut { from, to, until: now + ms });
        if !one_way {
            self.cuts.push(Cut { from: to, to: from, until: now + ms });
        }
    }

    pub fn no_messages(&mut self, now: u64, ms: u64) {
        self.no_messages_until = now + ms;
    }

    /// Ends all faults and all delays.
    pub fn calm(&mut self, now: u64) {
        self.cuts.clear();
        self.next_forwards.clear();
        self.no_messages_until = 0;
        for carried in &mut self.carried {
            carried.at = carried.at.min(now);
        }
    }
}
