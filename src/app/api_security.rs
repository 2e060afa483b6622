//! API security: TLS, and the credentials of callers. Its files are read at the start, and again on SIGHUP;
//! certificates also when their files change, because they are renewed without a signal.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Access, AccessError, Credentials, Principal, Rules, Tokens};
use crate::clock::Clock;
use crate::config::Config;
use crate::failure::Failure;
use crate::server::Tls;
use crate::tasks::Tasks;

/// How often the certificate files are checked for changes.
const CERTIFICATE_CHECK_INTERVAL: Duration = Duration::from_secs(30);
/// How often to check that the keys of the identity provider need not be read again.
const KEY_CHECK_INTERVAL: Duration = Duration::from_secs(1);

pub(super) struct ApiSecurity {
    pub tls: Option<Arc<Tls>>,
    pub credentials: Arc<Credentials>,
    access: Option<PathBuf>,
}

impl ApiSecurity {
    /// Reads every file.
    ///
    /// # Errors
    /// [`Failure::Tls`], [`Failure::Access`]
    pub fn read(config: &Config, tokens: Arc<Tokens>, clock: Clock) -> Result<Self, Failure> {
        let security = &config.security;
        let tls = security.tls.as_ref().map(|files| Tls::read(files, clock.clone())).transpose()?.map(Arc::new);
        let rules = security.access.as_deref().map(|path| rules(path, &clock)).transpose()?.unwrap_or_default();
        let (needed, admin) = (security.authenticates(), security.admin_token.as_ref());
        let credentials = Arc::new(Credentials::new(needed, admin, tokens, rules, clock));
        Ok(Self { tls, credentials, access: security.access.clone() })
    }

    /// Reads every file again, and the keys of the identity provider. Whatever is invalid is not taken: the previous
    /// one stays in force.
    pub async fn read_again(&self) {
        self.read_certificates();
        let Some(path) = &self.access else { return };
        let wrong = |what| AccessError { file: path.clone(), what };
        match Access::load(path).and_then(|access| self.credentials.set_access(access).map_err(wrong)) {
            Ok(()) => tracing::info!("access file reloaded"),
            Err(error) => tracing::error!("--access: {error}; the previous access file stays in force"),
        }
        self.credentials.refresh_keys().await;
    }

    /// Hash of the access file in force, the same on every node with the same file (C10); empty: there is none.
    pub fn access_hash(&self) -> Box<str> {
        self.credentials.access_hash()
    }

    /// A warning about the server's own certificate, if there is one.
    pub fn warning(&self) -> Option<String> {
        self.tls.as_ref().and_then(|tls| tls.warning())
    }

    /// Starts the tasks that watch the certificate files and refresh the keys of the identity provider.
    pub fn watch(self: &Arc<Self>, tasks: &Tasks) {
        if self.access.is_some() {
            let credentials = Arc::clone(&self.credentials);
            tasks.every("oidc-keys", KEY_CHECK_INTERVAL, move || {
                let credentials = Arc::clone(&credentials);
                async move { credentials.follow_keys().await }
            });
        }
        if self.tls.is_some() {
            self.warn();
            let security = Arc::clone(self);
            tasks.every("certificates", CERTIFICATE_CHECK_INTERVAL, move || {
                security.read_certificates();
                std::future::ready(())
            });
        }
    }

    fn warn(&self) {
        if let Some(warning) = self.warning() {
            tracing::warn!("{warning}");
        }
    }

    fn read_certificates(&self) {
        match self.tls.as_ref().map(|tls| tls.read_again()) {
            Some(Ok(true)) => {
                tracing::info!("certificates reloaded");
                self.warn();
            }
            Some(Ok(false)) | None => {}
            Some(Err(error)) => tracing::error!("{error}; the previous certificates stay in force"),
        }
    }
}

fn rules(path: &Path, clock: &Clock) -> Result<Rules, AccessError> {
    Rules::new(Access::load(path)?, clock).map_err(|what| AccessError { file: path.to_owned(), what })
}

/// Logs the tokens that were created without authentication. They stay valid like any other.
pub(super) fn warn_of_anonymous_tokens(tokens: &Tokens) {
    for row in tokens.active_of(&Principal::anonymous().actor) {
        tracing::warn!(
            token_id = %row.id,
            name = %row.name,
            "this API token was made by an anonymous caller, while no credentials were configured: revoke it, unless \
             you know whose it is"
        );
    }
}
