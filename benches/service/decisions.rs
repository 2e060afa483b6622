//! Results of `cargo bench --bench ledger`: decisions alone, without an RPC around them.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::report::{Bounds, Figure};

/// Results older than this belong to another run.
const FRESH: Duration = Duration::from_secs(60 * 60);

/// Returns the microseconds of one decision of each kind; nothing if there are no fresh results.
pub fn figures(root: &Path) -> Vec<Figure> {
    let group = root.join("target/criterion/with 1,000,000 sessions");
    let kinds = [
        ("ledger: a heartbeat, with 1,000,000 sessions", "heartbeat", 1.0),
        ("ledger: a check-out or check-in, with 1,000,000 sessions", "check-out and check-in, two decisions", 2.0),
        ("ledger: a denied check-out, with 1,000,000 sessions", "denied check-out", 1.0),
    ];
    let figure = |(name, folder, decisions): (&'static str, &str, f64)| {
        let nanos = median(&group.join(folder).join("new/estimates.json"))?;
        Some(Figure { name, value: nanos / decisions / 1_000.0, unit: " µs", bounds: Bounds::AtMost(1.0, 0.3) })
    };
    kinds.into_iter().filter_map(figure).collect()
}

/// Returns criterion's estimate of the median, in nanoseconds.
fn median(file: &Path) -> Option<f64> {
    let age = fs::metadata(file).ok()?.modified().ok()?.elapsed().ok()?;
    let text = fs::read_to_string(file).ok().filter(|_| age < FRESH)?;
    serde_json::from_str::<Value>(&text).ok()?["median"]["point_estimate"].as_f64()
}
