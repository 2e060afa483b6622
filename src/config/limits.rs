//! Reads the limits of `usher serve`.

use super::problems::ConfigProblems;
use super::values::{duration, number, rate, shortest, size};
use super::{DAY, MINUTE, args};
use crate::ledger::rates::RateLimits;
use crate::server;

/// Limits, by the module that enforces them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Limits of connections and calls.
    pub server: server::Limits,
    /// Limits of the services: watches of sessions, and items of a request.
    pub max_watchers: usize,
    pub max_batch_items: usize,
    /// Limits of the journal: commands that wait for a shard, and commands in a batch.
    pub queue_length: usize,
    pub batch_size: usize,
}

impl Limits {
    pub(super) fn new(args: &args::Limits, problems: &mut ConfigProblems) -> Self {
        const KIB: u64 = 1024;
        const GIB: u64 = KIB * KIB * KIB;
        let max_connections = problems.take("--max-connections", number(&args.max_connections, 1, 1_000_000), 1);
        let anonymous_connections_of_address = (max_connections / 8).max(1_024).min(max_connections);
        let max_streams = problems.take("--max-streams", number(&args.max_streams, 1, 1_000_000), 1);
        let max_calls = problems.take("--max-calls", number(&args.max_calls, 1, 10_000_000), 1);
        let max_watchers = problems.take("--max-watchers", number(&args.max_watchers, 0, 1_000_000), 0);
        let max_seat_request = problems.take("--max-seat-request", size(&args.max_seat_request, KIB, GIB), 0);
        let max_request = problems.take("--max-request", size(&args.max_request, KIB, GIB), 0);
        let max_headers = problems.take("--max-headers", size(&args.max_headers, KIB, GIB), 0);
        let max_batch_items = problems.take("--max-batch-items", number(&args.max_batch_items, 1, 10_000), 1);
        let queue_length = problems.take("--queue-length", number(&args.queue_length, 1, 10_000_000), 1);
        let batch_size = problems.take("--batch-size", number(&args.batch_size, 1, 100_000), 1);
        let server = server::Limits {
            max_connections,
            anonymous_connections_of_address,
            max_streams,
            max_calls,
            max_seat_request,
            max_request,
            max_headers,
            deadline: problems.take("--deadline", duration(&args.deadline, DAY), DAY),
            max_deadline: problems.take("--max-deadline", duration(&args.max_deadline, DAY), DAY),
            first_call_timeout: problems.take("--first-call-timeout", duration(&args.first_call_timeout, DAY), DAY),
            keepalive_interval: problems.take("--keepalive-interval", duration(&args.keepalive_interval, DAY), DAY),
            keepalive_timeout: problems.take(
                "--keepalive-timeout",
                duration(&args.keepalive_timeout, 60 * MINUTE),
                DAY,
            ),
            max_connection_age: problems.take(
                "--max-connection-age",
                duration(&args.max_connection_age, 365 * DAY),
                DAY,
            ),
        };
        let read = !problems.mentions("--deadline") && !problems.mentions("--max-deadline");
        if read && server.deadline > server.max_deadline {
            let (deadline, max) = (shortest(server.deadline), shortest(server.max_deadline));
            problems.add(format!("--deadline: {deadline} is longer than --max-deadline, which is {max}"));
        }
        Self { server, max_watchers, max_batch_items, queue_length, batch_size }
    }

    /// Every limit as text, under the name of its option.
    pub(super) fn settings(&self) -> [(&'static str, String); 16] {
        let server = &self.server;
        [
            ("max-connections", server.max_connections.to_string()),
            ("max-streams", server.max_streams.to_string()),
            ("max-calls", server.max_calls.to_string()),
            ("max-watchers", self.max_watchers.to_string()),
            ("max-seat-request", server.max_seat_request.to_string()),
            ("max-request", server.max_request.to_string()),
            ("max-headers", server.max_headers.to_string()),
            ("max-batch-items", self.max_batch_items.to_string()),
            ("queue-length", self.queue_length.to_string()),
            ("batch-size", self.batch_size.to_string()),
            ("deadline", shortest(server.deadline)),
            ("max-deadline", shortest(server.max_deadline)),
            ("first-call-timeout", shortest(server.first_call_timeout)),
            ("keepalive-interval", shortest(server.keepalive_interval)),
            ("keepalive-timeout", shortest(server.keepalive_timeout)),
            ("max-connection-age", shortest(server.max_connection_age)),
        ]
    }
}

/// Limits on growth that callers cause: its rate.
pub(super) fn rates(args: &args::Limits, problems: &mut ConfigProblems) -> RateLimits {
    let standard = RateLimits::DEFAULT;
    RateLimits {
        denials: problems.take("--denial-event-rate", rate(&args.denial_event_rate), standard.denials),
        admissions: problems.take("--admission-rate", rate(&args.admission_rate), standard.admissions),
        ..standard
    }
}
