//! A real Prometheus accepts the alerts, fires each when it must, and scrapes the real program as configured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{path, read, run};
use crate::clients::repository;
use crate::support::program::{Data, Program};

/// At twenty a second, this is a minute; nothing here takes as long.
const MAX_LOOKS: usize = 1_200;

const ALERTS: [&str; 21] = [
    "UsherDown",
    "UsherNotReady",
    "UsherNodeRejoined",
    "UsherBeatsMissed",
    "UsherNodeGone",
    "UsherShardsWithoutOwner",
    "UsherMembersDisagree",
    "UsherTakeOversRepeat",
    "UsherClocksDiffer",
    "UsherFilesDiffer",
    "UsherTokensUnconfirmed",
    "UsherStoreRefuses",
    "UsherSeatsNearLimit",
    "UsherDenialsHigh",
    "UsherCommitSlow",
    "UsherQueueDeep",
    "UsherLicenseExpiring",
    "UsherOutboxStuck",
    "UsherClockSuspect",
    "UsherAuthenticationFailures",
    "UsherPanics",
];

fn promtool(what: &[&str], file: &str) -> String {
    run(Command::new("promtool").args(what).arg(path(file)))
}

#[test]
fn the_configuration_and_the_alerts_are_sound() {
    promtool(&["check", "config"], "prometheus/prometheus.yml");
    let checked = promtool(&["check", "rules", "--lint=all", "--lint-fatal"], "prometheus/usher.rules.yml");
    assert!(checked.contains("21 rules found"), "{checked}");
}

#[test]
fn each_alert_sounds_when_it_must_and_is_tried() {
    promtool(&["test", "rules"], "prometheus/usher.rules.test.yml");
    let trials = read("prometheus/usher.rules.test.yml");
    for alert in ALERTS {
        let sounds = format!("alertname: {alert}\n        eval_time: ");
        assert!(trials.contains(&sounds), "no trial has {alert} sound");
    }
}

/// Shows that every alert tells the person on call how severe it is, what happens, and what to do.
#[test]
fn each_alert_says_what_to_do() {
    let rules = read("prometheus/usher.rules.yml");
    let page = std::fs::read_to_string(repository().join("docs/OPERATIONS.md")).unwrap();
    let alerts: Vec<&str> = rules.split("- alert: ").skip(1).collect();
    let names: Vec<&str> = alerts.iter().map(|alert| alert.lines().next().unwrap_or_default()).collect();
    assert_eq!(names, ALERTS);
    for (alert, name) in alerts.iter().zip(names) {
        for part in ["severity: ", "summary: ", "description: "] {
            assert!(alert.contains(part), "{name} has no {part}");
        }
        let runbook = format!("runbook: docs/OPERATIONS.md#{}\n", name.to_lowercase());
        assert!(alert.contains(&runbook), "{name}: not {runbook}");
        assert!(page.lines().any(|line| line == format!("### {name}")), "docs/OPERATIONS.md has no heading {name}");
    }
}

/// A Prometheus on a free port. It is killed when dropped.
struct Prometheus {
    child: Child,
    address: SocketAddr,
}

impl Prometheus {
    /// Starts Prometheus with the shipped files, except for the scraped addresses and the interval.
    fn start(folder: &Path, target: SocketAddr) -> Self {
        let config = read("prometheus/prometheus.yml");
        let ours = config
            .replace("usher-1:9464\", \"usher-2:9464", &target.to_string())
            .replace("_interval: 15s", "_interval: 100ms");
        assert!(ours.contains(&target.to_string()) && ours.contains("100ms"), "{ours}");
        std::fs::write(folder.join("prometheus.yml"), ours).unwrap();
        std::fs::copy(path("prometheus/usher.rules.yml"), folder.join("usher.rules.yml")).unwrap();
        let mut command = Command::new("prometheus");
        command.arg(format!("--config.file={}", folder.join("prometheus.yml").display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
        command.args(["--web.listen-address=127.0.0.1:0", "--log.level=info"]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("Prometheus: run scripts/prometheus.sh");
        let mut log = BufReader::new(child.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
        let address = log.by_ref().find_map(|line| {
            let (_, address) = line.split_once("msg=\"Listening on\" address=")?;
            address.split(' ').next()?.parse().ok()
        });
        assert!(log.any(|line| line.contains("Server is ready to receive web requests")), "it is never ready");
        // Reads the rest of the log, so that Prometheus never blocks on a full pipe.
        std::thread::spawn(move || log.for_each(drop));
        Self { address: address.expect("it says where it listens"), child }
    }

    fn get(&self, page: &str) -> Value {
        let mut socket = TcpStream::connect(self.address).unwrap();
        // HTTP/1.0: the answer is not chunked.
        write!(socket, "GET /api/v1/{page} HTTP/1.0\r\nhost: here\r\n\r\n").unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.lines().next().is_some_and(|line| line.ends_with("200 OK")), "{page}: {answer}");
        serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {body}"))
    }

    /// Waits until a series has a value; `None`: until the series is gone.
    async fn wait_for(&self, series: &str, wanted: Option<&str>) {
        let mut looks = tokio::time::interval(Duration::from_millis(50));
        for _ in 0..MAX_LOOKS {
            looks.tick().await;
            if self.value(series).as_deref() == wanted {
                return;
            }
        }
        panic!("{series} is {:?}, not {wanted:?}: {}", self.value(series), self.get("query?query=ALERTS"));
    }

    /// Returns the value of a series, if there is exactly one.
    fn value(&self, series: &str) -> Option<String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let query: String =
            series.chars().map(|c| if plain(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect();
        let answer = self.get(&format!("query?query={query}"));
        match answer["data"]["result"].as_array()?.as_slice() {
            [one] => Some(one["value"][1].as_str()?.to_owned()),
            _ => None,
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn a_real_prometheus_scrapes_it_and_has_its_alerts() {
    let (data, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let program = Program::start(&Data::Folder(data.path()), &["--demo"]);
    let prometheus = Prometheus::start(folder.path(), program.ops);

    prometheus.wait_for("up{job=\"usher\"}", Some("1")).await;
    for (series, value) in [
        ("usher_ready", "1"),
        ("usher_users", "8"),
        ("usher_seats_in_use", "3"),
        ("usher_pools_nearly_full{percent=\"100\"}", "1"),
        ("usher_shard_state{state=\"serving\"}", "1"),
        ("usher_decisions_total{decision=\"SEATS_EXHAUSTED\"}", "0"),
        ("usher_commit_seconds_bucket{le=\"+Inf\"} > bool 0", "1"),
    ] {
        assert_eq!(prometheus.value(series).as_deref(), Some(value), "{series}");
    }
    let metadata = prometheus.get("metadata?metric=usher_sessions");
    assert_eq!(metadata["data"]["usher_sessions"][0]["type"], "gauge", "{metadata}");

    let rules = prometheus.get("rules?type=alert");
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap();
    let names: Vec<_> = rules.iter().map(|rule| rule["name"].as_str().unwrap()).collect();
    assert_eq!(names, ALERTS);
    // One of the demo's pools is full, which fires only after a quarter of an hour. There is no other alert.
    prometheus
        .wait_for("ALERTS{alertname=\"UsherSeatsNearLimit\",percent=\"100\",alertstate=\"pending\"}", Some("1"))
        .await;
    prometheus.wait_for("count(ALERTS{alertname!=\"UsherSeatsNearLimit\"})", None).await;
    let rules = prometheus.get("rules");
    for rule in rules["data"]["groups"][0]["rules"].as_array().unwrap() {
        assert_ne!(rule["health"], "err", "{rule}");
    }

    // Shows that the end of the program is noticed.
    program.kill();
    prometheus.wait_for("ALERTS{alertname=\"UsherDown\",alertstate=\"pending\"}", Some("1")).await;
}
