//! Batches what the calls on a connection to a peer write.

use std::future::{Future, poll_fn};
use std::task::ready;

/// Polls the task of a connection after all other tasks that are ready, so that it reads and writes the calls of many at
/// once: it is woken by the first of them, would run before the others, and would make a system call for each.
pub(super) fn after_others<F: Future>(connection: F) -> impl Future<Output = F::Output> {
    // Boxed, so that the task has room for one connection and not for two.
    let (mut connection, mut others) = (Box::pin(connection), Box::pin(tokio::task::yield_now()));
    poll_fn(move |context| {
        ready!(others.as_mut().poll(context));
        others.set(tokio::task::yield_now());
        connection.as_mut().poll(context)
    })
}
