//! Reads the durations of the writers' steps from the histogram in `/metrics`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// Number of steps that took at most so many microseconds (cumulative); the last bucket has no bound.
#[derive(Debug, Clone, Default)]
pub struct Steps(BTreeMap<u64, u64>);

const NAME: &str = "usher_writer_step_seconds_bucket{le=\"";
/// Key of the bucket without a bound.
const ENDLESS: u64 = u64::MAX;

impl Steps {
    pub fn read(ops: SocketAddr) -> Self {
        let text = metrics(ops);
        let buckets = text.lines().filter_map(|line| {
            let (bound, count) = line.strip_prefix(NAME)?.split_once("\"} ")?;
            let micros = bound.parse::<f64>().ok().filter(|bound| bound.is_finite()).map(|bound| bound * 1e6);
            Some((micros.map_or(ENDLESS, |micros| micros.round() as u64), count.parse().ok()?))
        });
        let steps = Self(buckets.collect());
        assert!(!steps.0.is_empty(), "no steps in /metrics:\n{text}");
        steps
    }

    /// Returns the bound, in milliseconds, below which all steps since `before` were; infinite above the last bound.
    pub fn longest_since(&self, before: &Self) -> f64 {
        let all = self.0[&ENDLESS] - before.0[&ENDLESS];
        let within = |(bound, count): (&u64, &u64)| count - before.0[bound] >= all;
        match self.0.iter().find(|bucket| within(*bucket)) {
            Some((&ENDLESS, _)) | None => f64::INFINITY,
            Some((bound, _)) => *bound as f64 / 1_000.0,
        }
    }
}

/// Reads `/metrics`. This is also the scrape that is measured.
pub fn metrics(ops: SocketAddr) -> String {
    let mut stream = TcpStream::connect(ops).expect("the operations port");
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}
