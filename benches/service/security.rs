//! Cost of TLS and credentials: the same calls in plaintext without credentials, over TLS, with a token, and over TLS
//! with a token or a client certificate.

use std::fs;

use secrecy::ExposeSecret;
use usher::auth::token::Token;
use usher::commands::connection::{Bearer, Trust};
use usher::ids::TokenId;

use crate::host::{Host, Security};
use crate::report::Figure;
use crate::rounds::{Extent, TENANTS, Target, ratios};
use crate::seed;
use crate::support::pki::Pki;
use crate::support::program::Data;

const ACCESS: &str =
    "[[certificate]]\nuri = \"spiffe://example.org/login\"\nroles = [\"application\"]\ntenants = \"all\"\n";

/// Options and environment variables of a server, and how callers connect to it.
type Variant<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], Security);

/// Returns the throughput of each variant, divided by that in plaintext without credentials, measured in turn on the
/// embedded store.
pub async fn figures(extent: Extent) -> Vec<Figure> {
    let files = tempfile::tempdir().expect("a temporary folder");
    let pki = Pki::new(files.path());
    let (server, login) = (pki.server("server"), pki.client("login", "spiffe://example.org/login"));
    let access = files.path().join("access.toml");
    fs::write(&access, ACCESS).expect("a file");
    let token = Token::new(TokenId(1), &[7; 32]);
    let text = |path: &std::path::Path| path.to_str().expect("a plain path").to_owned();
    let (certificate, key, ca, access) = (text(&server.certificate), text(&server.key), text(&pki.ca()), text(&access));
    let tls = ["--tls-cert", &certificate, "--tls-key", &key];
    let mtls = [&tls[..], &["--tls-client-ca", &ca, "--access", &access]].concat();
    let admin = [("USHER_ADMIN_TOKEN", token.text().expose_secret())];
    let read = |path: &std::path::Path| fs::read(path).expect("a file");
    let trust = |identity| Some(Trust { ca: Some(read(&pki.ca())), identity });
    let bearer = || Bearer::new(token.text());
    let identity = Some((read(&login.certificate), read(&login.key)));

    let variants: [Variant; 5] = [
        (&[], &[], Security::default()),
        (&tls, &[], Security { tls: trust(None), token: None }),
        (&[], &admin, Security { tls: None, token: bearer() }),
        (&tls, &admin, Security { tls: trust(None), token: bearer() }),
        (&mtls, &[], Security { tls: trust(identity), token: None }),
    ];
    let (mut targets, mut folders) = (Vec::new(), Vec::new());
    for (options, variables, security) in variants {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data = Data::Folder(folder.path());
        seed::tenants(&data, TENANTS).await;
        let host = Host::usher_with(&data, options, variables).secured_by(security);
        targets.push(Target::new("SQLite", host, extent.callers).await);
        folders.push(folder);
    }
    let heartbeats = [
        "heartbeat, TLS ÷ plaintext",
        "heartbeat, token ÷ nobody",
        "heartbeat, TLS and token ÷ plaintext",
        "heartbeat, client certificate ÷ plaintext",
    ];
    let churn = [
        "CheckOut + CheckIn, TLS ÷ plaintext",
        "CheckOut + CheckIn, token ÷ nobody",
        "CheckOut + CheckIn, TLS and token ÷ plaintext",
        "CheckOut + CheckIn, client certificate ÷ plaintext",
    ];
    ratios(targets, extent, [&heartbeats, &churn]).await
}
