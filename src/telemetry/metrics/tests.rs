//! The numbers that `/metrics` shows.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::cluster::{Agreement, Forwarded, NodeFigures, OwnershipFigures};
use crate::ids::{PoolId, TenantId};
use crate::server::Methods;
use crate::telemetry::table::TABLE;
use std::time::Duration;

/// Metrics in which every entry has a value.
fn busy() -> Metrics {
    let metrics = Metrics::start();
    metrics.observe_ready(|| true);
    let methods = Methods::read(&[tonic_health::pb::FILE_DESCRIPTOR_SET]).unwrap();
    let stats = Arc::new(server::Stats::new(Arc::new(methods)));
    stats.count_for_test("/grpc.health.v1.Health/Check");
    metrics.observe_server(&stats);
    metrics.observe_refusals(|| vec![("expired", 2)]);
    metrics.observe_keys(|| 0);
    metrics.observe_decisions(|| vec![("GRANTED", 3), ("SEATS_EXHAUSTED", 1)]);
    let shards = [Arc::new(journal::Stats::default()), Arc::new(journal::Stats::default())];
    shards[0].commands.store(4, Ordering::Relaxed);
    shards[1].commands.store(5, Ordering::Relaxed);
    shards[1].clock_behind_ms.store(1_001, Ordering::Relaxed);
    metrics.observe_shards(&shards);
    metrics.observe_queue(|| 2);
    metrics.observe_states(vec![watch::channel(ShardState::Serving).1, watch::channel(ShardState::StoreAway).1]);
    metrics.observe_totals();
    let totals = Totals { tenants: 1, users: 2, sessions: 3, seats_in_use: 4, seats_limit: 5, ..Totals::default() };
    let totals = Totals { deliveries_dead: 6, pools_nearly_full: 9, pools_full: 8, ..totals };
    let busy = |pool: &str, limit| {
        let (tenant, pool) = (TenantId::stored("acme"), PoolId::stored(pool));
        PoolUsageEntry { tenant, pool, in_use: 2, limit }
    };
    metrics.set_totals(totals, vec![busy("crm", Limit::Seats(3)), busy("all", Limit::Unlimited)]);
    metrics.observe_deliveries(|| vec![("email", "failed", 7)]);
    metrics.observe_node(|| NodeFigures {
        heartbeats: 7,
        missed: 2,
        age: Duration::from_millis(1_900),
        declared_dead: 1,
        standby: true,
    });
    metrics.observe_agreement(|| Agreement {
        members: 3,
        unowned_shards: 1,
        clock_offset: Duration::from_millis(6_999),
        differing: [2, 0],
    });
    let figures = Arc::new(OwnershipFigures::default());
    figures.set_owned(5);
    figures.count(Forwarded::Moved);
    figures.took_over(Duration::from_millis(2_500));
    metrics.observe_ownership(&figures);
    metrics.observe_tokens(|| Duration::from_millis(1_500));
    let task = TaskView { name: "sweeper", period: Duration::ZERO, runs: 9, panics: 0, age: Duration::ZERO };
    metrics.observe_tasks(move || vec![task.clone()]);
    metrics
}

fn text(metrics: &Metrics) -> String {
    String::from_utf8(metrics.render()).unwrap()
}

#[test]
fn what_is_shown_is_what_the_table_says() {
    let text = text(&busy());
    let mut shown: BTreeMap<&str, (&str, BTreeSet<&str>)> = BTreeMap::new();
    for line in text.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            shown.insert(name, (kind, BTreeSet::new()));
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
            let names = labels.split(',').filter_map(|label| label.split_once('=')).map(|(name, _)| name);
            shown.get_mut(family).unwrap().1.extend(names.filter(|name| *name != "le"));
        }
    }
    let table: BTreeMap<_, _> = TABLE
        .iter()
        .map(|metric| (metric.name, (metric.kind.word(), metric.labels.iter().copied().collect())))
        .collect();
    assert_eq!(shown, table, "{text}");
}

#[test]
fn the_table_reads_well() {
    let mut names = BTreeSet::new();
    for metric in TABLE.iter() {
        assert!(names.insert(metric.name), "{} stands twice", metric.name);
        assert!(metric.name.starts_with("usher_"), "{}", metric.name);
        assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{}", metric.name);
        let texts = [metric.meaning, metric.unit, metric.advice];
        assert!(texts.iter().all(|text| !text.is_empty() && !text.contains('|')), "{}", metric.name);
    }
}

#[test]
fn numbers_are_those_of_their_rooms() {
    let text = text(&busy());
    for line in [
        "usher_ready 1",
        "usher_calls_total{code=\"CANCELLED\",method=\"grpc.health.v1.Health/Check\"} 1",
        "usher_call_seconds_count{method=\"grpc.health.v1.Health/Check\"} 1",
        "usher_decisions_total{decision=\"SEATS_EXHAUSTED\"} 1",
        "usher_sessions 3",
        "usher_seats_limit 5",
        "usher_notifications_dead 6",
        "usher_pools_nearly_full{percent=\"90\"} 9",
        "usher_pools_nearly_full{percent=\"100\"} 8",
        "usher_tenant_seats_in_use{pool=\"all\",tenant=\"acme\"} 2",
        "usher_tenant_seats_limit{pool=\"crm\",tenant=\"acme\"} 3",
        "usher_notifications_total{channel=\"email\",result=\"failed\"} 7",
        "usher_queue_commands 2",
        "usher_commands_total 9",
        "usher_clock_behind_seconds 2",
        "usher_shard_state{shard=\"0\",state=\"serving\"} 1",
        "usher_shard_state{shard=\"1\",state=\"serving\"} 0",
        "usher_batch_commands_count 0",
        "usher_commit_seconds_bucket{le=\"0.0001\"} 0",
        "usher_members 3",
        "usher_shards_owned 5",
        "usher_shards_without_owner 1",
        "usher_clock_offset_seconds 6",
        "usher_files_differ{file=\"license_keys\"} 2",
        "usher_files_differ{file=\"access\"} 0",
        "usher_calls_forwarded_total{outcome=\"moved\"} 1",
        "usher_calls_waiting 0",
        "usher_take_over_seconds_bucket{le=\"2\"} 0",
        "usher_take_over_seconds_bucket{le=\"5\"} 1",
        "usher_take_over_seconds_sum 2.5",
        "usher_hand_over_seconds_count 0",
        "usher_token_list_age_seconds 1",
        "usher_task_runs_total{task=\"sweeper\"} 9",
    ] {
        assert!(text.lines().any(|shown| shown == line), "no {line} in\n{text}");
    }
}
