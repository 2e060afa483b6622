//! The operations port, for monitoring: plaintext HTTP, three pages, no secrets.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use tonic::body::Body;

use crate::auth::{Foreign, HostNames};
use crate::health::{NotReadyReason, Readiness};
use crate::journal::Journal;
use crate::server::{Connection, Handler, Limits, ResponseBody};
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;

/// If a task is late by this much, the process is stuck.
const STUCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval between two checks of the shards' writers.
const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// Longest wait for the totals of the shards. Scrapers wait for ten seconds by default.
const TOTALS_TIMEOUT: Duration = Duration::from_secs(2);

/// Monitoring makes few connections, and reconnects at no cost.
const MAX_CONNECTION_AGE: Duration = Duration::from_secs(5 * 60);
/// Longest time for which a client may leave a page unread.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(10);

const PAGES: &str = "/livez    is the process alive?\n/readyz   is it serving?\n/metrics  in Prometheus' format\n";

/// Handler of the operations port.
pub struct Ops {
    pub readiness: Arc<Readiness>,
    pub tasks: Arc<Tasks>,
    pub metrics: Arc<Metrics>,
    /// Number of pools that are shown by name: those with the most seats in use.
    pub top_pools: usize,
    /// Set once the journal is loaded.
    pub journal: OnceLock<Arc<Journal>>,
    /// Host names under which the port is reached.
    pub hosts: HostNames,
    /// True if the port listens on this machine only. Then a request under any other name comes from a browser that was
    /// misled (DNS rebinding).
    pub is_local: bool,
}

impl Ops {
    /// Limits of this port: probes and scrapers are few.
    #[must_use]
    pub fn limits(limits: &Limits) -> Limits {
        let max_connections = limits.max_connections.min(64);
        Limits {
            max_connections,
            anonymous_connections_of_address: max_connections.div_ceil(2),
            max_streams: 16,
            max_deadline: limits.max_deadline.min(UNREAD_TIMEOUT),
            max_connection_age: limits.max_connection_age.min(MAX_CONNECTION_AGE),
            ..limits.clone()
        }
    }

    /// Metrics show the usage of tenants, so pages that a browser shows may not read them.
    fn check_origin(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        if self.is_local { self.hosts.check(uri, headers) } else { self.hosts.check_page(uri, headers) }
    }

    fn answer(&self, method: &Method, path: &str) -> Response<Body> {
        if method != Method::GET && method != Method::HEAD {
            let mut refused = page(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
            refused.headers_mut().insert(ALLOW, http::HeaderValue::from_static("GET, HEAD"));
            return refused;
        }
        match path {
            "/livez" => self.livez(),
            "/readyz" => self.readyz(),
            "/metrics" => {
                let mut metrics = page(StatusCode::OK, self.metrics.render());
                let format = http::HeaderValue::from_static(prometheus::TEXT_FORMAT);
                metrics.headers_mut().insert(CONTENT_TYPE, format);
                metrics
            }
            "/" => page(StatusCode::OK, PAGES),
            _ => page(StatusCode::NOT_FOUND, PAGES),
        }
    }

    /// Fails only if killing the process would help: a store that is away, or a drain, is no reason.
    fn livez(&self) -> Response<Body> {
        if let Some((shard, age)) = self.journal.get().and_then(|journal| journal.stuck()) {
            let text = format!("the writer of shard {shard} has been in one step for {} s\n", age.as_secs());
            return page(StatusCode::SERVICE_UNAVAILABLE, text);
        }
        let stuck = self.tasks.status().into_iter().find(|task| task.age > task.period + STUCK_TIMEOUT);
        match stuck {
            None => page(StatusCode::OK, "ok\n"),
            Some(task) => {
                let text = format!("the {} has not run for {} s\n", task.name, task.age.as_secs());
                page(StatusCode::SERVICE_UNAVAILABLE, text)
            }
        }
    }

    fn readyz(&self) -> Response<Body> {
        let reasons = self.readiness.now();
        if reasons.serving() {
            return page(StatusCode::OK, "ok\n");
        }
        let reasons: String = reasons.iter().map(|reason| format!("{reason}\n")).collect();
        page(StatusCode::SERVICE_UNAVAILABLE, reasons)
    }
}

/// Checks the shards' writers once a second, because a writer that is stuck cannot report it.
pub fn watch_writers(tasks: &Tasks, journal: &Arc<Journal>, readiness: &Arc<Readiness>) {
    let (journal, readiness) = (Arc::clone(journal), Arc::clone(readiness));
    tasks.every("watchdog", WATCH_INTERVAL, move || {
        match journal.stuck() {
            Some(_) => readiness.set(NotReadyReason::Stuck),
            None => readiness.clear(NotReadyReason::Stuck),
        }
        std::future::ready(())
    });
}

impl Handler for Ops {
    async fn handle(
        self: Arc<Self>,
        request: Request<Incoming>,
        connection: Arc<Connection>,
    ) -> Response<ResponseBody> {
        if let Err(foreign) = self.check_origin(request.uri(), request.headers()) {
            let refused = page(StatusCode::FORBIDDEN, format!("{}\n", foreign.header()));
            return ResponseBody::unread(connection, refused);
        }
        if let ("/metrics", Some(journal)) = (request.uri().path(), self.journal.get()) {
            // The query waits for its turn in each shard. If that takes too long, the previous totals stay.
            let totals = journal.totals(self.top_pools);
            if let Ok((totals, busiest)) = tokio::time::timeout(TOTALS_TIMEOUT, totals).await {
                self.metrics.set_totals(totals, busiest);
            }
        }
        let response = self.answer(request.method(), request.uri().path());
        ResponseBody::unread(connection, response)
    }
}

fn page(status: StatusCode, text: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::new(http_body_util::Full::new(text.into())));
    *response.status_mut() = status;
    let text = http::HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::ledger::time::WallTime;

    fn ops(clock: Clock) -> Ops {
        let metrics = Arc::new(Metrics::start());
        let (readiness, tasks) = (Readiness::loading(), Arc::new(Tasks::new(clock)));
        let hosts = HostNames::new([127, 0, 0, 1].into(), Vec::new());
        Ops { readiness, tasks, metrics, top_pools: 0, journal: OnceLock::new(), hosts, is_local: true }
    }

    async fn get(ops: &Ops, path: &str) -> (u16, String) {
        let response = ops.answer(&Method::GET, path);
        let status = response.status().as_u16();
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn readyz_lists_every_reason_until_there_is_none() {
        let ops = ops(Clock::system());
        assert_eq!(get(&ops, "/readyz").await, (503, "loading\n".into()));
        ops.readiness.set(NotReadyReason::StoreAway);
        assert_eq!(get(&ops, "/readyz").await, (503, "loading\nstore away\n".into()));
        ops.readiness.clear(NotReadyReason::Loading);
        ops.readiness.clear(NotReadyReason::StoreAway);
        assert_eq!(get(&ops, "/readyz").await, (200, "ok\n".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn livez_asks_whether_anything_runs_not_whether_it_serves() {
        let (clock, manual) = Clock::manual(WallTime(0));
        let ops = ops(clock);
        let (ran, mut runs) = tokio::sync::mpsc::unbounded_channel();
        ops.tasks.every("sweeper", Duration::from_secs(1), move || {
            let _ = ran.send(());
            std::future::ready(())
        });
        runs.recv().await.unwrap();
        assert_eq!(get(&ops, "/livez").await, (200, "ok\n".into()));
        ops.tasks.stop().await;
        manual.advance(Duration::from_secs(1) + STUCK_TIMEOUT);
        assert_eq!(get(&ops, "/livez").await.0, 200);
        manual.advance(Duration::from_secs(1));
        assert_eq!(get(&ops, "/livez").await, (503, "the sweeper has not run for 32 s\n".into()));
    }

    #[test]
    fn a_page_in_a_browser_reads_nothing_here() {
        let mut ops = ops(Clock::system());
        let check = |ops: &Ops, host: &str, more: Option<(&'static str, &str)>| {
            let fields = [("host", host)].into_iter().chain(more);
            let headers = fields.map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            ops.check_origin(&Uri::from_static("/metrics"), &headers)
        };
        assert_eq!(check(&ops, "localhost:9464", None), Ok(()));
        assert_eq!(check(&ops, "rebound.example:9464", None), Err(Foreign::Host));
        ops.is_local = false;
        assert_eq!(check(&ops, "usher.monitoring.svc:9464", None), Ok(()), "scrapers use names that nobody told it");
        assert_eq!(check(&ops, "usher:9464", Some(("sec-fetch-site", "cross-site"))), Err(Foreign::Site));
        assert_eq!(check(&ops, "usher:9464", Some(("origin", "https://evil.example"))), Err(Foreign::Origin));
    }

    #[tokio::test]
    async fn other_pages_and_methods_get_a_list_of_what_there_is() {
        let ops = ops(Clock::system());
        assert_eq!(get(&ops, "/metrics").await.0, 200);
        assert_eq!(get(&ops, "/health").await, (404, PAGES.into()));
        let refused = ops.answer(&Method::POST, "/livez");
        assert_eq!((refused.status().as_u16(), refused.headers()[ALLOW].to_str().unwrap()), (405, "GET, HEAD"));
    }
}
