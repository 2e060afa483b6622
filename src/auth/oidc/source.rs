//! Reads the issuer's keys. The keys that were read last stay in force until newer ones are read.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use http::header::{ACCEPT, USER_AGENT};
use http::{Request, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};

use super::config::KeysFrom;
use super::jwks::KeySet;
use crate::clock::Clock;
use crate::{files, https};

/// Interval at which keys are read.
const REFRESH_INTERVAL: Duration = Duration::from_secs(10 * 60);
/// Shortest interval between attempts because a token named an unknown key, or because the last attempt failed.
const RETRY_DELAY: Duration = Duration::from_secs(10);
/// Time limit of an attempt, from connecting to the last byte.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Maximum size of a JWKS, in bytes.
const MAX_JWKS_BYTES: u64 = 1024 * 1024;

/// Keys, and their version; 0: none were read yet.
#[derive(Debug, Default)]
pub struct Keys {
    pub set: KeySet,
    pub version: u64,
}

/// Source of the issuer's keys: a file or a URL, the keys that were read last, and the schedule of attempts.
#[derive(Debug)]
pub struct Source {
    from: KeysFrom,
    clock: Clock,
    client: https::Client,
    keys: ArcSwap<Keys>,
    schedule: Mutex<Schedule>,
    failures: AtomicU64,
    /// One attempt at a time, so that the last one to begin is the last one to end.
    busy: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Schedule {
    /// Time of the next attempt, by the monotonic clock.
    next: Duration,
    /// No attempt is requested before this time.
    quiet_until: Duration,
    /// Number of attempts that were requested, and number of these that have ended.
    requested: u64,
    answered: u64,
    failing: bool,
}

impl Source {
    /// Reads keys from a file; a URL is not contacted yet.
    ///
    /// # Errors
    /// The file has no keys.
    pub fn new(from: KeysFrom, clock: Clock) -> Result<Self, String> {
        let keys = match &from {
            KeysFrom::File(file) => Keys { set: read(file)?, version: 1 },
            KeysFrom::Url(_) => Keys::default(),
        };
        let next = if keys.version == 0 { Duration::ZERO } else { clock.monotonic() + REFRESH_INTERVAL };
        Ok(Self {
            from,
            clock,
            client: https::client(),
            keys: ArcSwap::from_pointee(keys),
            schedule: Mutex::new(Schedule { next, ..Schedule::default() }),
            failures: AtomicU64::new(0),
            busy: tokio::sync::Mutex::new(()),
        })
    }

    /// Returns the keys that are in force.
    pub fn keys(&self) -> Arc<Keys> {
        self.keys.load_full()
    }

    /// Number of failed attempts.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// Requests an attempt because a token named an unknown key. Returns true if the key may be known in a moment.
    pub fn want(&self) -> bool {
        let now = self.clock.monotonic();
        let mut schedule = self.schedule();
        if schedule.requested == schedule.answered && now >= schedule.quiet_until {
            schedule.requested += 1;
            schedule.quiet_until = now + RETRY_DELAY;
        }
        schedule.requested != schedule.answered || self.keys.load().version == 0
    }

    /// Reads the keys if it is time to, or if an attempt was requested.
    pub async fn follow(&self) {
        let due = {
            let schedule = self.schedule();
            schedule.requested != schedule.answered || self.clock.monotonic() >= schedule.next
        };
        if due {
            self.refresh().await;
        }
    }

    /// Reads the keys.
    pub async fn refresh(&self) {
        let _one_at_a_time = self.busy.lock().await;
        let requested = self.schedule().requested;
        let read = tokio::time::timeout(FETCH_TIMEOUT, self.read()).await;
        let read = read.unwrap_or_else(|_| Err(format!("no answer within {FETCH_TIMEOUT:?}")));
        let failed = read.is_err();
        let was_failing = {
            let mut schedule = self.schedule();
            schedule.next = self.clock.monotonic() + if failed { RETRY_DELAY } else { REFRESH_INTERVAL };
            std::mem::replace(&mut schedule.failing, failed)
        };
        match read {
            Ok(set) => self.take(set, was_failing),
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                if !was_failing {
                    tracing::warn!(%error, "could not fetch the OIDC issuer's keys; the previous keys stay in force");
                }
            }
        }
        // Set after the keys were stored: a caller that sees no pending attempt finds the new keys.
        self.schedule().answered = requested;
    }

    fn take(&self, set: KeySet, was_failing: bool) {
        let before = self.keys.load();
        let changed = set != before.set;
        if changed || was_failing {
            tracing::info!(keys = set.len(), changed, "fetched the OIDC issuer's keys");
        }
        if changed {
            self.keys.store(Arc::new(Keys { set, version: before.version + 1 }));
        }
    }

    async fn read(&self) -> Result<KeySet, String> {
        match &self.from {
            KeysFrom::File(file) => {
                let file = file.clone();
                tokio::task::spawn_blocking(move || read(&file)).await.map_err(|error| error.to_string())?
            }
            KeysFrom::Url(url) => self.fetch(url).await.map_err(|error| format!("{}: {error}", https::shown(url))),
        }
    }

    async fn fetch(&self, url: &Uri) -> Result<KeySet, String> {
        let request = Request::get(url).header(USER_AGENT, https::USER_AGENT).header(ACCEPT, "application/json");
        let request = request.body(Full::new(Bytes::new())).map_err(|error| error.to_string())?;
        let response = self.client.request(request).await.map_err(|error| https::whole(&error))?;
        if response.status() != StatusCode::OK {
            return Err(format!("it answered {}", response.status()));
        }
        let body = Limited::new(response.into_body(), MAX_JWKS_BYTES as usize).collect().await;
        let body = body.map_err(|error| https::whole(&*error))?.to_bytes();
        let text = std::str::from_utf8(&body).map_err(|_| "it is not UTF-8".to_owned())?;
        KeySet::parse(text).map_err(|wrong| wrong.to_string())
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn read(file: &Path) -> Result<KeySet, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = files::read(file, MAX_JWKS_BYTES).map_err(|error| named(&error))?;
    KeySet::parse(&text).map_err(|wrong| named(&wrong))
}
