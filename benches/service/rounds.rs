//! The comparison: in each of several rounds, the same callers call the floor, Usher on SQLite and Usher on PostgreSQL
//! in turn.

use std::time::Duration;

use serde_json::{Value, json};
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::{check_out_response, heartbeat_response};

use crate::host::{Host, processor_time};
use crate::load::{self, Measured, Span, Work, check_out, median};
use crate::report::{Bounds, Figure};
use crate::seed;

pub const TENANTS: usize = 16;
const CONNECTIONS: usize = 8;

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Heartbeat,
    Churn,
    Denied,
}

pub const KINDS: [(Kind, &str); 3] =
    [(Kind::Heartbeat, "heartbeat"), (Kind::Churn, "check-out + check-in"), (Kind::Denied, "denied check-out")];

/// The size of a measurement.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    pub rounds: usize,
    pub callers: usize,
    pub span: Span,
}

/// A host with its connections and sessions, which its callers use.
pub struct Target {
    pub name: &'static str,
    pub host: Host,
    channels: Vec<AuthenticatedChannel>,
    sessions: Vec<(String, String)>,
}

/// The result of one round for one host.
#[derive(Debug, Clone)]
pub struct Sample {
    pub per_second: f64,
    /// p50, p99 and p99.9 in microseconds.
    pub micros: [f64; 3],
    /// Processor time per call of the server and its database, in microseconds.
    pub processor: f64,
}

impl Target {
    pub async fn new(name: &'static str, host: Host, callers: usize) -> Self {
        let channels = host.channels(CONNECTIONS).await;
        let mut sessions = Vec::new();
        for number in 0..callers {
            let mut client = SeatServiceClient::new(channels[number % CONNECTIONS].clone());
            let tenant = seed::tenant(number % TENANTS);
            let answer = check_out(&mut client, &tenant, "primary", &seed::user(number), "tablet").await;
            let Some(check_out_response::Outcome::Lease(lease)) = answer.outcome else { panic!("{answer:?}") };
            sessions.push((tenant, lease.session_id));
        }
        Self { name, host, channels, sessions }
    }

    fn work(&self, kind: Kind) -> Vec<Work> {
        let work = |(number, (tenant, session)): (usize, &(String, String))| {
            let (tenant, user) = (tenant.clone(), seed::user(1_000_000 + number));
            match kind {
                Kind::Heartbeat => Work::Heartbeat { tenant, sessions: vec![session.clone()], next: 0 },
                Kind::Churn => Work::Churn { tenant, user, session: None },
                Kind::Denied => Work::Denied { tenant, user },
            }
        };
        self.sessions.iter().enumerate().map(work).collect()
    }

    /// Measures one round.
    pub async fn sample(&self, kind: Kind, span: Span) -> Sample {
        let processes = self.host.processes().await;
        let mut used = Vec::new();
        let mut work = self.work(kind);
        let measured = load::run(&self.channels, &mut work, span, || used.push(processor_time(&processes))).await;
        self.tidy(work).await;
        sample(&measured, used[1] - used[0])
    }

    /// Signs out everybody who is still signed in, so that every round begins alike.
    async fn tidy(&self, work: Vec<Work>) {
        let mut client = SeatServiceClient::new(self.channels[0].clone());
        for mut work in work {
            if matches!(work, Work::Churn { session: Some(_), .. }) {
                work.call(&mut client).await;
            }
        }
    }

    /// Returns the median time of a check-out in microseconds, without any other load.
    pub async fn alone(&self, span: Span) -> f64 {
        let mut work = vec![self.work(Kind::Churn).swap_remove(0)];
        let measured = load::run(&self.channels[..1], &mut work, span, || ()).await;
        self.tidy(work).await;
        measured.micros(0.5)
    }
}

fn sample(measured: &Measured, used: Duration) -> Sample {
    Sample {
        per_second: measured.per_second(),
        micros: [0.5, 0.99, 0.999].map(|quantile| measured.micros(quantile)),
        processor: used.as_secs_f64() * 1e6 / measured.calls as f64,
    }
}

/// The results of all rounds for one kind of work on one host.
pub struct Row {
    pub kind: Kind,
    pub work: &'static str,
    pub host: &'static str,
    pub samples: Vec<Sample>,
    /// Throughput divided by the floor's in the same round.
    pub ratios: Vec<f64>,
}

impl Row {
    pub fn ratio(&self) -> f64 {
        median(self.ratios.iter().copied())
    }

    pub fn median(&self, value: impl Fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(value))
    }

    pub fn json(&self) -> Value {
        json!({
            "work": self.work,
            "host": self.host,
            "calls_per_second": self.median(|sample| sample.per_second),
            "p50_us": self.median(|sample| sample.micros[0]),
            "p99_us": self.median(|sample| sample.micros[1]),
            "p999_us": self.median(|sample| sample.micros[2]),
            "cpu_us_per_call": self.median(|sample| sample.processor),
            "ratio_to_floor": self.ratio(),
            "ratios": self.ratios,
        })
    }
}

/// Measures all kinds of work on all targets. The first target is the floor.
pub async fn compare(targets: &[Target], extent: Extent) -> Vec<Row> {
    let mut rows = Vec::new();
    for (kind, work) in KINDS {
        let mut of_kind: Vec<Row> = targets
            .iter()
            .map(|target| Row { kind, work, host: target.name, samples: Vec::new(), ratios: Vec::new() })
            .collect();
        for _ in 0..extent.rounds {
            for (target, row) in targets.iter().zip(&mut of_kind) {
                row.samples.push(target.sample(kind, extent.span).await);
            }
            let floor = of_kind[0].samples.last().expect("just measured").per_second;
            for row in &mut of_kind {
                row.ratios.push(row.samples.last().expect("just measured").per_second / floor);
            }
        }
        rows.extend(of_kind);
    }
    rows
}

/// Measures the throughput of heartbeats and of check-outs with check-ins, divided by that of the first target in the
/// same round. `names` are the names of the other targets' ratios, for each kind of work. Stops the targets.
pub async fn ratios(targets: Vec<Target>, extent: Extent, names: [&[&'static str]; 2]) -> Vec<Figure> {
    let mut figures = Vec::new();
    for (kind, names) in [Kind::Heartbeat, Kind::Churn].into_iter().zip(names) {
        let mut ratios = vec![Vec::new(); names.len()];
        for _ in 0..extent.rounds {
            let first = targets[0].sample(kind, extent.span).await.per_second;
            for (target, ratios) in targets[1..].iter().zip(&mut ratios) {
                ratios.push(target.sample(kind, extent.span).await.per_second / first);
            }
        }
        let values = ratios.into_iter().map(|ratios| median(ratios.into_iter()));
        let figure = |(name, value): (&&'static str, f64)| Figure { name, value, unit: "", bounds: Bounds::None };
        figures.extend(names.iter().zip(values).map(figure));
    }
    targets.into_iter().for_each(|target| target.host.end());
    figures
}

/// Checks that the floor's answers are as long as Usher's; otherwise the comparison would mean nothing.
pub async fn same_sizes(floor: &Target, usher: &Target) {
    use prost::Message;
    let mut sizes = Vec::new();
    for target in [floor, usher] {
        let mut client = SeatServiceClient::new(target.channels[0].clone());
        let (tenant, session) = target.sessions[0].clone();
        let user = seed::user(2_000_000);
        let denied = check_out(&mut client, &tenant, "full", &user, crate::floor::DENIED).await.encoded_len();
        let taken = check_out(&mut client, &tenant, "primary", &user, "laptop").await;
        let beat = usher::proto::v1::HeartbeatRequest { tenant_id: tenant, session_id: session, active: true };
        let beat = client.heartbeat(beat).await.expect("a heartbeat").into_inner();
        assert!(matches!(beat.outcome, Some(heartbeat_response::Outcome::Lease(_))));
        sizes.push([denied, taken.encoded_len(), beat.encoded_len()]);
    }
    for (floor, usher) in sizes[0].iter().zip(sizes[1]) {
        let difference = floor.abs_diff(usher) as f64 / usher as f64;
        assert!(difference < 0.1, "the floor's answers have {:?} bytes, Usher's {:?}", sizes[0], sizes[1]);
    }
}
