//! Every metric. docs/METRICS.md is the table, and part of the program: a metric is described once, on the page that
//! operators read.

use std::sync::LazyLock;

const PAGE: &str = include_str!("../../docs/METRICS.md");

/// A metric, as `/metrics` shows it.
#[derive(Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Unit as a word; the metric's name contains it, too, if it is a unit of measure.
    pub unit: &'static str,
    pub labels: Vec<&'static str>,
    pub meaning: &'static str,
    /// Advice for an operator when the value changes.
    pub advice: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only increases, from 0 at the start of the process.
    Counter,
    Gauge,
    Histogram,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Counter, Kind::Gauge, Kind::Histogram];

    /// Name of the type in Prometheus.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        }
    }
}

/// All metrics, in the order of the page.
pub static TABLE: LazyLock<Vec<Metric>> =
    LazyLock::new(|| PAGE.lines().filter(|line| line.starts_with("| `usher_")).map(Metric::from_row).collect());

/// Returns the metric of this name.
///
/// # Panics
/// If it is not in the table.
pub(super) fn metric(name: &str) -> &'static Metric {
    let found = TABLE.iter().find(|metric| metric.name == name);
    found.unwrap_or_else(|| panic!("docs/METRICS.md has no row for {name}"))
}

impl Metric {
    /// Reads a row of the page.
    ///
    /// # Panics
    /// If it has another number of cells, or its kind is unknown.
    fn from_row(row: &'static str) -> Self {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, kind, labels, unit, meaning, advice] = cells[..] else {
            panic!("docs/METRICS.md: a row needs six cells, and a cell must not contain `|`: {row}")
        };
        let kind = Kind::ALL.into_iter().find(|known| known.word() == kind);
        let labels = labels.split(", ").map(|label| label.trim_matches('`')).filter(|label| !label.is_empty());
        Self {
            name: name.trim_matches('`'),
            kind: kind.unwrap_or_else(|| panic!("docs/METRICS.md: a counter, gauge or histogram: {row}")),
            unit,
            labels: labels.collect(),
            meaning,
            advice,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_read() {
        let Metric { name, kind, unit, labels, meaning, advice } =
            Metric::from_row("| `usher_a_total` | counter | `b`, `c` | calls | What it is | What to do: `d` |");
        assert_eq!((name, kind, unit), ("usher_a_total", Kind::Counter, "calls"));
        assert_eq!((&labels[..], meaning, advice), (&["b", "c"][..], "What it is", "What to do: `d`"));
        assert!(Metric::from_row("| `usher_a` | gauge |  | 1 | a | b |").labels.is_empty());
    }

    #[test]
    fn every_row_of_the_page_is_a_metric() {
        let (_, rows) = PAGE.split_once("|---|---|---|---|---|---|\n").expect("a table");
        assert_eq!(rows.lines().count(), TABLE.len());
    }
}
