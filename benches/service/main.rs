//! `make bench`: measures the cost of calls against a server that does nothing, in one run with the same callers.
//! Writes `target/bench/figures.json`, the tables of docs/FIGURES.md, and its chart.

#![allow(clippy::disallowed_methods)] // A benchmark reads the clock.

mod chart;
mod commits;
mod decisions;
mod directory;
mod floor;
mod host;
mod load;
mod nodes;
mod report;
mod rolling;
mod rounds;
mod security;
mod seed;
mod size;
#[allow(dead_code)] // The tests use more of it than this benchmark.
mod support;
mod tracing;
mod work;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Parser;
use secrecy::ExposeSecret;
use serde_json::json;

use host::Host;
use load::Span;
use report::{Bounds, Figure, Report};
use rounds::{Extent, Kind, Row, TENANTS, Target};
use size::{Growth, Populated};
use support::postgres::Cluster;
use support::program::Data;

/// Tenants of an installation with many small customers.
const MANY_TENANTS: usize = 1_000_000;

#[derive(Parser)]
struct Arguments {
    /// Be the floor: serve and do nothing.
    #[arg(long)]
    floor: bool,
    /// Rounds of each comparison: many short ones, for a shared machine is slower or faster for seconds at a time.
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Milliseconds that are measured in each round, after half as many of warm-up.
    #[arg(long, default_value_t = 600)]
    millis: u64,
    /// Callers at once.
    #[arg(long, default_value_t = 512)]
    callers: usize,
    /// Live sessions of the large population; 0 leaves out memory, growth and starts.
    #[arg(long, default_value_t = 1_000_000)]
    sessions: usize,
    /// Users of the large directory; 0 leaves it out.
    #[arg(long, default_value_t = 200_000)]
    users: usize,
    /// Measure nothing but the cost of being one of several nodes.
    #[arg(long, conflicts_with = "write")]
    nodes: bool,
    /// Write the tables into docs/FIGURES.md, and the chart into docs.
    #[arg(long)]
    write: bool,
    /// Passed by cargo to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[tokio::main]
async fn main() {
    let arguments = Arguments::parse();
    if arguments.floor {
        return floor::serve().await;
    }
    let measured = Duration::from_millis(arguments.millis);
    let span = Span { warm: measured / 2, measured };
    let extent = Extent { rounds: arguments.rounds, callers: arguments.callers, span };
    let cluster = Cluster::start(true);
    let mut report = Report::default();
    if !arguments.nodes {
        report = alone(&cluster, &arguments, extent).await;
    }
    report.figures.extend(nodes::figures(&cluster, extent).await);
    report.figures.extend(nodes::shards(&cluster, extent).await);
    report.figures.extend(rolling::figures(&cluster).await);
    publish(&report, arguments.write);
    if let Some(short) = report.figures.iter().find(|figure| !figure.holds()) {
        eprintln!("falls short: {}", short.name);
        std::process::exit(1);
    }
}

/// Measures a process that is alone on its store.
async fn alone(cluster: &Cluster, arguments: &Arguments, extent: Extent) -> Report {
    let (mut report, folder) = compare(cluster, extent).await;
    drop(folder);
    report.figures.extend(tracing::figures(extent).await);
    report.figures.extend(security::figures(extent).await);
    if arguments.sessions > 0 {
        large(cluster, &mut report, arguments.sessions, extent).await;
    }
    if arguments.users > 0 {
        directory(&mut report, arguments.users, extent.span).await;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    report.figures.extend(decisions::figures(root));
    report.figures.extend(work::figures(root));
    report
}

/// Measures a large directory on the embedded store.
async fn directory(report: &mut Report, users: usize, span: Span) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let data = Data::Folder(folder.path());
    seed::tenants(&data, 10).await;
    let directory = directory::measure(&data, users, span).await;
    let figure = |name, value, unit, bounds| Figure { name, value, unit, bounds };
    report.figures.extend([
        figure("first page of 200,000 users", directory.first_page, " ms", Bounds::AtMost(3.0, 1.0)),
        figure("a search in 200,000 users, a page", directory.search, " ms", Bounds::AtMost(20.0, 5.0)),
        figure("p99 of check-outs beside a sync ÷ without", directory.disturbance, "", Bounds::AtMost(2.0, 1.2)),
    ]);
    report.more["directory"] = directory.more;
}

/// Measures throughput, latency and processor time of all hosts side by side.
async fn compare(cluster: &Cluster, extent: Extent) -> (Report, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = cluster.database().await;
    let (embedded, postgres) = (Data::Folder(folder.path()), Data::Postgres(database.expose_secret()));
    seed::tenants(&embedded, TENANTS).await;
    seed::tenants(&postgres, TENANTS).await;
    let targets = [
        Target::new("floor", Host::floor(), extent.callers).await,
        Target::new("SQLite", Host::usher(&embedded, &[]), extent.callers).await,
        Target::new("PostgreSQL", Host::usher(&postgres, &[]), extent.callers).await,
    ];
    rounds::same_sizes(&targets[0], &targets[1]).await;
    let rows = rounds::compare(&targets, extent).await;
    let alone = unhurried(&targets, extent, folder.path(), database.expose_secret()).await;
    for target in targets {
        target.host.end();
    }
    let ratio = |kind, host| find(&rows, kind, host).ratio();
    let at_least = |name, value, must, goal| Figure { name, value, unit: "", bounds: Bounds::AtLeast(must, goal) };
    let commits = |name, value| Figure { name, value, unit: "", bounds: Bounds::AtMost(1.9, 1.2) };
    let slower = |kind| ratio(kind, "SQLite").min(ratio(kind, "PostgreSQL"));
    let figures = vec![
        at_least("Heartbeat ÷ floor", slower(Kind::Heartbeat), 0.88, 0.97),
        at_least("CheckOut + CheckIn, SQLite ÷ floor", ratio(Kind::Churn, "SQLite"), 0.52, 0.75),
        at_least("CheckOut + CheckIn, PostgreSQL ÷ floor", ratio(Kind::Churn, "PostgreSQL"), 0.42, 0.65),
        at_least("denied CheckOut ÷ floor", slower(Kind::Denied), 0.85, 0.97),
        commits("one CheckOut alone − floor, in SQLite commits", alone.in_commits(1)),
        commits("one CheckOut alone − floor, in PostgreSQL commits", alone.in_commits(2)),
    ];
    let more = json!({
        "callers": extent.callers, "rounds": extent.rounds, "tenants": TENANTS,
        "alone_us": { "floor": alone.micros(0), "SQLite": alone.micros(1), "PostgreSQL": alone.micros(2) },
        "commit_us": { "SQLite": alone.commit_micros(1), "PostgreSQL": alone.commit_micros(2) },
    });
    (Report { figures, rows, more }, folder)
}

/// Latency of check-outs without other load, measured in turn with bare commits: (check-out, commit) in microseconds
/// for each target in each round. The floor commits nothing.
struct Alone(Vec<[(f64, f64); 3]>);

impl Alone {
    fn micros(&self, target: usize) -> f64 {
        load::median(self.0.iter().map(|round| round[target].0))
    }

    fn commit_micros(&self, target: usize) -> f64 {
        load::median(self.0.iter().map(|round| round[target].1))
    }

    /// Returns how much longer a check-out takes than the floor, in units of a commit of the same round.
    fn in_commits(&self, target: usize) -> f64 {
        load::median(self.0.iter().map(|round| (round[target].0 - round[0].0) / round[target].1))
    }
}

async fn unhurried(targets: &[Target], extent: Extent, folder: &Path, database: &str) -> Alone {
    let mut rounds = Vec::new();
    for _ in 0..extent.rounds {
        let floor = targets[0].alone(extent.span).await;
        let sqlite = targets[1].alone(extent.span).await;
        let sqlite_commit = commits::sqlite_commit(folder).as_secs_f64() * 1e6;
        let postgres = targets[2].alone(extent.span).await;
        let postgres_commit = commits::postgres_commit(database).await.as_secs_f64() * 1e6;
        rounds.push([(floor, 0.0), (sqlite, sqlite_commit), (postgres, postgres_commit)]);
    }
    Alone(rounds)
}

fn find<'a>(rows: &'a [Row], kind: Kind, host: &str) -> &'a Row {
    rows.iter().find(|row| row.kind == kind && row.host == host).expect("measured")
}

/// Measures memory, growth and start time with many sessions and with many tenants.
async fn large(cluster: &Cluster, report: &mut Report, sessions: usize, extent: Extent) {
    let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().expect("a temporary folder")).collect();
    let data: Vec<_> = folders.iter().map(|folder| Data::Folder(folder.path())).collect();
    for (data, tenants) in data.iter().zip([10, 10, MANY_TENANTS]) {
        seed::tenants(data, tenants).await;
    }
    let small = Populated::new(Host::usher(&data[0], &[]), 10, 1_000).await;
    let many_tenants = Populated::new(Host::usher(&data[2], &[]), MANY_TENANTS, 1_000).await;
    let tenants = Growth::measure(&small, &many_tenants, extent).await;
    many_tenants.host.end();
    let mut many_sessions = Populated::new(Host::usher(&data[1], &[]), 10, 1_000).await;
    let bytes = many_sessions.grow(10, sessions).await;
    let grown = Growth::measure(&small, &many_sessions, extent).await;
    small.host.end();
    many_sessions.host.end();
    let sqlite = start(&data[1], commits::sqlite_select(folders[1].path()));

    let database = cluster.database().await;
    let postgres = Data::Postgres(database.expose_secret());
    seed::tenants(&postgres, 10).await;
    Populated::new(Host::usher(&postgres, &[]), 10, sessions).await.host.end();
    let postgres = start(&postgres, commits::postgres_select(database.expose_secret()).await);

    let figure = |name, value, unit, bounds| Figure { name, value, unit, bounds };
    let growth = Bounds::AtLeast(0.88, 0.97);
    let starts = Bounds::AtLeast(0.4, 0.8);
    report.figures.extend([
        figure("throughput with 1,000,000 sessions ÷ with 1,000", grown.worst(), "", growth),
        figure("throughput with 1,000,000 tenants ÷ with 10", tenants.worst(), "", growth),
        figure("memory per live session", bytes.session, " B", Bounds::AtMost(260.0, 160.0)),
        figure("start with 1,000,000 sessions, SQLite, rows/s ÷ SELECT", sqlite.ratio, "", starts),
        figure("start with 1,000,000 sessions, PostgreSQL, rows/s ÷ SELECT", postgres.ratio, "", starts),
    ]);
    report.more["sessions"] = json!(sessions);
    report.more["bytes"] = json!({ "user with a seat": bytes.user, "live session": bytes.session });
    report.more["growth"] = json!({ "sessions": grown.json(), "tenants": tenants.json() });
    report.more["start_seconds"] = json!({ "SQLite": sqlite.seconds, "PostgreSQL": postgres.seconds });
}

struct Start {
    seconds: f64,
    ratio: f64,
}

/// Measures a start. `select` is the time of a bare `SELECT` of the same rows.
fn start(data: &Data, select: Duration) -> Start {
    let seconds = size::start(data).as_secs_f64();
    Start { seconds, ratio: select.as_secs_f64() / seconds }
}

fn publish(report: &Report, write: bool) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder: PathBuf = root.join("target/bench");
    fs::create_dir_all(&folder).expect("a folder");
    let (table, chart) = (report.markdown(), chart::svg(&report.rows));
    let json = serde_json::to_string_pretty(&report.json()).expect("JSON");
    fs::write(folder.join("figures.json"), json).expect("written");
    fs::write(folder.join("figures.md"), &table).expect("written");
    fs::write(folder.join("figures.svg"), &chart).expect("written");
    println!("{table}");
    if write {
        report::write_into(&root.join("docs/FIGURES.md"), &table);
        fs::write(root.join("docs/figures.svg"), &chart).expect("written");
    }
}
