//! Every metric, in one table. docs/METRICS.md is generated from it, and a test compares the two.

/// A metric, as `/metrics` shows it.
#[derive(Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    /// Unit as a word; the metric's name contains it, too, if it is a unit of measure.
    pub unit: &'static str,
    pub labels: &'static [&'static str],
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

macro_rules! table {
    ($($constant:ident: $kind:ident $name:literal [$($label:literal),*] in $unit:literal, $meaning:literal, $advice:literal;)+) => {
        $(
            pub(super) const $constant: Metric = Metric {
                name: $name,
                kind: Kind::$kind,
                unit: $unit,
                labels: &[$($label),*],
                meaning: $meaning,
                advice: $advice,
            };
        )+

        /// All metrics.
        pub const TABLE: &[&Metric] = &[$(&$constant),+];
    };
}

table! {
    BUILD: Gauge "usher_build_info" ["version", "commit"] in "1",
        "What the program was built from",
        "Nothing: it shows which processes run which version during an upgrade";
    READY: Gauge "usher_ready" [] in "1 or 0",
        "Whether it is serving, as /readyz and the health service say",
        "Read /readyz, which names each reason; 0 is normal while it starts and drains";
    CALLS: Counter "usher_calls_total" ["method", "code"] in "calls",
        "Calls that ended, by method and gRPC status code; unknown methods are \"other\"",
        "UNAVAILABLE: look at usher_shard_state and usher_queue_commands. DEADLINE_EXCEEDED: at usher_commit_seconds. \
         INTERNAL: a defect, see the log. Others are the callers' mistakes";
    CALL_TIME: Histogram "usher_call_seconds" ["method"] in "seconds",
        "Time from a call's headers until its answer is read, by method; for streams, until their end",
        "When check-outs get slower: look at usher_commit_seconds (the store), usher_queue_commands (too much at once) \
         and the processor, in this order";
    CALLS_NOW: Gauge "usher_calls_in_flight" [] in "calls",
        "Open calls and streams",
        "Near --max-calls: Usher is about to refuse calls; find the client that sends so many, or a slow store";
    PANICS: Counter "usher_panics_total" [] in "calls",
        "Calls that ended in a panic, each a defect; the log says where",
        "Report it with the line of the log; no other call was affected";
    CONNECTIONS: Gauge "usher_connections" [] in "connections",
        "Connections to the gRPC API",
        "Near --max-connections: raise it and the limit of open files, or find the client that opens one per call";
    REFUSED: Counter "usher_connections_refused_total" [] in "connections",
        "Connections closed at once, because --max-connections was reached",
        "See usher_connections: clients cannot make calls over these";
    HANDSHAKES: Counter "usher_tls_handshakes_failed_total" [] in "connections",
        "Connections whose TLS handshake failed",
        "Clients use plaintext, do not trust the certificate, or send one that is not trusted or has expired; the log \
         says which at the level debug";
    REFUSALS: Counter "usher_authentication_failures_total" ["reason"] in "calls",
        "Calls that failed authentication or authorization: without a credential, with an invalid one, or with one \
         that does not cover the call",
        "expired, revoked: a client needs a new credential. unknown, malformed: a wrong credential, or somebody is \
         guessing. not_allowed: a role or a tenant is missing. too_often: an address is throttled. foreign: a browser, \
         or a wrong name for a server without credentials. The log names addresses";
    KEYS: Counter "usher_oidc_key_failures_total" [] in "attempts",
        "Attempts to read the identity provider's keys that failed",
        "Check that its address in the access file can be reached from here; known keys stay in force meanwhile";
    DECISIONS: Counter "usher_decisions_total" ["decision"] in "decisions",
        "Check-outs granted, renewed, and denied by reason; check_only does not count",
        "SEATS_EXHAUSTED: a pool is full, see `usher usage`. LICENSE_EXPIRED: renew the license. CLOCK_SUSPECT: set \
         the clock right. A sudden rise of any other reason usually comes from a change in the login service";
    TENANTS: Gauge "usher_tenants" [] in "tenants",
        "Tenants",
        "Nothing, unless it falls: then the log and the audit say who deleted one";
    EXPIRING: Gauge "usher_licenses_expiring" [] in "tenants",
        "Tenants whose licenses are in force, and expire within 30 days",
        "Request a renewal and install the new revision; `usher license list --tenant …` shows the date";
    USERS: Gauge "usher_users" [] in "users",
        "Users of all tenants, blocked ones included",
        "A sudden fall: the audit says who deleted them, or which sync did";
    SESSIONS: Gauge "usher_sessions" [] in "sessions",
        "Live sessions of all tenants",
        "A sudden fall: check whether login services still reach Usher (usher_calls_total); a steady rise without \
         check-ins: clients do not return seats, and sessions end only with their leases";
    SEATS: Gauge "usher_seats_in_use" [] in "seats",
        "Seats in use, in all pools of all tenants",
        "Compare it with usher_seats_limit over weeks, to plan what to buy";
    LIMIT: Gauge "usher_seats_limit" [] in "seats",
        "Sum of the limits of the same pools; an unlimited pool counts with its seats in use",
        "A fall: a license ended, was deleted or was replaced by a smaller one; the audit says which";
    NEARLY_FULL: Gauge "usher_pools_nearly_full" ["percent"] in "pools",
        "Pools of all tenants with at least 90 or 100 percent of their seats in use; pools without seats are not \
         counted",
        "Find them with `usher usage`, or with --metrics-top-tenants; revoke seats that nobody needs, or request more \
         with `usher license request`";
    TENANT_SEATS: Gauge "usher_tenant_seats_in_use" ["tenant", "pool"] in "seats",
        "Seats in use of the pools with most seats in use; only with --metrics-top-tenants",
        "As usher_pools_nearly_full, for one pool";
    TENANT_LIMIT: Gauge "usher_tenant_seats_limit" ["tenant", "pool"] in "seats",
        "Limits of the same pools; absent for an unlimited pool",
        "As usher_seats_limit, for one pool";
    COMMANDS: Counter "usher_commands_total" [] in "commands",
        "Commands decided, denials included",
        "If it stands still while calls arrive, look at usher_shard_state";
    QUERIES: Counter "usher_queries_total" [] in "queries",
        "Queries answered from memory",
        "A rise without more users: a console or a script polls too often";
    QUEUE: Gauge "usher_queue_commands" [] in "commands",
        "Commands and queries that wait for a shard",
        "More than a few hundred for long: the store or the processor is too slow for the load; at --queue-length \
         Usher refuses calls";
    BATCH: Histogram "usher_batch_commands" [] in "commands",
        "Commands in a committed batch",
        "Large batches under load are normal; if all are at --batch-size, see usher_queue_commands";
    COMMIT: Histogram "usher_commit_seconds" [] in "seconds",
        "Time from sending a batch to the store until it is known to be durable",
        "Every check-out waits for one: look at the disk or at PostgreSQL (load, fsync, replication). Above 2 s the \
         store counts as away";
    STANDBY: Gauge "usher_standby" [] in "1 or 0",
        "On PostgreSQL: whether this process stands by because a live process owns the shards",
        "1 is normal for all processes but one; the log says which host owns the shards";
    HEARTBEATS: Counter "usher_beats_total" ["result"] in "beats",
        "On PostgreSQL: beats, one a second, that succeeded, or were missed (no answer within a second)",
        "missed: look at PostgreSQL and the network; after three in a row Usher answers nothing from memory, and after \
         five another process may take the shards";
    HEARTBEAT_AGE: Gauge "usher_beat_age_seconds" [] in "seconds",
        "On PostgreSQL: time since the last good beat was sent; from 3 on Usher answers nothing from memory",
        "Above 2 for long: PostgreSQL answers too slowly, or not at all; logins get UNAVAILABLE, reason NO_LEASE";
    NODES_DEAD: Counter "usher_nodes_declared_dead_total" [] in "processes",
        "On PostgreSQL: other processes that this one declared dead, because they sent no beat for 4.5 s or were known \
         to be gone",
        "One after a crash or a failover is normal. If it repeats, the logs of the processes say why they end or stall";
    STEP: Histogram "usher_writer_step_seconds" [] in "seconds",
        "Duration of the steps of the shards' writers: the longest time that one call, tick or scrape delays other \
         calls of a shard",
        "Above 5 ms: the machine has too few processors (steps are interrupted), or there is a defect, which the log \
         reports with \"took long\"; report it with the requests of that moment";
    STATE: Gauge "usher_shard_state" ["shard", "state"] in "1 or 0",
        "serving, store_away, store_refuses, lost (to another process), damaged or stopped: 1 for the current state",
        "store_away: bring the store back, it recovers by itself. store_refuses: the log says what the store refuses; \
         see UsherStoreRefuses in OPERATIONS. lost: another process has claimed the shards; check that only one runs";
    RECOVERIES: Counter "usher_recoveries_total" [] in "batches",
        "Batches whose outcome was not known at first",
        "Look at the network and the store: a connection broke around a commit. Nothing was lost";
    STORE_REFUSALS: Counter "usher_store_refusals_total" [] in "attempts",
        "Attempts to write a batch that the store refused for reasons of its own, such as a missing privilege",
        "The log says what the store refuses; nothing is written until that is fixed";
    DENIALS_DROPPED: Counter "usher_denials_dropped_total" [] in "denials",
        "Denials that were answered while the store accepted no changes, and were too many to be kept one by one",
        "Nothing: the audit has one event with their number for each tenant and reason";
    RELOADS: Counter "usher_reloads_total" [] in "loads",
        "Reloads of a shard after a failure",
        "A defect, or a store that refuses data: the log says which; report it";
    EXPIRED: Counter "usher_audit_events_expired_total" [] in "events",
        "Audit events deleted because they are older than --audit-retention",
        "Nothing; to keep events longer, raise --audit-retention";
    BEHIND: Gauge "usher_clock_behind_seconds" [] in "seconds",
        "How far the wall clock is behind the latest time that it ever showed: licenses are judged by that latest time",
        "Set the clock right (NTP). If it is right now, it was ahead before, and licenses may expire early by that \
         much";
    NOTIFICATIONS: Counter "usher_notifications_total" ["channel", "result"] in "attempts",
        "Attempts to deliver a notification that succeeded, failed, or were refused for good",
        "failed: look at the mail server or the webhook; the log has its response";
    PENDING: Gauge "usher_notifications_pending" [] in "deliveries",
        "Notifications that are not delivered yet",
        "See usher_notifications_oldest_pending_seconds";
    OLDEST: Gauge "usher_notifications_oldest_pending_seconds" [] in "seconds",
        "Age of the oldest of them",
        "More than an hour: the channel does not work; after three days notifications become dead letters";
    DEAD: Gauge "usher_notifications_dead" [] in "deliveries",
        "Dead letters: notifications that were given up",
        "`usher notifications list --tenant … --state dead` says why; fix the cause, and `redeliver` them";
    TASK_RUNS: Counter "usher_task_runs_total" ["task"] in "runs",
        "Runs of the background tasks",
        "If it stands still for more than half a minute, /livez fails, and the process should be restarted";
    TASK_PANICS: Counter "usher_task_panics_total" ["task"] in "runs",
        "Runs that ended in a panic, each a defect",
        "Report it with the line of the log; the task goes on";
}

/// The table in the format of docs/METRICS.md.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "<!-- Made from src/telemetry/table.rs by a test: change it there. -->\n# Metrics\n\nThe operations port \
         (`--ops-listen`) serves these metrics at `/metrics`, in Prometheus' format. Every label has a bounded set of \
         values: methods, codes, shards and tasks are those of the program, and tenants are shown only with \
         `--metrics-top-tenants`.\n\n\
         | name | kind | labels | unit | what it is | what to do when it moves |\n|---|---|---|---|---|---|\n",
    );
    for metric in TABLE {
        let labels = metric.labels.iter().map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
        let Metric { name, unit, meaning, advice, .. } = metric;
        text.push_str(&format!("| `{name}` | {} | {labels} | {unit} | {meaning} | {advice} |\n", metric.kind.word()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::process_environment;

    #[test]
    fn the_table_is_that_of_the_documentation() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/METRICS.md");
        if process_environment("USHER_WRITE_DOCS").is_some() {
            std::fs::write(document, markdown()).unwrap();
        }
        let written = std::fs::read_to_string(document).unwrap_or_default();
        assert!(written == markdown(), "docs/METRICS.md is old: USHER_WRITE_DOCS=1 cargo test --lib telemetry::table");
    }
}
