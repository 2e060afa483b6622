//! `ErrorInfo.reason`: what programs read. `FAILED_PRECONDITION` carries the reason that the ledger gives, such as
//! `SESSION_IN_USE`; everything else one of these.

/// `INVALID_ARGUMENT`: `BadRequest` names the fields.
pub const INVALID_REQUEST: &str = "INVALID_REQUEST";
/// `NOT_FOUND`: the metadata say what (`resource`, `id`).
pub const RESOURCE_NOT_FOUND: &str = "RESOURCE_NOT_FOUND";
/// `ALREADY_EXISTS`: the metadata say what (`resource`, `id`).
pub const RESOURCE_EXISTS: &str = "RESOURCE_EXISTS";
/// `ABORTED`: the resource was changed since its etag was read.
pub const STALE_ETAG: &str = "STALE_ETAG";
/// `UNAVAILABLE`: too much waits; try again a little later.
pub const OVERLOADED: &str = "OVERLOADED";
/// `UNAVAILABLE`: as many watchers as allowed.
pub const TOO_MANY_WATCHERS: &str = "TOO_MANY_WATCHERS";
/// `UNAVAILABLE`: as many syncs as the server takes at once.
pub const TOO_MANY_SYNCS: &str = "TOO_MANY_SYNCS";
/// `UNAVAILABLE`: as many exports as allowed.
pub const TOO_MANY_EXPORTS: &str = "TOO_MANY_EXPORTS";
/// `FAILED_PRECONDITION`: a full sync that would block more users than `max_blocked`.
pub const TOO_MANY_TO_BLOCK: &str = "TOO_MANY_TO_BLOCK";
/// `UNAVAILABLE`: the store does not answer.
pub const STORE_UNAVAILABLE: &str = "STORE_UNAVAILABLE";
/// `UNAVAILABLE`: another process serves this tenant now.
pub const NOT_OWNER: &str = "NOT_OWNER";
/// `UNAVAILABLE`: this process has not heard from the store for three seconds, and another one may serve this tenant by now.
pub const NO_LEASE: &str = "NO_LEASE";
/// `UNAVAILABLE`: this process is about to end; reconnect.
pub const DRAINING: &str = "DRAINING";
/// `UNAVAILABLE`: a stream ended; reconnect and resume from the last cursor.
pub const WATCH_ENDED: &str = "WATCH_ENDED";
/// `UNAVAILABLE`: this process has not loaded its state yet.
pub const LOADING: &str = "LOADING";
/// `UNIMPLEMENTED`: there is no method of this name.
pub const NO_SUCH_METHOD: &str = "NO_SUCH_METHOD";
/// `INVALID_ARGUMENT`: the bytes of the request are no message of this method, or too many.
pub const UNREADABLE_REQUEST: &str = "UNREADABLE_REQUEST";
/// `DEADLINE_EXCEEDED`: the call's deadline passed; whether it was carried out is not known.
pub const DEADLINE_EXCEEDED: &str = "DEADLINE_EXCEEDED";
/// `INTERNAL`: a defect of the service.
pub const INTERNAL: &str = "INTERNAL";
/// `UNAUTHENTICATED`: a credential is needed, and there was none.
pub const CREDENTIAL_MISSING: &str = "CREDENTIAL_MISSING";
/// `UNAUTHENTICATED`: it has no form that there is.
pub const CREDENTIAL_MALFORMED: &str = "CREDENTIAL_MALFORMED";
/// `UNAUTHENTICATED`: nobody here knows it.
pub const CREDENTIAL_UNKNOWN: &str = "CREDENTIAL_UNKNOWN";
/// `UNAUTHENTICATED`: it was good until it expired.
pub const CREDENTIAL_EXPIRED: &str = "CREDENTIAL_EXPIRED";
/// `UNAUTHENTICATED`: it was good until it was revoked.
pub const CREDENTIAL_REVOKED: &str = "CREDENTIAL_REVOKED";
/// `UNAVAILABLE`: it cannot be checked before keys were fetched.
pub const KEYS_PENDING: &str = "KEYS_PENDING";
/// `PERMISSION_DENIED`: not this call, or not for this tenant, or there is no such tenant.
pub const NOT_ALLOWED: &str = "NOT_ALLOWED";
/// `RESOURCE_EXHAUSTED`: too many calls from this address were not let in.
pub const TOO_MANY_FAILURES: &str = "TOO_MANY_FAILURES";
/// `RESOURCE_EXHAUSTED`: too many check-outs of one caller or user, or more of something than a tenant's budget allows.
pub const RATE_LIMITED: &str = "RATE_LIMITED";
/// `PERMISSION_DENIED`: the server has no credentials, and the call is not meant for it, or is a foreign page's.
pub const FOREIGN_REQUEST: &str = "FOREIGN_REQUEST";
/// `UNAVAILABLE`: too many calls that need no credential are open, on this connection, of this address, or in all.
pub const TOO_MANY_ANONYMOUS_CALLS: &str = "TOO_MANY_ANONYMOUS_CALLS";
/// `INVALID_ARGUMENT`: the call has more header fields than the server takes.
pub const TOO_MANY_HEADERS: &str = "TOO_MANY_HEADERS";
/// `INVALID_ARGUMENT`: the call's header fields are larger than `--max-headers`.
pub const HEADERS_TOO_LARGE: &str = "HEADERS_TOO_LARGE";
/// `UNAVAILABLE`: the mail server does not take a license request at present.
pub const REQUEST_NOT_SENT: &str = "REQUEST_NOT_SENT";
/// `FAILED_PRECONDITION`: the mail server takes no license request to this address.
pub const REQUEST_REFUSED: &str = "REQUEST_REFUSED";
