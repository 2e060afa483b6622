//! Results of `cargo bench --bench work`: the effect of one caller on all others.

use std::fs;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::report::{Bounds, Figure};

/// Results older than this belong to another run.
const FRESH: Duration = Duration::from_secs(3 * 60 * 60);

/// Returns the figures; nothing if there are no fresh results.
pub fn figures(root: &Path) -> Vec<Figure> {
    let Some(report) = read(&root.join("target/bench/work.json")) else { return Vec::new() };
    let lines = [
        ("longest step of a shard's writer, any permitted call, tick or scrape", "longest_step_ms", " ms", 5.0, 1.0),
        (
            "p99 of a neighbor's check-outs beside the worst permitted call ÷ without",
            "neighbor_p99_ratio",
            "",
            2.0,
            1.2,
        ),
        ("memory per tenant without sessions", "bytes_per_tenant", " B", 2_048.0, 512.0),
    ];
    let figure = |(name, key, unit, must, goal): (&'static str, &str, &'static str, f64, f64)| {
        let value = report[key].as_f64()?;
        Some(Figure { name, value, unit, bounds: Bounds::AtMost(must, goal) })
    };
    lines.into_iter().filter_map(figure).collect()
}

fn read(file: &Path) -> Option<Value> {
    let age = fs::metadata(file).ok()?.modified().ok()?.elapsed().ok()?;
    let text = fs::read_to_string(file).ok().filter(|_| age < FRESH)?;
    serde_json::from_str(&text).ok()
}
