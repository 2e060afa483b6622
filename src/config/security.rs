//! API security: TLS, credentials, rate limits. All are off by default, and then only this machine can reach the API.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use secrecy::ExposeSecret;

use super::notify::{given, secret};
use super::values::{pace, rate};
use super::{ConfigProblems, Environment, args};
use crate::auth::rate::Rate;
use crate::auth::token::Token;
use crate::server::TlsFiles;

/// Configuration of API security.
#[derive(Debug, Default)]
pub struct Security {
    pub tls: Option<TlsFiles>,
    pub admin_token: Option<Token>,
    /// Path of the access file.
    pub access: Option<PathBuf>,
    authenticate: bool,
    insecure: bool,
    /// Rate limits of check-outs, for each caller and for each user; `None`: no limit.
    pub caller_rate: Option<Rate>,
    pub user_rate: Option<Rate>,
}

impl Security {
    pub(super) fn new(
        args: &args::Security,
        listen: SocketAddr,
        environment: Environment,
        problems: &mut ConfigProblems,
    ) -> Self {
        let token = secret("--admin-token-file", &args.admin_token_file, "ADMIN_TOKEN", environment, problems);
        let parsed = |token: &secrecy::SecretString| Token::parse(token.expose_secret()).map_err(|e| e.to_string());
        let rate_of = |text: &Option<String>| given(text).map(rate).transpose();
        let security = Self {
            tls: tls(args, problems),
            admin_token: token.as_ref().and_then(|token| problems.some("--admin-token-file", parsed(token))),
            access: given(&args.access).map(PathBuf::from),
            authenticate: args.authenticate,
            insecure: args.insecure,
            caller_rate: problems.take("--check-out-rate-per-caller", rate_of(&args.check_out_rate_per_caller), None),
            user_rate: problems.take("--check-out-rate-per-user", rate_of(&args.check_out_rate_per_user), None),
        };
        if let Some(path) = &security.access {
            problems.check_trusted_file("--access", path);
        }
        // A token that is wrong or cannot be read is reported as such, and not as missing.
        let open = !security.authenticates() && token.is_none() && !problems.mentions("--admin-token-file");
        if open && !security.insecure && !listen.ip().is_loopback() {
            problems.add(format!(
                "--listen: {listen} can be reached from other machines, and without credentials anybody there could \
                 call everything: give --admin-token-file, --access or --authenticate (or --insecure, if that is intended)"
            ));
        }
        security
    }

    /// True if a call without a credential is refused.
    #[must_use]
    pub fn authenticates(&self) -> bool {
        self.authenticate || self.admin_token.is_some() || self.access.is_some()
    }

    /// The kinds of credential that are configured, for people; stored tokens are always accepted.
    #[must_use]
    pub fn kinds(&self) -> Vec<&'static str> {
        let certificates = self.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
        let kinds = [
            (self.authenticates(), "API tokens"),
            (self.admin_token.is_some(), "the administrator's token"),
            (certificates, "client certificates"),
            (self.access.is_some(), "the access file"),
        ];
        kinds.into_iter().filter_map(|(there, kind)| there.then_some(kind)).collect()
    }

    /// A warning to log at each start, if the API listens on `listen`.
    #[must_use]
    pub fn warning(&self, listen: SocketAddr) -> Option<&'static str> {
        match (self.authenticates(), &self.tls, listen.ip().is_loopback()) {
            (false, _, false) => {
                Some("--insecure: anybody who can reach the API, from any machine, may call everything")
            }
            (false, _, true) => None,
            (true, None, false) => {
                Some("without --tls-cert credentials are sent in plaintext and can be read on the network")
            }
            (true, ..) => None,
        }
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let path = |path: Option<&Path>| path.map(|path| path.display().to_string()).unwrap_or_default();
        let tls = self.tls.as_ref();
        let hidden = |there: bool| if there { "(hidden)" } else { "" }.to_owned();
        vec![
            ("tls-cert", path(tls.map(|tls| tls.certificate.as_path()))),
            ("tls-key", path(tls.map(|tls| tls.key.as_path()))),
            ("tls-client-ca", path(tls.and_then(|tls| tls.client_ca.as_deref()))),
            ("tls-client-crl", path(tls.and_then(|tls| tls.client_crl.as_deref()))),
            ("tls-1-2", tls.is_some_and(|tls| tls.tls12).to_string()),
            ("admin-token-file", hidden(self.admin_token.is_some())),
            ("access", path(self.access.as_deref())),
            ("authenticate", self.authenticates().to_string()),
            ("insecure", self.insecure.to_string()),
            ("check-out-rate-per-caller", self.caller_rate.map(pace).unwrap_or_default()),
            ("check-out-rate-per-user", self.user_rate.map(pace).unwrap_or_default()),
        ]
    }
}

fn tls(args: &args::Security, problems: &mut ConfigProblems) -> Option<TlsFiles> {
    let file = |option: &Option<String>| given(option).map(PathBuf::from);
    let (client_ca, client_crl) = (file(&args.tls_client_ca), file(&args.tls_client_crl));
    let tls = match (file(&args.tls_cert), file(&args.tls_key)) {
        (Some(certificate), Some(key)) => {
            problems.check_secret_file("--tls-key", &key);
            TlsFiles { certificate, key, client_ca, client_crl, tls12: args.tls12 }
        }
        (Some(_), None) => {
            problems.add("--tls-cert: --tls-key is missing");
            return None;
        }
        (None, Some(_)) => {
            problems.add("--tls-key: --tls-cert is missing");
            return None;
        }
        (None, None) => {
            for (option, there) in [
                ("--tls-client-ca", client_ca.is_some()),
                ("--tls-client-crl", client_crl.is_some()),
                ("--tls-1-2", args.tls12),
            ] {
                if there {
                    problems.add(format!("{option}: --tls-cert is missing"));
                }
            }
            return None;
        }
    };
    if tls.client_ca.is_some() && given(&args.access).is_none() {
        problems.add("--tls-client-ca: --access is missing, which says whom a certificate identifies");
    }
    if tls.client_crl.is_some() && tls.client_ca.is_none() {
        problems.add("--tls-client-crl: --tls-client-ca is missing");
    }
    Some(tls)
}
