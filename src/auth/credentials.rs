//! The credentials that this server accepts, and their principals.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use http::HeaderValue;

use super::access_file::Access;
use super::peer::Peer;
use super::principal::Principal;
use super::refused::Refused;
use super::rules::Rules;
use super::token::{Token, TokenHash};
use super::tokens::Tokens;
use super::used_token::UsedToken;
use crate::clock::Clock;
use crate::ids::TokenId;
use crate::ledger::access::{Roles, Tenants};
use crate::ledger::change::Actor;

/// Everything that credentials are checked against.
#[derive(Debug)]
pub struct Credentials {
    /// True: a call without a credential is refused.
    needed: bool,
    /// The token of `--admin-token-file`, which may do everything.
    admin: Option<(TokenId, TokenHash, Arc<Principal>)>,
    tokens: Arc<Tokens>,
    rules: ArcSwap<Rules>,
    /// Edition of `rules`: principals that were found by an older one are looked up again.
    edition: AtomicU64,
    clock: Clock,
}

impl Credentials {
    #[must_use]
    pub fn new(needed: bool, admin: Option<&Token>, tokens: Arc<Tokens>, rules: Rules, clock: Clock) -> Self {
        let principal = || Arc::new(Principal::new(Actor("token:admin".into()), Roles::ALL, Tenants::All));
        Self {
            needed,
            admin: admin.map(|token| (token.id(), token.hash(), principal())),
            tokens,
            rules: ArcSwap::from_pointee(rules),
            edition: AtomicU64::new(0),
            clock,
        }
    }

    /// No credential is required, and none is accepted.
    #[must_use]
    pub fn none(clock: Clock) -> Self {
        Self::new(false, None, Arc::default(), Rules::default(), clock)
    }

    pub(super) fn are_needed(&self) -> bool {
        self.needed
    }

    /// Replaces the rules of the access file.
    ///
    /// # Errors
    /// As [`Rules::new`]; then the previous rules stay in force.
    pub fn set_access(&self, access: Access) -> Result<(), String> {
        self.rules.store(Arc::new(self.rules.load().replaced_by(access, &self.clock)?));
        self.edition.fetch_add(1, Ordering::Release);
        Ok(())
    }

    /// Hash of the access file in force; empty: there is none.
    #[must_use]
    pub fn access_hash(&self) -> Box<str> {
        self.rules.load().hash().into()
    }

    /// Number of failed attempts to read the keys of the identity provider.
    #[must_use]
    pub fn key_failures(&self) -> u64 {
        self.rules.load().oidc.as_ref().map_or(0, |oidc| oidc.refresh_failures())
    }

    /// Reads the keys of the identity provider again now.
    pub async fn refresh_keys(&self) {
        let rules = self.rules.load_full();
        if let Some(oidc) = &rules.oidc {
            oidc.refresh_keys().await;
        }
    }

    /// Reads the keys of the identity provider again if it is time to; must be called once a second.
    pub async fn follow_keys(&self) {
        let rules = self.rules.load_full();
        if let Some(oidc) = &rules.oidc {
            oidc.follow_keys().await;
        }
    }

    /// Returns the principal of a header such as `Bearer usher_…`.
    pub(super) fn bearer(&self, header: &HeaderValue) -> Result<Arc<Principal>, Refused> {
        let text = header.to_str().map_err(|_| Refused::Malformed)?;
        let credential = text
            .split_at_checked("bearer ".len())
            .and_then(|(scheme, rest)| scheme.eq_ignore_ascii_case("bearer ").then_some(rest.trim()))
            .ok_or(Refused::Malformed)?;
        if Token::has_token_prefix(credential) {
            return self.token(credential);
        }
        match &self.rules.load().oidc {
            Some(oidc) => oidc.check(credential).map_err(Refused::Oidc),
            None => Err(Refused::Malformed),
        }
    }

    fn token(&self, text: &str) -> Result<Arc<Principal>, Refused> {
        let token = Token::parse(text).map_err(|_| Refused::Malformed)?;
        match &self.admin {
            Some((id, hash, principal)) if *id == token.id() && hash.is(&token.hash()) => Ok(Arc::clone(principal)),
            _ => self.tokens.find(&token, self.clock.wall()).map_err(Refused::from),
        }
    }

    /// Checks again an API token that another process has let in (C10).
    pub(super) fn check_again(&self, token: UsedToken) -> Result<(), Refused> {
        Ok(self.tokens.check_again(token, self.clock.wall())?)
    }

    /// Returns the principal of the names in the certificate of a connection. It is cached in the connection, because
    /// each of its calls needs it.
    pub(super) fn certificate(&self, peer: &Peer) -> Result<Arc<Principal>, Refused> {
        let edition = self.edition.load(Ordering::Acquire);
        let mut known = peer.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if !matches!(&*known, Some((of, _)) if *of == edition) {
            let found = peer.names.as_ref().and_then(|names| self.rules.load().certificate(names));
            *known = Some((edition, found));
        }
        known.as_ref().and_then(|(_, found)| found.clone()).ok_or(Refused::Nobody)
    }
}
