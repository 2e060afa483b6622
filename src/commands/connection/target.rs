//! Connection of a command to a running server: its address, the trust in its certificate, and the caller's
//! credentials.

use std::fs;
use std::time::Duration;

use http::uri::Authority;

use super::{Bearer, ConnectionArgs, Target, Trust};
use crate::config::values::{authority, duration};
use crate::config::{ConfigError, ConfigProblems, DAY, given, process_environment, secret};

/// Parses the connection: the server, and the longest wait for an answer.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn parse(args: &ConnectionArgs) -> Result<(Target, Duration), ConfigError> {
    let mut problems = ConfigProblems::default();
    let address = problems.take("--address", authority(&args.address), Authority::from_static("nowhere:0"));
    let timeout = problems.take("--timeout", duration(&args.timeout, DAY), DAY);
    let tls = trust(args, &mut problems);
    let token = secret("--token-file", &args.token_file, "TOKEN", &process_environment, &mut problems);
    if token.is_some() && tls.is_none() && !problems.mentions("--address") && !is_here(&address) {
        problems.add(format!(
            "--token-file: {address} is another machine; without --tls the token would be sent in plaintext"
        ));
    }
    let bearer = |token| Bearer::new(token).ok_or_else(|| "holds no token".to_owned());
    let token = token.as_ref().and_then(|token| problems.some("--token-file", bearer(token)));
    problems.none_or((Target { address, tls, token }, timeout))
}

fn trust(args: &ConnectionArgs, problems: &mut ConfigProblems) -> Option<Trust> {
    let mut file = |option, path: &Option<String>| {
        let read = given(path).map(|path| fs::read(path).map_err(|error| format!("{path}: {error}")));
        read.transpose().map_err(|problem| problems.add(format!("{option}: {problem}"))).ok().flatten()
    };
    let ca = file("--tls-ca", &args.tls_ca);
    let (certificate, key) = (file("--client-cert", &args.client_cert), file("--client-key", &args.client_key));
    let any_given = [&args.tls_ca, &args.client_cert, &args.client_key].iter().any(|option| given(option).is_some());
    if given(&args.client_cert).is_some() != given(&args.client_key).is_some() {
        problems.add("--client-cert, --client-key: must be given together");
    }
    (args.tls || any_given).then_some(Trust { ca, identity: certificate.zip(key) })
}

fn is_here(address: &Authority) -> bool {
    let host = address.host().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
