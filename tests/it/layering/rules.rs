//! The dependency rules between the modules. Each list says everything that is allowed.

use super::source::{Used, is_in};

/// A module, and the modules that it imports.
pub type Row = (&'static str, &'static [&'static str]);

/// Every module of `src/`, each below all modules that it imports. So no modules import each other in a circle.
pub const MODULES: &[Row] = &[
    ("cells", &[]),
    ("core_dumps", &[]),
    ("failpoints", &[]),
    ("histogram", &[]),
    ("https", &[]),
    ("json", &[]),
    ("partial", &[]),
    ("proto", &[]),
    ("spans", &[]),
    ("unicode", &[]),
    ("error_reason", &["proto"]),
    ("files", &["partial"]),
    ("ids", &["unicode"]),
    ("jws", &["json"]),
    ("ledger", &["error_reason", "ids", "unicode"]),
    ("opaque_id", &["ids"]),
    ("clock", &["ledger"]),
    ("license", &["error_reason", "files", "ids", "json", "jws", "ledger"]),
    ("store", &["ids", "ledger", "opaque_id", "partial"]),
    ("cluster", &["clock", "histogram", "ids", "ledger", "store"]),
    ("notify", &["https", "ids", "ledger", "license", "spans"]),
    ("exchange", &["https", "ids", "license", "notify"]),
    ("journal", &["clock", "cluster", "histogram", "ids", "ledger", "opaque_id", "spans", "store"]),
    ("auth", &["clock", "files", "https", "ids", "journal", "json", "jws", "ledger"]),
    ("health", &["journal"]),
    ("licensing", &["clock", "exchange", "ids", "ledger", "license"]),
    ("demo", &["ids", "journal", "ledger", "license", "licensing"]),
    ("shards", &["auth", "ids", "journal", "ledger"]),
    ("status", &["auth", "error_reason", "ids", "journal", "ledger", "license", "shards"]),
    ("tasks", &["auth", "clock", "ids", "journal", "ledger", "licensing", "notify", "shards"]),
    ("server", &["auth", "clock", "cluster", "histogram", "ids", "ledger", "license", "spans", "status"]),
    ("peers", &["auth", "clock", "cluster", "ids", "ledger", "proto", "server", "shards", "status", "store"]),
    ("ownership", &["auth", "clock", "cluster", "ids", "journal", "peers", "server", "status", "store"]),
    ("telemetry", &["cluster", "histogram", "journal", "ledger", "server", "tasks"]),
    ("config", &["auth", "exchange", "files", "ledger", "notify", "server", "spans", "store", "telemetry"]),
    ("ops", &["auth", "health", "journal", "server", "tasks", "telemetry"]),
    (
        "service",
        &[
            "auth",
            "cells",
            "clock",
            "error_reason",
            "exchange",
            "health",
            "ids",
            "journal",
            "ledger",
            "license",
            "licensing",
            "notify",
            "opaque_id",
            "proto",
            "shards",
            "status",
            "telemetry",
            "unicode",
        ],
    ),
    ("failure", &["auth", "config", "license", "server", "store"]),
    (
        "app",
        &[
            "auth",
            "clock",
            "cluster",
            "config",
            "demo",
            "exchange",
            "failure",
            "files",
            "health",
            "ids",
            "journal",
            "ledger",
            "license",
            "licensing",
            "notify",
            "ops",
            "ownership",
            "peers",
            "proto",
            "server",
            "service",
            "shards",
            "spans",
            "store",
            "tasks",
            "telemetry",
        ],
    ),
    (
        "commands",
        &[
            "app",
            "auth",
            "cells",
            "clock",
            "config",
            "demo",
            "failure",
            "files",
            "https",
            "ids",
            "ledger",
            "license",
            "proto",
            "store",
            "telemetry",
        ],
    ),
    ("main", &["commands", "core_dumps", "telemetry"]),
];

/// The layers of the ledger, in the same way. `ledger` itself shows what the other modules may use.
pub const LEDGER: &[Row] = &[
    ("ledger::model", &[]),
    ("ledger::state", &["ledger::model"]),
    ("ledger::queries", &["ledger::model", "ledger::state"]),
    ("ledger::commands", &["ledger::model", "ledger::state"]),
];

/// Other crates, and parts of the standard library, with the only modules that may use them.
pub struct CrateRule {
    pub crates: &'static [&'static str],
    pub users: &'static [&'static str],
    pub why: &'static str,
}

pub const CRATES: &[CrateRule] = &[
    CrateRule {
        crates: &["std::time::Instant"],
        users: &["clock"],
        why: "only the clock reads the time; all other modules get it from a Clock, or as an argument",
    },
    CrateRule { crates: &["getrandom"], users: &["ids"], why: "random numbers are drawn in one place" },
    CrateRule { crates: &["ring::rand"], users: &[], why: "random numbers are drawn in one place" },
    CrateRule {
        crates: &["std::fs"],
        users: &[
            "app",
            "clock",
            "cluster::lock",
            "commands::audit::export",
            "commands::connection::target",
            "commands::users::input",
            "config",
            "files",
            "license::load",
            "partial",
            "server::tls",
            "store::sqlite",
        ],
        why: "the embedded store, and files that an option names, are read in these places",
    },
    CrateRule {
        crates: &["tokio", "tokio_util", "tokio_stream", "futures_util"],
        users: &[
            "app",
            "auth::oidc::source",
            "auth::tokens",
            "cluster",
            "commands",
            "exchange",
            "health",
            "journal",
            "notify",
            "ops",
            "ownership",
            "peers",
            "server",
            "service",
            "shards",
            "store",
            "tasks",
            "telemetry",
        ],
        why: "decisions are plain functions: the ledger, licenses and credentials wait for nothing",
    },
    CrateRule {
        crates: &["tracing"],
        users: &[
            "app",
            "auth",
            "cluster",
            "commands::serve",
            "demo",
            "health",
            "journal",
            "ownership",
            "peers",
            "server",
            "service",
            "spans",
            "status",
            "store",
            "tasks",
            "telemetry",
        ],
        why: "the ledger and licenses log nothing: their callers log the result",
    },
    CrateRule {
        crates: &["tonic", "tonic_health", "tonic_reflection", "tonic_types", "tonic_web"],
        users: &["app", "commands", "ops", "ownership", "peers", "proto", "server", "service", "spans", "status"],
        why: "gRPC ends at the services: what they call does not know the protocol",
    },
    CrateRule {
        crates: &["prost", "prost_types"],
        users: &["commands", "peers::head", "proto", "server::methods", "service"],
        why: "messages are encoded where calls begin and end",
    },
    CrateRule {
        crates: &["ring"],
        users: &["auth", "license", "notify", "opaque_id", "peers::identity"],
        why: "signatures and hashes are for licenses, webhooks, credentials, opaque ids and peers",
    },
    CrateRule { crates: &["rusqlite"], users: &["store::sqlite"], why: "only one store uses SQLite" },
    CrateRule {
        crates: &["tokio_postgres", "deadpool_postgres"],
        users: &["store::postgres"],
        why: "only one store uses PostgreSQL",
    },
    CrateRule {
        crates: &["opentelemetry", "opentelemetry_sdk", "opentelemetry_otlp", "opentelemetry_prometheus"],
        users: &["spans", "telemetry"],
        why: "traces and metrics are exported by two modules; all others count in plain atomics",
    },
    CrateRule { crates: &["h2", "rcgen"], users: &["peers"], why: "only peers are known by a key of this process" },
    CrateRule { crates: &["lettre"], users: &["notify"], why: "email is sent by one module" },
    CrateRule { crates: &["hyper_rustls"], users: &["https"], why: "other servers are authenticated in one place" },
    CrateRule {
        crates: &["icu_casemap", "icu_collator", "icu_normalizer", "icu_properties"],
        users: &["unicode"],
        why: "one module decides which texts are equal, and in which order they are",
    },
    CrateRule {
        crates: &["anyhow"],
        users: &[
            "app",
            "commands::error",
            "commands::healthcheck",
            "commands::migrate",
            "commands::runtime",
            "commands::store",
            "failure",
        ],
        why: "all other modules have error types of their own",
    },
];

/// A rule inside of what [`MODULES`] and [`CRATES`] allow: no path leads from `from` into `never`, except from the
/// modules in `except`.
pub struct Exclusion {
    pub from: &'static str,
    pub except: &'static [&'static str],
    pub never: &'static [&'static str],
    pub why: &'static str,
}

impl Exclusion {
    pub fn excludes(&self, used: &Used) -> bool {
        matches!(used, Used::Ours(path) if self.never.iter().any(|module| is_in(path, module)))
    }
}

pub const EXCLUSIONS: &[Exclusion] = &[
    Exclusion {
        from: "app",
        except: &["app::mount"],
        never: &["proto"],
        why: "the composition root mounts the services of the contract, and handles none of its messages",
    },
    Exclusion {
        from: "auth",
        except: &["auth::tokens"],
        never: &["journal"],
        why: "credentials become principals without the journal; one file keeps a copy of its tokens",
    },
    Exclusion {
        from: "auth",
        except: &["auth::oidc::source", "auth::access_file"],
        never: &["files", "https::client"],
        why: "credentials are judged by what is in memory: one file fetches keys, and one reads the access file",
    },
    Exclusion {
        from: "cluster",
        except: &[],
        never: &["store::postgres", "store::sqlite"],
        why: "the owner of a shard is decided in the same way on every store",
    },
    Exclusion {
        from: "commands",
        except: &[
            "commands::check_config",
            "commands::license::claims_text",
            "commands::license::inspect",
            "commands::license::terms",
            "commands::migrate",
            "commands::serve",
            "commands::store",
        ],
        never: &["app", "demo", "ledger", "store", "telemetry"],
        why: "a command that calls a server knows the contract, and nothing of what is behind it",
    },
    Exclusion {
        from: "commands",
        except: &["commands::check_config", "commands::serve"],
        never: &["app"],
        why: "only the command that serves, and the check of its configuration, know the composition root",
    },
    Exclusion {
        from: "journal",
        except: &[],
        never: &["store::postgres", "store::sqlite"],
        why: "the journal does not know which store it has",
    },
    Exclusion { from: "license", except: &["license::load"], never: &["files"], why: "only one file reads files" },
    Exclusion {
        from: "store::postgres",
        except: &[],
        never: &["store::sqlite"],
        why: "the stores know nothing of each other",
    },
    Exclusion {
        from: "store::sqlite",
        except: &[],
        never: &["store::postgres"],
        why: "the stores know nothing of each other",
    },
];

/// A set of modules that import each other in a circle, with the reason why it stays. In the ledger these are files;
/// elsewhere, modules directly inside of a top-level module. All other circles fail the test.
pub struct Circle {
    pub modules: &'static [&'static str],
    pub why: &'static str,
}

pub const CIRCLES: &[Circle] = &[];
