//! The composition root of `usher serve`: the only module that depends on every part of the service. It contains the
//! order of start and of stop.

mod api_security;
mod check;
mod cluster;
mod demo_key;
mod descriptors;
mod host_names;
mod introduction;
mod lease_watch;
mod licensing;
pub mod mount;
mod nodes;
mod notify;
mod observe;
mod opened;
mod opening;
mod reload;
mod signals;
mod solo;
mod stopping;
mod store_watch;
mod systemd;
mod token_news;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::auth::{Guard, HostNames, Tokens};
use crate::clock::Clock;
use crate::config::{Config, Storage};
use crate::failure::Failure;
use crate::health::{self, NotReadyReason, Readiness};
use crate::journal::Journal;
use crate::ops::{self, Ops};
use crate::server::{CallHandler, Listener, Server, StartupHandler, Stats};
use crate::service::{Limits, NodeDirectory, ServerInfo, ServiceContext};
use crate::shards::AllShards;
use crate::spans::Spans;
use crate::store::Store;
use crate::tasks::{self, Tasks};
use crate::telemetry::LogFilter;
use crate::telemetry::metrics::Metrics;

pub use check::check_files;
pub use signals::Signals;

use api_security::ApiSecurity;
use cluster::{Cluster, Membership};
use host_names::host_names;
use licensing::Vendors;
use nodes::{OnlyNode, SharedStore};
use observe::observe;
use opened::OpenedShards;
use opening::{installation, journal_config, not_opened, open};
use stopping::Ended;

/// Serves until a signal, until a failure, or, with `--solo`, until another process takes a shard. Calls `announce` once
/// it serves.
///
/// # Errors
/// [`Failure`]: the start failed, a shard was lost with `--solo`, a writer failed, the stop did not end in time, or a
/// second signal interrupted it.
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
            if let Some(membership) = joined.get() {
                membership.leave().await;
            }
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
    shards: Arc<AllShards>,
    /// `None` on the embedded store, which one process alone can open.
    cluster: Option<Cluster>,
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
        joined: &OnceLock<Arc<Membership>>,
    ) -> Result<Self, Failure> {
        // 0. Read license keys, certificates and credentials. If any is invalid, nothing else is touched.
        let clock = Clock::system();
        let is_shared = matches!(config.storage, Storage::Postgres { .. });
        let tokens = Arc::new(if is_shared { Tokens::shared(clock.clone()) } else { Tokens::default() });
        let security = Arc::new(ApiSecurity::read(config, Arc::clone(&tokens), clock.clone())?);
        let demo_key = config.demo.then(|| demo_key::key(&config.storage)).transpose()?;
        let vendors = Vendors::new(config.license_keys.clone(), demo_key.as_ref().map(|key| key.public().clone()));
        let trust = vendors.read()?;

        // 1. Bind the addresses before the store is touched: a second process that cannot serve takes over no shard.
        let api_listener = listen(config.listen).await?.with_tls(security.tls.clone());
        let ops_listener = listen(config.ops_listen).await?;
        let peer_listener = if is_shared { Some(listen(config.peers.listen).await?) } else { None };
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

        // 4. Open the store, and join the other processes that share it.
        let (store, nodes) = open(config).await?;
        let installation = installation(config, &store).await?;
        let (journal, mut cluster) = match nodes.zip(peer_listener.as_ref()) {
            None => {
                let started = Journal::start(Arc::clone(&store), clock.clone(), installation, journal_config(config));
                (Arc::new(started.await.map_err(not_opened)?), None)
            }
            Some((nodes, listener)) => {
                let address = cluster::advertised(config, listener.address()).await?;
                let membership = Membership::start(nodes, clock.clone(), &installation, &config.state_dir, address)?;
                let membership = Arc::new(membership);
                let _ = joined.set(Arc::clone(&membership));
                let journal = Journal::empty(Arc::clone(&store), clock.clone(), installation, journal_config(config));
                let journal = Arc::new(journal);
                let cluster = Cluster::new(membership, &journal, &clock, config.peers.solo);
                (journal, Some(cluster))
            }
        };
        let _ = ops.journal.set(Arc::clone(&journal));

        // 5. Build the services.
        let watchers_go = CancellationToken::new();
        let licensing = licensing::start(config, trust, api_address, &clock)?;
        let shards = match &cluster {
            None => AllShards::of_one_process(Arc::clone(&journal), Arc::clone(&tokens)),
            Some(cluster) => cluster.all_shards(&journal, &tokens),
        };
        let context =
            ServiceContext::new(Arc::clone(&shards), Arc::clone(&licensing), limits(config), watchers_go.clone());
        let about = Arc::new(ServerInfo {
            started: clock.wall(),
            postgres: is_shared,
            shards: journal.shards(),
            instance: journal.instance(),
            authentication: config.security.kinds(),
            log,
        });
        let nodes: Arc<dyn NodeDirectory> = match &cluster {
            None => Arc::new(OnlyNode::new(journal.shards(), clock.clone())),
            Some(cluster) => Arc::new(SharedStore(Arc::clone(&cluster.directories))),
        };
        let server_limits = &config.limits.server;
        let all = mount::all(&context, &about, &nodes, server_limits, &methods, &readiness);
        let mut whole =
            CallHandler::new(all.clone(), Arc::clone(&methods), Arc::clone(&guard), Arc::clone(&stats), server_limits);
        let opened = Arc::new(OpenedShards {
            journal: Arc::clone(&journal),
            licensing: Arc::clone(&licensing),
            demo: demo_key,
            clock: clock.clone(),
            turn: Default::default(),
        });

        // 6. Take calls of other nodes, claim shards and load them. Then read the API tokens, and answer clients.
        if let (Some(cluster), Some(listener)) = (&mut cluster, peer_listener) {
            whole = whole.with_forwarder(cluster.router());
            let peers_stats = Arc::new(Stats::new(Arc::clone(&methods)));
            let forwarded =
                CallHandler::for_peers(all, methods, Arc::clone(&guard), Arc::clone(&peers_stats), server_limits);
            let forwarded = Arc::new(forwarded.with_forwarder(cluster.router()));
            cluster.listen(listener, &shards, forwarded, server_limits, peers_stats)?;
            if config.peers.solo {
                cluster.alone().await?;
            }
            cluster.start(&shards, &readiness, opened::set_up_later(&opened));
            cluster.settled().await?;
        }
        let read = shards.read_tokens().await;
        match &cluster {
            None => read.context("cannot read the API tokens")?,
            // Nobody is let in by token before the node that keeps the tokens has answered; that is asked every second.
            Some(_) => read.unwrap_or_else(|error| tracing::warn!(%error, "the API tokens are not known yet")),
        }
        if config.security.authenticates() {
            api_security::warn_of_anonymous_tokens(&tokens);
        }
        startup_handler.open(whole);

        // 7. Start the background tasks.
        tasks::sweep(&tasks, &journal);
        ops::watch_writers(&tasks, &journal, &readiness);
        security.watch(&tasks);
        tasks::follow_tokens(&tasks, &shards, is_shared);
        tasks::note_token_use(&tasks, &shards);
        if let Some(keep) = config.audit_retention {
            tasks::retain(&tasks, &journal, &clock, keep);
        }
        licensing::fetch(config, &tasks, &journal, &licensing);
        let deliveries = notify::start(config, &tasks, &journal)?;
        let states = match &cluster {
            None => vec![journal.states()],
            Some(cluster) => cluster.by_cell(journal.states()),
        };
        tokio::spawn(health::follow(states, cluster.is_none(), Arc::clone(&readiness)));
        if config.peers.solo {
            tokio::spawn(health::end_on_loss(journal.losses(), Arc::clone(&readiness)));
        }
        let watching = tokio::spawn(store_watch::follow(Arc::clone(&store), Arc::clone(&readiness)));
        let watching = AbortOnDropHandle::new(watching);
        observe(&metrics, &readiness, &stats, &context, &journal, &tasks);
        if let Some(cluster) = &cluster {
            cluster.observe(&metrics, &tokens);
        }
        metrics.observe_deliveries(move || notify::counts(&deliveries));
        let credentials = Arc::clone(&security.credentials);
        metrics.observe_keys(move || credentials.key_failures());
        metrics.observe_refusals(move || guard.refusals().collect());

        // 8. Apply the vendor's revocations, create the demo tenant if configured, and report SERVING.
        opened.set_up(&journal.held()).await.context("cannot make the demo tenant")?;
        let nodes = cluster.as_ref().map(Cluster::nodes).unwrap_or_default();
        let reloading = reload::on_hangup(hangups, vendors, licensing, Arc::clone(&journal), security, nodes);
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
            shards,
            cluster,
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
