//! Who may call: the first steps of a call.

use std::sync::Arc;
use std::time::Duration;

use http::Request;

use super::super::connection::Connection;
use super::super::forward::{Forwarded, REPEATED};
use super::super::request_shape::{self, Refusal};
use super::super::routes::Route;
use super::super::scope::Scope;
use super::super::stats::CallGuard;
use super::CallHandler;
use crate::auth::{Caller, Head, Refused};
use crate::status::{self, Repeated};

/// A stream that needs no credential, such as one of reflection, ends when its client sends nothing for this long.
const ANONYMOUS_IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The route of an admitted call, and how to serve it.
pub(super) struct Admitted {
    /// Number of the method.
    pub number: usize,
    pub route: Route,
    pub uploads: bool,
    pub idle: Option<Duration>,
    pub is_anonymous: bool,
}

impl<F> CallHandler<F> {
    /// Authenticates and authorizes a call, finds its route, and attaches the caller to the request.
    pub(super) fn admit<B>(
        &self,
        number: usize,
        call: &mut CallGuard,
        calls_now: usize,
        request: &mut Request<B>,
        connection: &Connection,
    ) -> Result<Admitted, Refusal> {
        let method = &self.methods.all()[number];
        let anybody = self.guard.anybody(number);
        if anybody.is_none() && calls_now > self.max_calls {
            return Err(status::overloaded().into());
        }
        call.scope = Scope::open(method, request.headers(), connection.peer().address);
        let is_anonymous = anybody.is_some();
        let caller = match anybody {
            Some(anybody) => {
                let open = connection.open_anonymous_call();
                call.anonymous = Some(open.ok_or_else(status::too_many_anonymous_calls)?);
                anybody
            }
            None => {
                let _entered = call.scope.enter();
                let caller = if self.is_peers {
                    self.forwarded_caller(number, request)
                } else {
                    let head = Head { uri: request.uri(), headers: request.headers() };
                    self.guard.admit((number, &method.name), head, connection.peer())
                };
                let caller = caller.map_err(status::not_let_in)?;
                connection.has_shown_credential();
                caller
            }
        };
        let route = self.method_routes[number].ok_or_else(status::loading)?;
        request.extensions_mut().insert(caller);
        request_shape::forget_unread(request.headers_mut());
        let idle = (is_anonymous && method.endless).then_some(ANONYMOUS_IDLE_TIMEOUT);
        Ok(Admitted { number, route, uploads: method.uploads, idle, is_anonymous })
    }

    /// Authorizes the caller whom another node has authenticated.
    fn forwarded_caller<B>(&self, number: usize, request: &mut Request<B>) -> Result<Caller, Refused> {
        let forwarded = request.extensions().get::<Forwarded>().ok_or(Refused::Missing)?;
        let caller = self.guard.authorize(number, Arc::clone(&forwarded.principal))?;
        if request.headers_mut().remove(REPEATED).is_some() {
            request.extensions_mut().insert(Repeated);
        }
        Ok(caller)
    }
}
