//! Authenticates and authorizes calls: turns a credential into a principal, and checks the table of roles.
//!
//! A call with an `authorization` header is authenticated by this header alone; without one, by the client certificate
//! of its connection; without either, it is anonymous if no credential is configured, and otherwise refused.

use std::net::Ipv4Addr;
use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Uri};

use super::caller::Caller;
use super::credentials::Credentials;
use super::failures::Failures;
use super::origin::HostNames;
use super::peer::Peer;
use super::policy::{self, Access};
use super::principal::Principal;
use super::refused::Refused;
use crate::clock::Clock;
use crate::ledger::access::Roles;
use crate::ledger::change::Actor;

/// Parts of a request that the guard reads.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
}

/// Decides about every call before anything of its message is read.
#[derive(Debug)]
pub struct Guard {
    /// Access by the number of the method; `None`: nobody may call it.
    table: Box<[Option<Access>]>,
    credentials: Arc<Credentials>,
    failures: Failures,
    /// Names of the server; checked if no credential is configured.
    hosts: HostNames,
    /// Principals with all roles, and with none.
    anonymous: Arc<Principal>,
    nobody: Arc<Principal>,
    clock: Clock,
}

impl Guard {
    /// `methods`: names of the methods, in the order of their numbers.
    pub fn new<'a>(methods: impl Iterator<Item = &'a str>, credentials: Arc<Credentials>, clock: Clock) -> Self {
        Self {
            table: methods.map(policy::access).collect(),
            credentials,
            failures: Failures::new(),
            hosts: HostNames::new(Ipv4Addr::LOCALHOST.into(), Vec::new()),
            anonymous: Arc::new(Principal::anonymous()),
            nobody: Arc::new(Principal::without_roles()),
            clock,
        }
    }

    /// Sets the names of the server for a server that other machines can reach.
    #[must_use]
    pub fn with_host_names(mut self, hosts: HostNames) -> Self {
        self.hosts = hosts;
        self
    }

    /// Returns the caller of a method that needs no credential; `None`: the method needs one. `method`: its number.
    #[must_use]
    pub fn anybody(&self, method: usize) -> Option<Caller> {
        let open = self.table[method] == Some(Access::Open);
        open.then(|| Caller { principal: Arc::clone(&self.nobody), needs: Roles::NONE })
    }

    /// Authenticates and authorizes a call. `method`: its number and its name.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn admit(&self, method: (usize, &str), request: Head, peer: &Peer) -> Result<Caller, Refused> {
        if let Some(anybody) = self.anybody(method.0) {
            return Ok(anybody);
        }
        let principal = match self.principal(request, peer) {
            Ok(principal) => principal,
            Err(refused) => return Err(self.note(refused, None, method.1, peer)),
        };
        match self.needs(method.0, &principal) {
            Ok(needs) => Ok(Caller { principal, needs }),
            Err(refused) => Err(self.note(refused, Some(&principal.actor), method.1, peer)),
        }
    }

    /// Authorizes a call whose caller another node has authenticated. `method`: its number. An API token is checked
    /// again, because it may have been revoked meanwhile, and this node may be the first one that knows it (C10).
    ///
    /// # Errors
    /// [`Refused`]
    pub fn authorize(&self, method: usize, principal: Arc<Principal>) -> Result<Caller, Refused> {
        if let Some(token) = principal.token {
            self.credentials.check_again(token)?;
        }
        let needs = self.needs(method, &principal)?;
        Ok(Caller { principal, needs })
    }

    /// Roles that the method needs, if the principal has one of them.
    fn needs(&self, method: usize, principal: &Principal) -> Result<Roles, Refused> {
        match self.table[method] {
            Some(Access::For(needs)) if principal.has_role(needs) => Ok(needs),
            _ => Err(Refused::NotAllowed),
        }
    }

    fn note(&self, refused: Refused, by: Option<&Actor>, method: &str, peer: &Peer) -> Refused {
        self.failures.note(refused, by, peer.address.ip(), method, self.clock.monotonic())
    }

    fn principal(&self, request: Head, peer: &Peer) -> Result<Arc<Principal>, Refused> {
        if !self.credentials.are_needed() {
            self.hosts.check(request.uri, request.headers).map_err(Refused::Foreign)?;
        }
        let mut given = request.headers.get_all(AUTHORIZATION).iter();
        match (given.next(), given.next()) {
            (Some(only), None) => self.credentials.bearer(only),
            // Ambiguous.
            (Some(_), Some(_)) => Err(Refused::Malformed),
            (None, _) if peer.names.is_some() => {
                peer.check_in_force(self.clock.wall())?;
                self.credentials.certificate(peer)
            }
            (None, _) if self.credentials.are_needed() => Err(Refused::Missing),
            (None, _) => Ok(Arc::clone(&self.anonymous)),
        }
    }

    /// Numbers of refused calls, by reason.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.failures.counts()
    }
}
