//! URL of the database. Contains the password and never shows it.

use std::fmt;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::store::StoreError;
use crate::store::open::OpenError;

/// Time limit for connecting to one host, and for the setup of a connection.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// A peer that does not acknowledge for this long is considered gone: sooner than a caller that waits for a batch gives
/// up.
const TCP_USER_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE_IDLE: Duration = Duration::from_secs(5);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(2);
const KEEPALIVE_RETRIES: u32 = 3;

/// URL of a PostgreSQL database. `Display` and `Debug` omit the password.
#[derive(Clone)]
pub struct DatabaseUrl(Config);

impl DatabaseUrl {
    /// Parses `postgres://user:password@host:port/database?option=value`. Timeouts and keepalives that the URL does not
    /// set get values that detect a dead peer within seconds.
    ///
    /// # Errors
    /// `url` is not the URL of a database. The error quotes nothing, because any part of a mistyped URL may be the
    /// password.
    pub fn parse(url: &SecretString) -> Result<Self, OpenError> {
        let text = url.expose_secret();
        let unreadable = || {
            OpenError::Address(StoreError(
                "the database URL must look like postgres://user:password@host:5432/database?sslmode=require \
                 (sslmode: disable, prefer or require; special characters in the password as %XX)"
                    .into(),
            ))
        };
        if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
            return Err(unreadable());
        }
        let mut config: Config = text.parse().map_err(|_| unreadable())?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(unreadable());
        }
        if config.get_application_name().is_none() {
            config.application_name("usher");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(TCP_USER_TIMEOUT);
        }
        if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
            config.keepalives_idle(KEEPALIVE_IDLE);
        }
        if config.get_keepalives_interval().is_none() {
            config.keepalives_interval(KEEPALIVE_INTERVAL);
        }
        if config.get_keepalives_retries().is_none() {
            config.keepalives_retries(KEEPALIVE_RETRIES);
        }
        Ok(Self(config))
    }

    /// Host and port of the first server that is reached by TCP; `None`: all are sockets of this machine.
    #[must_use]
    pub fn tcp_host(&self) -> Option<(&str, u16)> {
        let ports = self.0.get_ports();
        let port = |at: usize| ports.get(at).or(ports.first()).copied().unwrap_or(5432);
        self.0.get_hosts().iter().enumerate().find_map(|(at, host)| match host {
            Host::Tcp(name) => Some((name.as_str(), port(at))),
            #[cfg(unix)]
            Host::Unix(_) => None,
        })
    }

    /// Time limit for connecting and logging in: the timeout in the URL is for one host, and for TCP alone.
    pub(super) fn connect_limit(&self) -> Duration {
        let hosts = u32::try_from(self.0.get_hosts().len()).unwrap_or(1).max(1);
        self.0.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT) * hosts + Duration::from_secs(1)
    }

    pub(super) fn config(&self) -> &Config {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("postgres://")?;
        if let Some(user) = self.0.get_user() {
            write!(f, "{user}@")?;
        }
        let ports = self.0.get_ports();
        for (i, host) in self.0.get_hosts().iter().enumerate() {
            let comma = if i == 0 { "" } else { "," };
            let port = ports.get(i).or(ports.first()).copied().unwrap_or(5432);
            match host {
                Host::Tcp(name) => write!(f, "{comma}{name}:{port}")?,
                Host::Unix(path) => write!(f, "{comma}{}:{port}", path.display())?,
            }
        }
        if let Some(name) = self.0.get_dbname() {
            write!(f, "/{name}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, OpenError> {
        DatabaseUrl::parse(&SecretString::from(text))
    }

    #[test]
    fn shows_everything_but_the_password() {
        let url = parse("postgres://ann:hush@db1:5433,db2:5434/usher?sslmode=disable").unwrap();
        assert_eq!(url.to_string(), "postgres://ann@db1:5433,db2:5434/usher");
        assert_eq!(format!("{url:?}"), url.to_string());
    }

    #[test]
    fn a_mistyped_url_is_not_repeated() {
        for text in [
            "postgress://ann:hush@db/usher?x=1",
            "postgres://ann:hush@db/usher?hush=1",
            "hush",
            "",
            "postgres://",
            "postgres://ann:hush@db:port/usher",
            "host=db password=hush",
        ] {
            let error = parse(text).unwrap_err();
            assert!(matches!(error, OpenError::Address(_)), "{text}");
            assert!(!format!("{error} {error:?}").contains("hush"), "{text}");
        }
    }

    #[test]
    fn what_the_url_says_is_left_alone() {
        let url = parse("postgres://ann@db/usher?connect_timeout=9&application_name=mine&keepalives_idle=60").unwrap();
        assert_eq!(url.0.get_connect_timeout(), Some(&Duration::from_secs(9)));
        assert_eq!(url.0.get_application_name(), Some("mine"));
        assert_eq!(url.0.get_keepalives_idle(), Duration::from_secs(60));
        assert_eq!(url.0.get_tcp_user_timeout(), Some(&TCP_USER_TIMEOUT));
    }
}
