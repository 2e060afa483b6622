//! Figures with their bounds: as a table, as JSON, and in docs/FIGURES.md between two marks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::rounds::Row;

/// The bounds of a figure: first the value that it must reach, then its goal.
#[derive(Debug, Clone, Copy)]
pub enum Bounds {
    AtLeast(f64, f64),
    AtMost(f64, f64),
    /// The figure has no bounds.
    None,
}

/// One line of the table of docs/FIGURES.md.
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
    pub unit: &'static str,
    pub bounds: Bounds,
}

impl Figure {
    pub fn holds(&self) -> bool {
        match self.bounds {
            Bounds::AtLeast(must, _) => self.value >= must,
            Bounds::AtMost(must, _) => self.value <= must,
            Bounds::None => true,
        }
    }

    fn verdict(&self) -> &'static str {
        let goal = match self.bounds {
            Bounds::AtLeast(_, goal) => self.value >= goal,
            Bounds::AtMost(_, goal) => self.value <= goal,
            Bounds::None => return "",
        };
        match (goal, self.holds()) {
            (true, _) => "goal",
            (false, true) => "yes",
            (false, false) => "no",
        }
    }

    fn json(&self) -> Value {
        let (must, goal) = match self.bounds {
            Bounds::AtLeast(must, goal) | Bounds::AtMost(must, goal) => (Some(must), Some(goal)),
            Bounds::None => (None, None),
        };
        json!({ "name": self.name, "value": self.value, "unit": self.unit, "must": must, "goal": goal,
            "reached": self.verdict() })
    }
}

/// All results of one run.
#[derive(Default)]
pub struct Report {
    pub figures: Vec<Figure>,
    pub rows: Vec<Row>,
    /// How it was measured, and figures without bounds.
    pub more: Value,
}

impl Report {
    pub fn json(&self) -> Value {
        json!({
            "figures": self.figures.iter().map(Figure::json).collect::<Vec<_>>(),
            "rows": self.rows.iter().map(Row::json).collect::<Vec<_>>(),
            "more": self.more,
        })
    }

    /// Returns the figures and the rows as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| figure | measured | must reach | goal | reached |\n|---|---|---|---|---|\n");
        for figure in &self.figures {
            let Figure { name, value, unit, .. } = figure;
            let (must, goal) = match figure.bounds {
                Bounds::AtLeast(must, goal) => (format!("≥ {must}{unit}"), format!("≥ {goal}{unit}")),
                Bounds::AtMost(must, goal) => (format!("≤ {must}{unit}"), format!("≤ {goal}{unit}")),
                Bounds::None => (String::new(), String::new()),
            };
            let shown = short(*value);
            let verdict = figure.verdict();
            let _ = writeln!(text, "| {name} | {shown}{unit} | {must} | {goal} | {verdict} |");
        }
        text.push_str("\n| work | host | calls/s | ÷ floor | p50 | p99 | p99.9 | CPU per call |\n");
        text.push_str("|---|---|---|---|---|---|---|---|\n");
        for row in &self.rows {
            let micros = |at: usize| millis(row.median(|sample| sample.micros[at]));
            let _ = writeln!(
                text,
                "| {} | {} | {:.0} | {:.2} | {} | {} | {} | {:.1} µs |",
                row.work,
                row.host,
                row.median(|sample| sample.per_second),
                row.ratio(),
                micros(0),
                micros(1),
                micros(2),
                row.median(|sample| sample.processor),
            );
        }
        text
    }
}

fn short(value: f64) -> String {
    if value.abs() >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn millis(micros: f64) -> String {
    format!("{:.2} ms", micros / 1_000.0)
}

const BEGIN: &str = "<!-- figures: written by `make bench` -->\n";
const END: &str = "<!-- end of figures -->";

/// Replaces the text between the marks of a document. A document without marks does not change.
pub fn write_into(document: &Path, text: &str) {
    let Ok(old) = fs::read_to_string(document) else { return };
    let Some((before, rest)) = old.split_once(BEGIN) else { return };
    let Some((_, after)) = rest.split_once(END) else { return };
    fs::write(document, format!("{before}{BEGIN}{text}{END}{after}")).expect("the document is ours");
}
