//! OIDC: access tokens of an identity provider, as credentials. Usher verifies them itself, as strictly as licenses and
//! for the same reasons (docs/decisions/0021-verify-licenses-with-ring-only.md).

mod cache;
mod claims;
mod config;
mod jwks;
mod jwt;
mod refused;
mod source;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ring::digest::{SHA256, digest};

pub use self::config::{KeysFrom, OidcConfig, Rule, RuleTenants};
pub use jwks::KeySet;
pub use refused::Refused;

use super::Principal;
use crate::clock::Clock;
use crate::ledger::time::WallTime;
use cache::Cache;
use claims::Claims;
use jwt::Jwt;
use source::{Keys, Source};

/// Maximum length of a token, in bytes.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// One issuer: verifies its tokens and returns their principals.
#[derive(Debug)]
pub struct Oidc {
    config: OidcConfig,
    clock: Clock,
    source: Source,
    /// The latest wall time that was seen: a clock that is set back revives no token.
    latest: AtomicI64,
    cache: Mutex<Cache>,
}

impl Oidc {
    /// Keys in a file are read at once; keys at a URL when [`Oidc::follow_keys`] is called.
    ///
    /// # Errors
    /// The file with keys, and why it cannot be used.
    pub fn new(config: OidcConfig, clock: Clock) -> Result<Self, String> {
        let source = Source::new(config.keys.clone(), clock.clone())?;
        Ok(Self { config, clock, source, latest: AtomicI64::new(i64::MIN), cache: Mutex::default() })
    }

    /// Verifies a token and returns its principal.
    ///
    /// # Errors
    /// [`Refused`]: the first of its form, its header, its key, its signature, its claims.
    pub fn check(&self, token: &str) -> Result<Arc<Principal>, Refused> {
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Refused::TooLong);
        }
        let now = self.now();
        let hash = digest(&SHA256, token.as_bytes()).as_ref().try_into().expect("SHA-256 has 32 bytes");
        if let Some(principal) = self.cache().get(&hash, self.source.keys().version, now) {
            return Ok(principal);
        }
        let token = Jwt::parse(token)?;
        let keys = self.keys_for(&token)?;
        let key = keys.set.find(token.kid.as_deref(), token.algorithm)?;
        let claims = Claims::read(token.opened(key)?, &self.config, now)?;
        let principal = Arc::new(claims.principal(&self.config)?);
        self.cache().put(hash, keys.version, claims.end, Arc::clone(&principal));
        Ok(principal)
    }

    /// Returns the keys for a token, unless an attempt to read newer ones is pending.
    fn keys_for(&self, token: &Jwt<'_>) -> Result<Arc<Keys>, Refused> {
        let keys = self.source.keys();
        match keys.set.find(token.kid.as_deref(), token.algorithm) {
            Err(Refused::UnknownKey) if self.source.want() => Err(Refused::KeysPending),
            // They may have been read since `keys` was loaded.
            Err(Refused::UnknownKey) => Ok(self.source.keys()),
            _ => Ok(keys),
        }
    }

    /// Reads the keys again if it is time to, or if a token named an unknown key; must be called once a second.
    pub async fn follow_keys(&self) {
        self.source.follow().await;
    }

    /// Reads the keys again.
    pub async fn refresh_keys(&self) {
        self.source.refresh().await;
    }

    /// Number of failed attempts to read keys.
    #[must_use]
    pub fn refresh_failures(&self) -> u64 {
        self.source.failures()
    }

    fn now(&self) -> WallTime {
        let now = self.clock.wall();
        WallTime(self.latest.fetch_max(now.0, Ordering::Relaxed).max(now.0))
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
