//! Measures the effect of one caller on all others: each RPC at its largest permitted size, ticks and scrapes with many
//! tenants, and many sessions that end at once. For each it reports the longest step of a shard's writer, the size of
//! the answer, the growth of memory, and the latency of a neighbor's check-outs. `cargo bench --bench work` writes
//! `target/bench/work.json`, which `make bench` adds to its table.

#![allow(clippy::disallowed_methods)] // A benchmark reads the clock.

mod calls;
#[path = "../service/floor.rs"]
#[allow(dead_code)]
mod floor;
#[path = "../service/host.rs"]
#[allow(dead_code)]
mod host;
#[path = "../service/load.rs"]
#[allow(dead_code)]
mod load;
mod meter;
mod methods;
mod neighbors;
#[path = "../service/seed.rs"]
mod seed;
#[path = "../service/support.rs"]
#[allow(dead_code)]
mod support;
mod trials;
mod world;

use std::fs;
use std::path::Path;
use std::time::Duration;

use clap::Parser;
use serde_json::{Value, json};

use trials::Trial;

#[derive(Parser)]
pub struct Arguments {
    /// Tries of each call; the best one counts, for being interrupted is no work.
    #[arg(long, default_value_t = 3)]
    tries: usize,
    /// Users of the large directory.
    #[arg(long, default_value_t = 200_000)]
    users: usize,
    /// Sessions that end at once.
    #[arg(long, default_value_t = 150_000)]
    sessions: usize,
    /// Tenants of which time passes, and which are counted.
    #[arg(long, default_value_t = 1_000_000)]
    tenants: usize,
    /// Milliseconds of each of the spans for which a neighbor is measured.
    #[arg(long, default_value_t = 400)]
    millis: u64,
    /// Only methods whose names contain this.
    #[arg(long, default_value = "")]
    only: String,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Arguments {
    fn span(&self) -> Duration {
        Duration::from_millis(self.millis)
    }
}

/// Upper bound for the duration of a step, in milliseconds (I9).
const LONGEST: f64 = 5.0;

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    let mut trials = trials::calls(&arguments).await;
    let bytes_per_tenant = if arguments.tenants > 0 {
        let (more, bytes) = trials::tenants(&arguments).await;
        trials.extend(more);
        Some(bytes)
    } else {
        None
    };
    println!("| work | longest step | answered | memory | neighbor's p99 ÷ without |\n|---|---|---|---|---|");
    trials.iter().for_each(|trial| println!("{}", trial.row()));
    let worst =
        |of: fn(&Trial) -> Option<f64>| trials.iter().filter(|trial| !trial.control).filter_map(of).fold(0.0, f64::max);
    let longest = worst(|trial| Some(trial.longest));
    let neighbor = worst(|trial| trial.neighbor.map(trials::Beside::ratio));
    publish(&json!({
        "longest_step_ms": longest,
        "neighbor_p99_ratio": neighbor,
        "bytes_per_tenant": bytes_per_tenant,
        "trials": trials.iter().map(Trial::json).collect::<Vec<Value>>(),
    }));
    for trial in trials.iter().filter(|trial| trial.longest > LONGEST) {
        eprintln!("falls short: a step of {} took {} ms", trial.work, trial.longest);
    }
    if longest > LONGEST {
        std::process::exit(1);
    }
}

fn publish(report: &Value) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    fs::create_dir_all(&folder).expect("a folder");
    let text = serde_json::to_string_pretty(report).expect("JSON");
    fs::write(folder.join("work.json"), text).expect("written");
}
