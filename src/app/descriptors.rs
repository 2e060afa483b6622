//! File descriptors: every connection needs one, and the usual soft limit of 1,024 is meant for programs that use
//! `select`.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Descriptors for everything but the connections of clients: sockets, files, the operations port's connections, and
/// the store's connections that read. The store's writers come on top, one for each shard.
const OWN_DESCRIPTORS: u64 = 256;

/// Raises the limit of open files as far as the process may, and returns the number of connections that fit:
/// `requested`, or fewer.
pub(super) fn make_room(requested: usize, shards: u16) -> usize {
    let own = OWN_DESCRIPTORS + u64::from(shards);
    let limit = raise();
    let room = room(requested, limit, own);
    if room < requested {
        let needed = requested as u64 + own;
        tracing::warn!(
            limit,
            "open files: room for {room} connections, not for --max-connections {requested}; raise the hard limit to \
             {needed} (ulimit -Hn, LimitNOFILE=), or ask for fewer"
        );
    }
    room
}

/// Returns the limit after raising it; `None`: unlimited.
fn raise() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    let soft = std::mem::replace(&mut limit.current, limit.maximum);
    // Some systems allow less than their hard limit says; then the soft limit stays.
    if setrlimit(Resource::Nofile, limit).is_ok() { limit.maximum } else { soft }
}

/// Number of connections that fit. Clients get at least half of the limit, even if the process's own descriptors then
/// do not all fit.
fn room(requested: usize, limit: Option<u64>, own: u64) -> usize {
    let Some(limit) = limit else { return requested };
    let room = limit.saturating_sub(own).max(limit / 2);
    requested.min(usize::try_from(room).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_what_was_asked_or_for_what_the_limit_allows() {
        assert_eq!(room(16_384, None, 257), 16_384);
        assert_eq!(room(16_384, Some(16_641), 257), 16_384);
        assert_eq!(room(16_384, Some(16_640), 257), 16_383);
        assert_eq!(room(16_384, Some(1_024), 257), 767);
        assert_eq!(room(100, Some(1_024), 257), 100);
        assert_eq!(room(16_384, Some(64), 257), 32);
    }
}
