//! The guard at the front door: a credential becomes a principal, and the table says whether the call is for them.
//!
//! A call that brings an `authorization` header is judged by that alone; one that brings none, by the certificate of its
//! connection; one that brings neither is anybody's, where no credential is configured, and nobody's elsewhere.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::caller::Caller;
use super::credentials::Credentials;
use super::failures::Failures;
use super::peer::Peer;
use super::policy::{self, Access};
use super::principal::Principal;
use super::refused::Refused;
use crate::clock::Clock;
use crate::ledger::access::Roles;
use crate::ledger::change::Actor;

/// Decides about every call, before anything of its message is read.
#[derive(Debug)]
pub struct Guard {
    /// By the number of the method; `None`: for nobody.
    table: Box<[Option<Access>]>,
    credentials: Arc<Credentials>,
    failures: Failures,
    /// Everybody, and nobody.
    anonymous: Arc<Principal>,
    nobody: Arc<Principal>,
    clock: Clock,
}

impl Guard {
    /// `methods`: their names, in the order of their numbers.
    pub fn new<'a>(methods: impl Iterator<Item = &'a str>, credentials: Arc<Credentials>, clock: Clock) -> Self {
        Self {
            table: methods.map(policy::access).collect(),
            credentials,
            failures: Failures::new(),
            anonymous: Arc::new(Principal::anonymous()),
            nobody: Arc::new(Principal::nobody()),
            clock,
        }
    }

    /// Lets a call in, or says why not. `method`: its number and its name.
    ///
    /// # Errors
    /// [`Refused`]
    pub fn admit(&self, method: (usize, &str), headers: &HeaderMap, peer: &Peer) -> Result<Caller, Refused> {
        let needs = match self.table[method.0] {
            Some(Access::Open) => return Ok(Caller { principal: Arc::clone(&self.nobody), needs: Roles::NONE }),
            Some(Access::For(needs)) => Some(needs),
            None => None,
        };
        let principal = match self.principal(headers, peer) {
            Ok(principal) => principal,
            // Nothing is wrong with the credential.
            Err(refused) if refused.plain() == Refused::KeysPending => {
                self.failures.count(refused);
                return Err(refused);
            }
            Err(refused) => return Err(self.note(refused, None, method.1, peer)),
        };
        match needs {
            Some(needs) if principal.has_role(needs) => Ok(Caller { principal, needs }),
            _ => Err(self.note(Refused::NotAllowed, Some(&principal.actor), method.1, peer)),
        }
    }

    fn note(&self, refused: Refused, by: Option<&Actor>, method: &str, peer: &Peer) -> Refused {
        self.failures.note(refused, by, peer.address.ip(), method, self.clock.monotonic())
    }

    fn principal(&self, headers: &HeaderMap, peer: &Peer) -> Result<Arc<Principal>, Refused> {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        match (given.next(), given.next()) {
            (Some(only), None) => self.credentials.bearer(only),
            // Which one was meant?
            (Some(_), Some(_)) => Err(Refused::Malformed),
            (None, _) if peer.names.is_some() => self.credentials.certificate(peer),
            (None, _) if self.credentials.are_needed() => Err(Refused::Missing),
            (None, _) => Ok(Arc::clone(&self.anonymous)),
        }
    }

    /// How many calls were not let in, by reason.
    pub fn refusals(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.failures.counts()
    }
}
