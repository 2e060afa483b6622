//! The operations port, for machines that look after this one: plaintext HTTP, three pages, no secrets.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use tonic::body::Body;

use crate::config::Limits;
use crate::health::Readiness;
use crate::journal::Journal;
use crate::server::{Answer, Connection, Handler};
use crate::tasks::Tasks;
use crate::telemetry::metrics::Metrics;

/// A task that is late by this much: nothing runs any more.
const WEDGED: Duration = Duration::from_secs(30);

/// Scrapers wait for ten seconds by default.
const TOTALS_PATIENCE: Duration = Duration::from_secs(2);

const PAGES: &str = "/livez    is the process alive?\n/readyz   is it serving?\n/metrics  in Prometheus' format\n";

/// Answers on the operations port.
pub struct Ops {
    pub readiness: Arc<Readiness>,
    pub tasks: Arc<Tasks>,
    pub metrics: Arc<Metrics>,
    /// Pools that are shown by name: those with the most in use.
    pub top_pools: usize,
    /// Set once it is loaded.
    pub journal: OnceLock<Arc<Journal>>,
}

impl Ops {
    /// Probes and scrapers are few.
    #[must_use]
    pub fn limits(limits: &Limits) -> Limits {
        Limits { max_connections: limits.max_connections.min(64), max_streams: 16, ..limits.clone() }
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

    /// Whether it helps to kill the process: a store that is away, or a drain, is no reason.
    fn livez(&self) -> Response<Body> {
        let wedged = self.tasks.status().into_iter().find(|task| task.age > task.period + WEDGED);
        match wedged {
            None => page(StatusCode::OK, "ok\n"),
            Some(task) => {
                let text = format!("the {} has not run for {} s\n", task.name, task.age.as_secs());
                page(StatusCode::SERVICE_UNAVAILABLE, text)
            }
        }
    }

    fn readyz(&self) -> Response<Body> {
        let obstacles = self.readiness.now();
        if obstacles.serving() {
            return page(StatusCode::OK, "ok\n");
        }
        let reasons: String = obstacles.iter().map(|obstacle| format!("{obstacle}\n")).collect();
        page(StatusCode::SERVICE_UNAVAILABLE, reasons)
    }
}

impl Handler for Ops {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, _: Arc<Connection>) -> Response<Answer> {
        if let ("/metrics", Some(journal)) = (request.uri().path(), self.journal.get()) {
            // The shards are asked in their turn. When that takes too long, the last sums stay.
            let totals = journal.totals(self.top_pools);
            if let Ok((totals, busiest)) = tokio::time::timeout(TOTALS_PATIENCE, totals).await {
                self.metrics.set_totals(totals, busiest);
            }
        }
        self.answer(request.method(), request.uri().path()).map(Answer::from)
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
    use crate::health::Obstacle;
    use crate::ledger::time::Wall;

    fn ops(clock: Clock) -> Ops {
        let metrics = Arc::new(Metrics::start());
        let (readiness, tasks) = (Readiness::loading(), Arc::new(Tasks::new(clock)));
        Ops { readiness, tasks, metrics, top_pools: 0, journal: OnceLock::new() }
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
        ops.readiness.hinder(Obstacle::StoreAway);
        assert_eq!(get(&ops, "/readyz").await, (503, "loading\nstore away\n".into()));
        ops.readiness.clear(Obstacle::Loading);
        ops.readiness.clear(Obstacle::StoreAway);
        assert_eq!(get(&ops, "/readyz").await, (200, "ok\n".into()));
    }

    #[tokio::test(start_paused = true)]
    async fn livez_asks_whether_anything_runs_not_whether_it_serves() {
        let (clock, manual) = Clock::manual(Wall(0));
        let ops = ops(clock);
        let (ran, mut runs) = tokio::sync::mpsc::unbounded_channel();
        ops.tasks.every("sweeper", Duration::from_secs(1), move || {
            let _ = ran.send(());
            std::future::ready(())
        });
        runs.recv().await.unwrap();
        assert_eq!(get(&ops, "/livez").await, (200, "ok\n".into()));
        ops.tasks.stop().await;
        manual.advance(Duration::from_secs(1) + WEDGED);
        assert_eq!(get(&ops, "/livez").await.0, 200);
        manual.advance(Duration::from_secs(1));
        assert_eq!(get(&ops, "/livez").await, (503, "the sweeper has not run for 32 s\n".into()));
    }

    #[tokio::test]
    async fn other_pages_and_methods_are_told_what_there_is() {
        let ops = ops(Clock::system());
        assert_eq!(get(&ops, "/metrics").await.0, 200);
        assert_eq!(get(&ops, "/health").await, (404, PAGES.into()));
        let refused = ops.answer(&Method::POST, "/livez");
        assert_eq!((refused.status().as_u16(), refused.headers()[ALLOW].to_str().unwrap()), (405, "GET, HEAD"));
    }
}
