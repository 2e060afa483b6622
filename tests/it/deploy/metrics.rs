//! The metrics of alerts and dashboard exist: otherwise renaming a metric would silence an alert.

use std::collections::BTreeSet;

use usher::telemetry::table::{Kind, Metric, TABLE};

use super::read;

const FILES: [&str; 2] = ["prometheus/usher.rules.yml", "grafana/usher.json"];

/// Labels that every series has: Prometheus adds the first two, and histograms have the third.
const ALWAYS: [&str; 3] = ["instance", "job", "le"];

/// A metric in an expression, with the labels that the expression uses.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct MetricUse {
    name: String,
    labels: Vec<String>,
}

/// Returns every metric that a text names.
fn metrics_used(text: &str) -> BTreeSet<MetricUse> {
    let name_ends = |rest: &str| rest.find(|c: char| !c.is_ascii_lowercase() && c != '_').unwrap_or(rest.len());
    let starts = text
        .match_indices("usher_")
        .filter(|(at, _)| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    let metric = |at: usize| {
        let (name, rest) = text[at..].split_at(name_ends(&text[at..]));
        let inside = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(inside, _)| inside);
        // JSON escapes the quotes. No label value contains a comma.
        let labels = inside.split(',').filter_map(|label| label.split(['=', '!']).next()).filter(|l| !l.is_empty());
        MetricUse { name: name.to_owned(), labels: labels.map(str::to_owned).collect() }
    };
    starts.map(|(at, _)| metric(at)).collect()
}

/// Returns the metric of a series; a histogram has three kinds of series.
fn find(series: &str) -> Option<&'static Metric> {
    let histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| series.strip_suffix(end));
    let named = |metric: &&Metric| {
        if metric.kind == Kind::Histogram { Some(metric.name) == histogram } else { metric.name == series }
    };
    TABLE.iter().find(named)
}

#[test]
fn every_metric_that_is_asked_for_is_in_the_table_with_its_labels() {
    for file in FILES {
        let metrics_used = metrics_used(&read(file));
        assert!(metrics_used.len() > 10, "{file}: only {metrics_used:?}");
        for MetricUse { name, labels } in metrics_used {
            let metric = find(&name).unwrap_or_else(|| panic!("{file}: {name} is not in the table of the metrics"));
            let known = |label: &String| ALWAYS.contains(&&**label) || metric.labels.contains(&&**label);
            assert!(labels.iter().all(known), "{file}: {name} has the labels {:?}, not {labels:?}", metric.labels);
        }
    }
}

/// A metric without a panel of its own can be picked by its name, in the last row.
#[test]
fn the_dashboard_shows_any_metric() {
    let dashboard: serde_json::Value = serde_json::from_str(&read("grafana/usher.json")).unwrap();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let picker = variables.iter().find(|variable| variable["name"] == "metric").expect("a variable");
    assert_eq!(picker["query"]["query"], "label_values({__name__=~\"usher.+\",job=\"usher\"}, __name__)");
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let expressions = panels.flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let picked = r#"{__name__="$metric",job="usher",instance=~"$instance"}"#;
    let shown: Vec<_> =
        expressions.filter_map(|target| target["expr"].as_str().filter(|it| it.contains(picked))).collect();
    assert_eq!(shown, [picked.to_owned(), format!("rate({picked}[$__rate_interval])")]);
}

#[test]
fn the_dashboard_reads_well() {
    let dashboard: serde_json::Value = serde_json::from_str(&read("grafana/usher.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let (mut ids, mut places) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: its id stands twice");
        let place = &panel["gridPos"];
        assert!(
            places.insert((place["y"].as_u64().unwrap(), place["x"].as_u64().unwrap())),
            "{title}: lies on another"
        );
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{title}: too wide");
        if panel["type"] == "row" {
            continue;
        }
        let targets = panel["targets"].as_array().unwrap();
        assert!(!targets.is_empty(), "{title} asks for nothing");
        for place in targets.iter().chain([panel]) {
            assert_eq!(place["datasource"]["uid"], "${datasource}", "{title}: whoever imports it chooses the source");
        }
    }
    assert_eq!(dashboard["templating"]["list"][0]["name"], "datasource");
}

#[test]
fn expressions_are_taken_apart() {
    let found =
        metrics_used("sum by (le) (rate(usher_a_bucket{job=\\\"x\\\",code!=\\\"OK\\\"}[5m])) > usher_b or no_usher_c");
    let metrics_used = |name: &str, labels: &[&str]| MetricUse {
        name: name.into(),
        labels: labels.iter().map(|label| (*label).into()).collect(),
    };
    assert_eq!(found, [metrics_used("usher_a_bucket", &["job", "code"]), metrics_used("usher_b", &[])].into());
    assert!(find("usher_commit_seconds").is_none() && find("usher_commit_seconds_bucket").is_some());
    assert!(find("usher_ready_count").is_none() && find("usher_ready").is_some());
}
