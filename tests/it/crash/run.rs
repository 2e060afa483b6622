//! One store, one load, and the deaths of the programs that serve them.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use crate::history::{Answer, Load, Plan, StoreContents, check};
use crate::model::rng::Rng;
use crate::support::program::{Data, Program, dies_at};

/// Limit from the start of the process to its first answer. On a busy machine one in twenty may be late.
const START: Duration = Duration::from_secs(2);
/// Longest life of a process that does not reach its point of death: there may be nothing to load yet.
const MAX_LIFETIME: Duration = Duration::from_millis(500);
/// Limit for the end of a process that has stopped answering: a busy machine takes time to write a core.
const GONE: Duration = Duration::from_secs(30);
const ABORTED: i32 = 6;

/// Failpoints at which the program dies, and how often at most the program passes each before it dies there.
const PLACES: [(&str, u64); 5] =
    [("migrating", 2), ("batch-built", 120), ("before-commit", 120), ("after-commit", 120), ("loading", 1)];

#[derive(Debug, Clone, Copy)]
enum Death {
    /// At a failpoint, when the program passes it for this time.
    At(&'static str, u64),
    /// By SIGKILL, this long after the program began to serve.
    After(Duration),
}

/// The deaths at each point, the times of starts, and the answers that the clients of all runs got.
#[derive(Debug, Default)]
pub struct Reached {
    deaths: BTreeMap<&'static str, u64>,
    starts: Vec<Duration>,
    answers: BTreeMap<&'static str, u64>,
}

impl Reached {
    /// Checks that starts were fast, and that the test has met every death and every answer.
    pub fn enough(&mut self) {
        self.starts.sort();
        let (slowest, late) = (self.starts.last(), self.starts.iter().filter(|took| **took > START).count());
        println!("died {:?}; heard {:?}; slowest start {slowest:?}", self.deaths, self.answers);
        assert!(late <= (self.starts.len() / 20).max(1), "{late} starts took longer than {START:?}: {:?}", self.starts);
        if self.deaths.values().sum::<u64>() < 50 {
            return;
        }
        for place in PLACES.iter().map(|(place, _)| *place).chain(["anywhere"]) {
            assert!(self.deaths.contains_key(place), "nobody died at {place}: {self:?}");
        }
        for answer in ["unknown", "lease", "renewed", "kept", "ended", "done", "denied"] {
            assert!(self.answers.contains_key(answer), "nobody heard {answer}: {self:?}");
        }
    }
}

pub struct Run<'a> {
    data: Data<'a>,
    rng: Rng,
    seed: u64,
    store: &'static str,
    options: Vec<String>,
    load: Load,
}

impl<'a> Run<'a> {
    pub fn new(data: Data<'a>, seed: u64, store: &'static str) -> Self {
        let plan = Plan { seed, ..Plan::default() };
        Self { data, rng: Rng::new(seed), seed, store, options: plan.options(), load: Load::start(plan) }
    }

    pub async fn die(mut self, deaths: u64, reached: &mut Reached) {
        for number in 0..deaths {
            let death = self.death(number);
            self.life(death, reached).await;
        }
        self.last_life(reached).await;
    }

    /// Alternates between a point and a random moment; each point once in ten deaths, in an order that depends on the
    /// seed.
    fn death(&mut self, number: u64) -> Death {
        if (number + self.seed).is_multiple_of(2) {
            return Death::After(Duration::from_micros(self.rng.below(350_000)));
        }
        let (place, most) = PLACES[((number / 2 + self.seed) % PLACES.len() as u64) as usize];
        Death::At(place, 1 + self.rng.below(most))
    }

    #[allow(clippy::disallowed_methods)] // The time of a start is measured from outside.
    async fn life(&mut self, death: Death, reached: &mut Reached) {
        let variables = match death {
            Death::At(place, pass) => vec![("FAILPOINTS", dies_at(place, pass))],
            Death::After(_) => Vec::new(),
        };
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let started = Instant::now();
        let mut program = match Program::launch(&self.data, &options, &variables) {
            Ok(program) => program,
            Err(ended) => return self.died(death, ended.status, &ended.errors, reached),
        };
        let served = match self.load.served(program.api).await {
            Ok(served) => served,
            Err(status) => {
                let Ok(end) = tokio::time::timeout(GONE, program.dies()).await else {
                    self.fail(death, &format!("it does not answer: {status:?}"));
                };
                return self.died(death, end, &program.ended().errors, reached);
            }
        };
        reached.starts.push(started.elapsed());
        self.judge(death, StoreContents { served: Some(served), ..StoreContents::read(&self.data).await });

        self.load.switch.at(program.api);
        let longest = if let Death::After(time) = death { time } else { MAX_LIFETIME };
        let died = tokio::time::timeout(longest, program.dies()).await;
        match died {
            Ok(end) => self.died(death, end, &program.ended().errors, reached),
            Err(_) => {
                program.kill();
                *reached.deaths.entry("anywhere").or_default() += 1;
            }
        }
        self.load.switch.unavailable();
    }

    /// Checks that the program ended on its own at its point of death.
    fn died(&self, death: Death, end: ExitStatus, errors: &str, reached: &mut Reached) {
        match death {
            Death::At(place, _) if end.signal() == Some(ABORTED) && !errors.contains("panicked") => {
                *reached.deaths.entry(place).or_default() += 1;
            }
            _ => self.fail(death, &format!("it ended by itself: {end}\n{errors}")),
        }
    }

    /// Compares the clients' history with the store. Clients wait, so that the program gets no request meanwhile.
    fn judge(&self, death: Death, recount: StoreContents) {
        if let Err(violations) = check(&self.load.so_far(), &recount) {
            let lines: Vec<String> = violations.iter().take(20).map(ToString::to_string).collect();
            self.fail(death, &format!("{} violations:\n{}", violations.len(), lines.join("\n")));
        }
    }

    /// Works for a while, and stops in order; then every call has its answer.
    async fn last_life(mut self, reached: &mut Reached) {
        let options: Vec<&str> = self.options.iter().map(String::as_str).collect();
        let program = Program::start(&self.data, &options);
        self.load.switch.at(program.api);
        if tokio::time::timeout(Duration::from_secs(30), self.load.answered(500)).await.is_err() {
            self.fail(Death::After(Duration::ZERO), "clients are not answered any more");
        }
        let history = self.load.stop().await;
        let at_rest = self.load.at_rest(program.api, &self.data).await.expect("it serves");
        self.judge(Death::After(Duration::ZERO), at_rest);
        program.terminate();
        let ended = program.ended();
        assert!(ended.status.success(), "{ended:?}");
        let ran = crate::store_tools::check(&self.data);
        if ran.code != Some(0) {
            self.fail(Death::After(Duration::ZERO), &format!("the store does not add up: {ran:?}"));
        }
        self.judge(Death::After(Duration::ZERO), StoreContents::read(&self.data).await);
        for call in history.calls {
            let answer = match call.answer {
                Answer::Unknown(_) => "unknown",
                Answer::Lease { renewed: false, .. } => "lease",
                Answer::Lease { renewed: true, .. } => "renewed",
                Answer::Kept => "kept",
                Answer::Ended { .. } => "ended",
                Answer::Done => "done",
                Answer::Denied(_) => "denied",
                Answer::Odd(_) => "odd",
            };
            *reached.answers.entry(answer).or_default() += 1;
        }
    }

    fn fail(&self, death: Death, what: &str) -> ! {
        let (seed, store) = (self.seed, self.store);
        panic!(
            "{what}\nin the life that was to end {death:?}, of seed {seed}; again:\n\
             USHER_CRASH_SEED={seed} cargo test --locked --features failpoints --test it crash::{store} -- --exact"
        )
    }
}
