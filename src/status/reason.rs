//! Values of `ErrorInfo.reason`, for programs. An error of the ledger with `FAILED_PRECONDITION` carries the ledger's
//! own reason, such as `SESSION_IN_USE`.

/// `INVALID_ARGUMENT`: a field is invalid; `BadRequest` names the fields.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// `NOT_FOUND`: the metadata name it (`resource`, `id`).
pub const RESOURCE_NOT_FOUND: &str = "RESOURCE_NOT_FOUND";
/// `ALREADY_EXISTS`: the metadata name it (`resource`, `id`).
pub const RESOURCE_EXISTS: &str = "RESOURCE_EXISTS";
/// `ABORTED`: the resource was changed since its etag was read.
pub const STALE_ETAG: &str = "STALE_ETAG";
/// `UNAVAILABLE`: too many requests are waiting; retry a little later.
pub const OVERLOADED: &str = "OVERLOADED";
/// `UNAVAILABLE`: the maximum number of watches is open.
pub const TOO_MANY_WATCHERS: &str = "TOO_MANY_WATCHERS";
/// `UNAVAILABLE`: the maximum number of directory syncs is running.
pub const TOO_MANY_SYNCS: &str = "TOO_MANY_SYNCS";
/// `UNAVAILABLE`: the maximum number of exports is running.
pub const TOO_MANY_EXPORTS: &str = "TOO_MANY_EXPORTS";
/// `FAILED_PRECONDITION`: a full sync would block more users than `max_blocked`.
pub const TOO_MANY_TO_BLOCK: &str = "TOO_MANY_TO_BLOCK";
/// `UNAVAILABLE`: the store does not answer.
pub const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";
/// `UNAVAILABLE`: another process serves this tenant now.
pub const NOT_OWNER: &str = "NOT_OWNER";
/// `UNAVAILABLE`: this process has had no answer from the store for three seconds, so that another process may serve
/// this tenant by now.
pub const NO_LEASE: &str = "NO_LEASE";
/// `UNAVAILABLE`: this process is shutting down; reconnect.
pub const DRAINING: &str = "DRAINING";
/// `UNAVAILABLE`: a stream ended; reconnect and resume from the last cursor.
pub const WATCH_ENDED: &str = "WATCH_ENDED";
/// `UNAVAILABLE`: this process has not loaded its state yet.
pub const LOADING: &str = "LOADING";
/// `UNIMPLEMENTED`: there is no method of this name.
pub const NO_SUCH_METHOD: &str = "NO_SUCH_METHOD";
/// `INVALID_ARGUMENT`: the bytes of the request are not a message of this method, or are too many.
pub const UNREADABLE_REQUEST: &str = "UNREADABLE_REQUEST";
/// `DEADLINE_EXCEEDED`: the call's deadline passed; whether it was carried out is not known.
pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
/// `INTERNAL`: a defect of the service.
pub const INTERNAL: &str = "INTERNAL";
/// `UNAUTHENTICATED`: a credential is required, and the call has none.
pub const CREDENTIAL_MISSING: &str = "CREDENTIAL_MISSING";
/// `UNAUTHENTICATED`: the credential is malformed.
pub const CREDENTIAL_MALFORMED: &str = "CREDENTIAL_MALFORMED";
/// `UNAUTHENTICATED`: the credential is unknown.
pub const CREDENTIAL_UNKNOWN: &str = "CREDENTIAL_UNKNOWN";
/// `UNAUTHENTICATED`: the credential has expired.
pub const CREDENTIAL_EXPIRED: &str = "CREDENTIAL_EXPIRED";
/// `UNAUTHENTICATED`: the credential was revoked.
pub const CREDENTIAL_REVOKED: &str = "CREDENTIAL_REVOKED";
/// `UNAVAILABLE`: the credential cannot be verified until the keys of the identity provider are fetched.
pub const KEYS_PENDING: &str = "KEYS_PENDING";
/// `PERMISSION_DENIED`: the credential does not cover this method or this tenant, or the tenant does not exist.
pub const NOT_ALLOWED: &str = "NOT_ALLOWED";
/// `RESOURCE_EXHAUSTED`: too many calls from this address failed authentication or authorization.
pub const TOO_MANY_FAILURES: &str = "TOO_MANY_FAILURES";
/// `RESOURCE_EXHAUSTED`: too many check-outs of one caller or user, or more of something than a tenant's budget allows.
pub const RATE_LIMITED: &str = "RATE_LIMITED";
/// `PERMISSION_DENIED`: the server requires no credentials, and the request names a host that is not its own, or comes
/// from a web page of another origin.
pub const FOREIGN_REQUEST: &str = "FOREIGN_REQUEST";
/// `UNAVAILABLE`: too many calls that need no credential are open, on this connection, of this address, or in all.
pub const TOO_MANY_ANONYMOUS_CALLS: &str = "TOO_MANY_ANONYMOUS_CALLS";
/// `INVALID_ARGUMENT`: the call has more header fields than the server takes.
pub const TOO_MANY_HEADERS: &str = "TOO_MANY_HEADERS";
/// `INVALID_ARGUMENT`: the call's header fields are larger than `--max-headers`.
pub const HEADERS_TOO_LARGE: &str = "HEADERS_TOO_LARGE";
/// `UNAVAILABLE`: the mail server does not accept a license request for now.
pub const REQUEST_NOT_SENT: &str = "REQUEST_NOT_SENT";
/// `FAILED_PRECONDITION`: the mail server permanently rejects license requests to this address.
pub const REQUEST_REFUSED: &str = "REQUEST_REFUSED";
