//! How the nodes of an installation on PostgreSQL reach each other.

use std::net::{IpAddr, SocketAddr};

use http::uri::Authority;

use super::notify::given;
use super::values::{address, authority};
use super::{ConfigProblems, PLACEHOLDER, Storage, args};

/// Configuration of the peers' port. Without effect on the embedded store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peers {
    pub listen: SocketAddr,
    /// Where other nodes reach this one; `None`: see [`Self::advertised`].
    pub advertise: Option<Authority>,
    /// Refuse to run beside other nodes.
    pub solo: bool,
}

impl Peers {
    /// `listen` and `ops_listen`: the other addresses, which must be different ones.
    pub(super) fn new(
        args: &args::Network,
        listen: SocketAddr,
        ops_listen: SocketAddr,
        storage: &Storage,
        problems: &mut ConfigProblems,
    ) -> Self {
        let listen_given =
            given(&args.peer_listen).map(|text| problems.take("--peer-listen", address(text), PLACEHOLDER));
        let advertise = given(&args.peer_advertise)
            .and_then(|text| problems.some("--peer-advertise", authority(text).and_then(reached)));
        let peers = Self {
            listen: listen_given.or_else(|| next_to(listen)).unwrap_or(PLACEHOLDER),
            advertise,
            solo: args.solo,
        };
        if matches!(storage, Storage::Postgres { .. }) && !problems.mentions("--peer-listen") {
            if listen_given.is_none() && next_to(listen).is_none() {
                problems
                    .add(format!("--peer-listen: is missing, and there is no port after that of --listen, {listen}"));
            }
            for (option, other) in [("--listen", listen), ("--ops-listen", ops_listen)] {
                if peers.listen == other && other.port() != 0 {
                    problems.add(format!("{option} and --peer-listen: both are {other}"));
                }
            }
        }
        peers
    }

    /// The address that is announced to other nodes. `bound`: that of the listener. `towards_database`: the local
    /// address of the connection to the database, by which other machines can most likely reach this one, too. `None`: the listener
    /// listens on all addresses, and which one others can reach is not known.
    #[must_use]
    pub fn advertised(&self, bound: SocketAddr, towards_database: Option<IpAddr>) -> Option<Authority> {
        if self.advertise.is_some() {
            return self.advertise.clone();
        }
        let ip = if bound.ip().is_unspecified() { towards_database? } else { bound.ip() };
        SocketAddr::new(ip, bound.port()).to_string().parse().ok()
    }

    pub(super) fn settings(&self) -> [(&'static str, String); 3] {
        let advertise = self.advertise.as_ref().map(ToString::to_string).unwrap_or_default();
        [("peer-listen", self.listen.to_string()), ("peer-advertise", advertise), ("solo", self.solo.to_string())]
    }
}

/// The address with the next port; port 0, which the system chooses, stays. `None`: there is no next one.
fn next_to(address: SocketAddr) -> Option<SocketAddr> {
    let port = if address.port() == 0 { 0 } else { address.port().checked_add(1)? };
    Some(SocketAddr::new(address.ip(), port))
}

/// Refuses what nobody can connect to.
fn reached(address: Authority) -> Result<Authority, String> {
    let everywhere = ["0.0.0.0", "[::]"].contains(&address.host());
    if everywhere || address.port_u16() == Some(0) {
        return Err(format!("\"{address}\" is no address that other nodes can connect to"));
    }
    Ok(address)
}
