//! Callers for tests that are not about authentication.

use std::sync::Arc;

use tonic::Request;
use usher::auth::{Caller, Credentials, Guard, Principal};
use usher::clock::Clock;
use usher::ledger::access::Roles;
use usher::server::Methods;

/// A guard that requires no credential.
pub fn open_guard(methods: &Methods) -> Arc<Guard> {
    let clock = Clock::system();
    Arc::new(Guard::new(methods.names(), Arc::new(Credentials::none(clock.clone())), clock))
}

/// A caller with every role.
pub fn anyone() -> Caller {
    Caller { principal: Arc::new(Principal::anonymous()), needs: Roles::ALL }
}

/// A request of such a caller, for a service that is called without a server.
pub fn anonymous_request<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.extensions_mut().insert(anyone());
    request
}
