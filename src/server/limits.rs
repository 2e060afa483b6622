//! Limits of connections and calls.

use std::time::Duration;

/// Bounds on everything that a client controls: its connections, and the calls on them.
#[derive(Debug, Clone)]
pub struct Limits {
    pub max_connections: usize,
    /// Connections of one address that have shown no credential yet.
    pub anonymous_connections_of_address: usize,
    pub max_streams: u32,
    pub max_calls: usize,
    /// Sizes of requests and headers, in bytes.
    pub max_seat_request: usize,
    pub max_request: usize,
    pub max_headers: u32,
    pub deadline: Duration,
    pub max_deadline: Duration,
    pub first_call_timeout: Duration,
    pub keepalive_interval: Duration,
    pub keepalive_timeout: Duration,
    pub max_connection_age: Duration,
}
