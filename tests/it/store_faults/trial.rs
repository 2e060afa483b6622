//! A service under load on a store with faults.

use std::sync::Mutex;
use std::time::Duration;

use tokio::task::block_in_place;
use tokio::time::{Instant, timeout};
use usher::ids::TenantId;

use super::watch::{SEATS, Watched};
use crate::history::{Answer, Load, Plan, StoreContents, check};
use crate::store_tools;
use crate::support::program::{Data, Program};

/// Shards on PostgreSQL: the default.
const SHARDS: u16 = 4;
/// Limit for every wait here. Nothing takes this long.
const TIMEOUT: Duration = Duration::from_secs(60);

pub struct Trial {
    pub name: String,
    pub watched: Watched,
    load: Load,
    served: Served,
}

/// The program, in a lock only because the trial is shared.
struct Served(Mutex<Option<Program>>);

impl Drop for Served {
    fn drop(&mut self) {
        if let (true, Ok(Some(program))) = (std::thread::panicking(), self.0.get_mut()) {
            eprintln!("the program's last words:\n{}", program.last_words());
        }
    }
}

impl Trial {
    /// Starts the program and the load. `variables`: more variables for the program's environment.
    pub async fn start(name: &str, data: &Data<'_>, variables: &[(&'static str, String)]) -> Self {
        let plan = Plan { tenants: 2, clients: 4, seats: SEATS as u64, ..Plan::default() };
        let options = plan.options();
        let options: Vec<&str> = options.iter().map(String::as_str).collect();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // Launching blocks until the process serves, which must not stop the runtime's other tasks.
        let program = block_in_place(|| Program::launch(data, &options, &variables)).unwrap_or_else(|ended| {
            panic!("{name}: the program did not start: {ended:?}");
        });
        let busy = ["demo", "tenant0", "tenant1"].map(shard);
        let quiet = (0..SHARDS).find(|shard| !busy.contains(shard)).expect("three tenants are in three shards at most");
        let tenants = [tenant_in(busy[0]), tenant_in(quiet)];
        let watched =
            Watched::new(name, matches!(data, Data::Folder(_)), program.channel(), [program.api, program.ops], tenants)
                .await;
        let load = Load::start(plan);
        load.switch.at(program.api);
        let trial = Self { name: name.to_owned(), watched, load, served: Served(Mutex::new(Some(program))) };
        trial.works_on(50).await;
        trial
    }

    /// Waits until this many calls of clients are answered.
    pub async fn works_on(&self, calls: u64) {
        let answered = timeout(TIMEOUT, self.load.answered(calls)).await;
        assert!(answered.is_ok(), "{}: clients are not answered", self.name);
    }

    /// Checks the promises while the store is away.
    pub async fn lasts(&self) {
        self.watched.refuses_changes().await;
        self.watched.answers_what_it_can().await;
        self.watched.asks_for_the_audit_in_vain().await;
        self.watched.becomes_unready().await;
        self.watched.answers_what_it_can().await;
        self.watched.refuses_changes().await;
    }

    /// Checks the promises after the end of a fault.
    pub async fn over(&self, round: u32) {
        let took = self.watched.serves_again(Instant::now()).await;
        println!("{}, round {round}: served again after {} ms", self.name, took.as_millis());
        self.works_on(50).await;
    }

    /// Calls of the load that failed with an error, or were not answered in time.
    pub fn failed(&self) -> usize {
        let failed = |answer: &Answer| matches!(answer, Answer::Unknown(why) if &**why != "asked");
        self.load.so_far().calls.iter().filter(|call| failed(&call.answer)).count()
    }

    /// Compares every answer that clients got with the store. `data`: the store as a test reaches it.
    pub async fn end(mut self, data: &Data<'_>) {
        let name = &self.name;
        let history = self.load.stop().await;
        let served = self.load.served(self.watched.api).await.unwrap_or_else(|status| panic!("{name}: {status:?}"));
        let recount = StoreContents { served: Some(served), ..StoreContents::read(data).await };
        if let Err(violations) = check(&history, &recount) {
            let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
            panic!("{name}: {}", lines.join("\n"));
        }
        let acknowledged = history.calls.iter().filter(|call| call.answered.is_some()).count();
        println!("{name}: {acknowledged} of {} calls acknowledged, all true", history.calls.len());
        self.watched.ends().await;
        let program = self.served.0.get_mut().expect("not poisoned").take().expect("a program");
        program.terminate();
        let ended = block_in_place(|| program.ended());
        assert!(ended.status.success() && !ended.errors.contains("panicked"), "{name}: {ended:?}");
        block_in_place(|| store_tools::check(data)).printed();
    }
}

fn shard(tenant: &str) -> u16 {
    TenantId::parse(tenant).expect("an id").shard(SHARDS).0
}

/// A name for a tenant in this shard.
fn tenant_in(wanted: u16) -> String {
    let mut names = (0..).map(|at| format!("watched{at}"));
    names.find(|name| shard(name) == wanted).expect("a name for every shard")
}
