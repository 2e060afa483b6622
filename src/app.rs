//! The composition root of `usher serve`: the only module that depends on every part of the service. It contains the
//! order of start and of stop.

mod api_security;
mod check;
mod demo_key;
mod descriptors;
mod host_names;
mod licensing;
mod membership;
pub mod mount;
mod notify;
mod observe;
mod opening;
mod reload;
mod signals;
mod store_watch;
mod systemd;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Context;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::auth::{Guard, HostNames, Tokens};
use crate::clock::Clock;
use crate::cluster::Node;
use crate::config::{Config, Storage};
use crate::demo;
use crate::failure::Failure;
use crate::health::{self, NotReadyReason, Readiness};
use crate::journal::Journal;
use crate::ops::{self, Ops};
use crate::server::{CallHandler, Listener, Server, StartupHandler, Stats};
use crate::service::{Limits, ServerInfo, ServiceContext};
use crate::spans::Spans;
use crate::store::Store;
use crate::tasks::{self, Tasks};
use crate::telemetry::LogFilter;
use crate::telemetry::metrics::Metrics;

pub use check::check_files;
pub use signals::Signals;

use api_security::ApiSecurity;
use host_names::host_names;
use licensing::Vendors;
use observe::observe;
use opening::{installation, open, start_journal};

/// Longest time to send the last spans.
const SPAN_FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest time to answer the last probes and scrapes of the operations port.
const OPS_DRAIN_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves until a signal, or until this process loses its shards. Calls `announce` once it serves.
///
/// # Errors
/// [`Failure`]: the start failed, a shard was lost or its writer failed, the stop did not end in time, or a second
/// signal interrupted it.
pub async fn serve(
    mut config: Config,
    log: Arc<LogFilter>,
    mut signals: Signals,
    announce: impl FnOnce(&Config, &Started),
) -> Result<(), Failure> {
    let max_connections = &mut config.limits.server.max_connections;
    *max_connections = descriptors::make_room(*max_connections, config.shards);
    let hangups = signals.take_hangup().context("SIGHUP is listened to already")?;
    let joined = OnceLock::new();
    let started = tokio::select! {
        biased;
        signal = signals.next() => {
            tracing::info!(signal, "ended while starting");
            None
        }
        started = Running::start(&config, log, hangups, &joined) => Some(started),
    };
    let running = match started {
        Some(Ok(running)) => running,
        ended => {
            membership::leave(joined.get()).await;
            return ended.map_or(Ok(()), |failed| failed.map(drop));
        }
    };
    config.exposed.iter().for_each(|exposed| tracing::warn!("{exposed}"));
    if let Some(warning) = config.security.warning(config.listen) {
        tracing::warn!("{warning}");
    }
    announce(&config, &running.started());
    let end = tokio::select! {
        signal = signals.next() => {
            tracing::info!(signal, timeout = ?config.drain_timeout, "draining");
            Ok(())
        }
        failure = running.failure() => {
            tracing::error!("{failure}; draining");
            Err(failure)
        }
    };
    let readiness = Arc::clone(&running.readiness);
    let ended = tokio::select! {
        ended = running.stop(config.drain_timeout) => ended,
        _ = signals.next() => return Err(Failure::Interrupted),
    };
    end?;
    if readiness.now().has(NotReadyReason::StoreReplaced) {
        return Err(Failure::Damaged(vec!["the store is not the one that was opened: the log says how".to_owned()]));
    }
    match ended {
        Some(Ended { written: false, .. }) => Err(Failure::NotWritten),
        Some(Ended { drained: true, .. }) => {
            tracing::info!("drained");
            Ok(())
        }
        _ => Err(Failure::NotDrained(config.drain_timeout)),
    }
}

/// What was started.
pub struct Started {
    /// Addresses of the API and of the operations port.
    pub api: SocketAddr,
    pub ops: SocketAddr,
    pub shards: u16,
}

/// Result of a stop that ended within its timeout.
struct Ended {
    /// No call was cut off.
    drained: bool,
    /// Every submitted change is in the store.
    written: bool,
}

/// Everything that the start created.
struct Running {
    api_address: SocketAddr,
    ops_address: SocketAddr,
    readiness: Arc<Readiness>,
    /// Canceled when watchers must leave and resume elsewhere.
    watchers_go: CancellationToken,
    api: Server,
    tasks: Arc<Tasks>,
    /// Task that reads license keys, certificates and the access file again on SIGHUP.
    reloading: AbortOnDropHandle<()>,
    /// Task that checks that the store is still the one that was opened (decision 47).
    watching: AbortOnDropHandle<()>,
    journal: Arc<Journal>,
    tokens: Arc<Tokens>,
    /// `None` on the embedded store, which one process alone can open.
    node: Option<Arc<Node>>,
    store: Arc<dyn Store>,
    ops: Server,
    metrics: Arc<Metrics>,
    /// `None`: calls are not traced.
    spans: Option<Spans>,
}

impl Running {
    /// Starts everything, in order. Sets `joined` as soon as the process has joined the cluster, so that the caller can
    /// leave it even if the start is interrupted.
    async fn start(
        config: &Config,
        log: Arc<LogFilter>,
        hangups: Signal,
        joined: &OnceLock<Arc<Node>>,
    ) -> Result<Self, Failure> {
        // 0. Read license keys, certificates and credentials. If any is invalid, nothing else is touched.
        let clock = Clock::system();
        let tokens = Arc::new(Tokens::default());
        let security = Arc::new(ApiSecurity::read(config, Arc::clone(&tokens), clock.clone())?);
        let demo_key = config.demo.then(|| demo_key::key(&config.storage)).transpose()?;
        let vendors = Vendors::new(config.license_keys.clone(), demo_key.as_ref().map(|key| key.public().clone()));
        let trust = vendors.read()?;

        // 1. Bind both addresses before the store is touched: a second process that cannot serve takes over no shard.
        let api_listener = listen(config.listen).await?.with_tls(security.tls.clone());
        let ops_listener = listen(config.ops_listen).await?;
        let (api_address, ops_address) = (api_listener.address(), ops_listener.address());

        let spans = config.traces.as_ref().map(Spans::start).transpose().map_err(anyhow::Error::from)?;

        // 2. From here on, the operations port answers probes: alive, and not ready.
        let readiness = Readiness::loading();
        tokio::spawn(systemd::follow(readiness.subscribe()));
        let metrics = Arc::new(Metrics::start());
        let tasks = Arc::new(Tasks::new(clock.clone()));
        let methods = Arc::new(mount::methods());
        let stats = Arc::new(Stats::new(Arc::clone(&methods)));
        let ops = Arc::new(Ops {
            readiness: Arc::clone(&readiness),
            tasks: Arc::clone(&tasks),
            metrics: Arc::clone(&metrics),
            top_pools: config.metrics_top_tenants,
            journal: OnceLock::new(),
            hosts: HostNames::new(config.ops_listen.ip(), host_names(config)),
            is_local: config.ops_listen.ip().is_loopback(),
        });
        let ops_stats = Arc::new(Stats::new(Arc::clone(&methods)));
        let ops_server = Server::start(ops_listener, Arc::clone(&ops), &Ops::limits(&config.limits.server), ops_stats);

        // 3. The API answers, too: health with NOT_SERVING, and reflection; every other call gets UNAVAILABLE.
        let early = mount::early(&methods, &readiness);
        let hosts = HostNames::new(config.listen.ip(), host_names(config));
        let guard = Guard::new(methods.names(), Arc::clone(&security.credentials), clock.clone());
        let guard = Arc::new(guard.with_host_names(hosts));
        let early = CallHandler::new(
            early,
            Arc::clone(&methods),
            Arc::clone(&guard),
            Arc::clone(&stats),
            &config.limits.server,
        );
        let startup_handler = Arc::new(StartupHandler::new(early));
        let api = Server::start(api_listener, Arc::clone(&startup_handler), &config.limits.server, Arc::clone(&stats));

        // 4. Open the store, then the journal, which claims every shard once no other process owns it, and loads it.
        let (store, nodes) = open(config).await?;
        let installation = installation(config, &store).await?;
        let node = match nodes {
            None => None,
            Some(nodes) => {
                let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
                let node = membership::start(nodes, clock.clone(), &host, &installation, &config.state_dir)?;
                let _ = joined.set(Arc::clone(&node));
                tokio::spawn(membership::follow(Arc::clone(&node), Arc::clone(&readiness)));
                let seen = Arc::clone(&node);
                metrics.observe_node(move || seen.figures());
                Some(node)
            }
        };
        let journal = Arc::new(start_journal(config, &store, node.as_deref(), installation, clock.clone()).await?);
        let _ = ops.journal.set(Arc::clone(&journal));

        // 5. Build the services, and read the API tokens that they accept.
        tokens.reload(&journal).await.context("cannot read the API tokens")?;
        if config.security.authenticates() {
            api_security::warn_of_anonymous_tokens(&tokens);
        }
        let watchers_go = CancellationToken::new();
        let limits = limits(config);
        let revoked = trust.revocations().clone();
        let licensing = licensing::start(config, trust, api_address, &clock)?;
        let context = ServiceContext::new(
            Arc::clone(&journal),
            Arc::clone(&licensing),
            Arc::clone(&tokens),
            limits,
            watchers_go.clone(),
        );
        let about = Arc::new(ServerInfo {
            started: clock.wall(),
            postgres: matches!(config.storage, Storage::Postgres { .. }),
            shards: journal.shards(),
            instance: journal.instance(),
            authentication: config.security.kinds(),
            log,
        });
        let all = mount::all(&context, &about, &config.limits.server, &methods, &readiness);
        startup_handler.open(CallHandler::new(
            all,
            methods,
            Arc::clone(&guard),
            Arc::clone(&stats),
            &config.limits.server,
        ));

        // 6. Start the background tasks.
        tasks::sweep(&tasks, &journal);
        ops::watch_writers(&tasks, &journal, &readiness);
        security.watch(&tasks);
        tasks::note_token_use(&tasks, &journal, &tokens);
        if let Some(keep) = config.audit_retention {
            tasks::retain(&tasks, &journal, &clock, keep);
        }
        licensing::fetch(config, &tasks, &journal, &licensing);
        let deliveries = notify::start(config, &tasks, &journal)?;
        tokio::spawn(health::follow(journal.states(), Arc::clone(&readiness)));
        let watching = tokio::spawn(store_watch::follow(Arc::clone(&store), Arc::clone(&readiness)));
        let watching = AbortOnDropHandle::new(watching);
        observe(&metrics, &readiness, &stats, &context, &journal, &tasks);
        metrics.observe_deliveries(move || notify::counts(&deliveries));
        let credentials = Arc::clone(&security.credentials);
        metrics.observe_keys(move || credentials.key_failures());
        metrics.observe_refusals(move || guard.refusals().collect());

        // 7. Apply the vendor's revocations, create the demo tenant if configured, and report SERVING.
        licensing::revoke(&journal, &revoked).await;
        if let Some(key) = &demo_key {
            let vendor = demo::Vendor { key, now: clock.wall() };
            demo::make(&journal, &licensing, &vendor).await.context("cannot make the demo tenant")?;
        }
        let reloading = reload::on_hangup(hangups, vendors, licensing, Arc::clone(&journal), security);
        let reloading = AbortOnDropHandle::new(tokio::spawn(reloading));
        readiness.clear(NotReadyReason::Loading);
        let ops = ops_server;
        Ok(Self {
            api_address,
            ops_address,
            readiness,
            watchers_go,
            api,
            tasks,
            reloading,
            watching,
            journal,
            tokens,
            node,
            store,
            ops,
            metrics,
            spans,
        })
    }

    fn started(&self) -> Started {
        Started { api: self.api_address, ops: self.ops_address, shards: self.journal.shards() }
    }

    /// Waits for a failure that ends the process without a signal. Never returns if the readiness is dropped.
    async fn failure(&self) -> Failure {
        let mut reasons = self.readiness.subscribe();
        let for_good = |reason: NotReadyReason| {
            matches!(reason, NotReadyReason::OwnershipLost | NotReadyReason::Damaged | NotReadyReason::Failed)
        };
        match reasons.wait_for(|reasons| reasons.iter().any(for_good)).await {
            Ok(reasons) if reasons.has(NotReadyReason::OwnershipLost) => Failure::OwnershipLost,
            Ok(reasons) if reasons.has(NotReadyReason::Damaged) => {
                Failure::Damaged(vec!["the store is damaged: the log says where".to_owned()])
            }
            Ok(_) => anyhow::anyhow!("a shard's writer failed").into(),
            Err(_) => std::future::pending().await,
        }
    }

    /// Stops everything, in order. Calls get four fifths of `timeout` to end, the flush gets the rest. `None`: not done
    /// in time.
    async fn stop(self, timeout: Duration) -> Option<Ended> {
        let in_order = async {
            // 1. NOT_SERVING: load balancers that read health send no more calls.
            systemd::stopping();
            self.readiness.set(NotReadyReason::Draining);
            if let Some(node) = &self.node {
                node.drain();
            }
            // 2. Watchers resume elsewhere; no new connections and no new calls are accepted; open calls may end.
            self.watchers_go.cancel();
            let drained = self.api.drain(timeout * 4 / 5).await;
            // 3. Stop the tasks, so that nothing uses the journal any more.
            drop(self.reloading);
            drop(self.watching);
            self.tasks.stop().await;
            if let Err(error) = tasks::write_token_use(&self.journal, &self.tokens).await {
                tracing::debug!(%error, "the last use of API tokens was not recorded");
            }
            // 4. The journal flushes what was submitted and releases its shards, so that the next owner need not wait.
            let written = self.journal.stop().await;
            // 5. Remove this process from the table of processes. The store finishes what was sent, and closes.
            membership::leave(self.node.as_ref()).await;
            self.store.close().await;
            // 6. The operations port ends late, so that the last probe can still read why the process is not ready.
            self.ops.drain(OPS_DRAIN_TIMEOUT).await;
            self.metrics.stop();
            // 7. Send the spans of all that. A collector that is away costs a tenth of the timeout at most.
            if let Some(spans) = self.spans {
                let _ = tokio::task::spawn_blocking(move || spans.stop(SPAN_FLUSH_TIMEOUT.min(timeout / 10))).await;
            }
            Ended { drained, written }
        };
        tokio::time::timeout(timeout, in_order).await.ok()
    }
}

/// Limits that the services enforce.
fn limits(config: &Config) -> Limits {
    Limits {
        batch_items: config.limits.max_batch_items,
        watchers: config.limits.max_watchers,
        caller_rate: config.security.caller_rate,
        user_rate: config.security.user_rate,
    }
}

async fn listen(address: SocketAddr) -> Result<Listener, Failure> {
    Listener::bind(address).await.map_err(|error| Failure::Listen { address, error })
}
