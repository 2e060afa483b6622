//! The reasons for which the program ends, each with an exit code of its own, so that scripts and people can tell them
//! apart.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use crate::auth::AccessError;
use crate::config::ConfigError;
use crate::license::LoadError;
use crate::server::TlsError;
use crate::store::open::OpenError;

/// The reason for which the program ends; each kind has its own exit code.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("cannot listen on {address}: {error}")]
    Listen { address: SocketAddr, error: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("another process has claimed the shards")]
    OwnershipLost,
    /// With `--solo`. The host of the other process.
    #[error("--solo: another process serves from this database, on host {0}: stop it, or start without --solo")]
    NotAlone(Box<str>),
    #[error("not drained within {}", humantime::format_duration(*.0))]
    NotDrained(Duration),
    #[error("the store did not accept changes: not everything is written")]
    NotWritten,
    #[error("ended at once by a second signal; everything that was acknowledged is in the store")]
    Interrupted,
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("--access: {0}")]
    Access(#[from] AccessError),
    #[error("--license-keys: {0}")]
    LicenseKeys(#[from] LoadError),
    /// All mistakes in a command's options.
    #[error("{}", .0.join("\nusher: "))]
    Usage(Vec<String>),
    #[error("{0}")]
    LicenseNotValid(String),
    /// There is no answer from the server that was called, or none that can be understood.
    #[error("{0}")]
    NoAnswer(String),
    /// The server that was called refused; or a command refused to work on this store or file.
    #[error("{0}")]
    Refused(String),
    /// The decision is a denial, or at least one of several is.
    #[error("{0}")]
    Denied(String),
    /// Result of a health check.
    #[error("{0}")]
    NotServing(String),
    /// The store is inconsistent, or is not the one that was opened.
    #[error("{}", .0.join("\nusher: "))]
    Damaged(Vec<String>),
    #[error("{0:#}")]
    Unexpected(#[from] anyhow::Error),
}

impl Failure {
    /// The exit code; `usher --help` lists them.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::NotServing(_) | Failure::Refused(_) | Failure::Unexpected(_) => 1,
            Failure::Config(_) | Failure::Tls(_) | Failure::Access(_) => 2,
            Failure::LicenseKeys(_) | Failure::Usage(_) => 2,
            Failure::NoAnswer(_) => 3,
            // An address that does not belong to this machine, or that the process may not bind, is a mistake in the
            // configuration.
            Failure::Listen { error, .. } if error.kind() != io::ErrorKind::AddrInUse => 2,
            Failure::Listen { .. } => 4,
            Failure::Open(error) => match error {
                OpenError::Other(_) => 1,
                OpenError::Address(_) => 2,
                OpenError::Unreachable(_) => 3,
                OpenError::DirectoryInUse { .. } => 5,
                OpenError::SchemaNewer { .. } => 6,
                OpenError::SchemaOlder { .. } => 7,
                OpenError::Damaged(_) => 12,
            },
            Failure::OwnershipLost | Failure::NotAlone(_) => 8,
            Failure::NotDrained(_) | Failure::Interrupted => 9,
            Failure::LicenseNotValid(_) => 10,
            Failure::Denied(_) => 11,
            Failure::Damaged(_) => 12,
            Failure::NotWritten => 13,
        }
    }
}
