//! Connection to a running server.

use std::fmt;

use http::uri::Authority;
use secrecy::{ExposeSecret, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic::{Request, Status};

use crate::commands::error::Error;

/// A connection on which each call sends the caller's token.
pub type AuthenticatedChannel = InterceptedService<Channel, Bearer>;

/// Target of a connection: the address, TLS, and the caller's token.
#[derive(Debug)]
pub struct Target {
    pub address: Authority,
    /// `None`: plaintext.
    pub tls: Option<Trust>,
    pub token: Option<Bearer>,
}

/// TLS files of a connection, in PEM.
pub struct Trust {
    /// Certificate authorities that may have signed the server's certificate; `None`: those that this machine trusts.
    pub ca: Option<Vec<u8>>,
    /// The caller's certificate and key.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The `authorization` header with the caller's token, if there is one.
#[derive(Clone, Default)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl Bearer {
    /// `None`: a header cannot contain this token.
    #[must_use]
    pub fn new(token: &SecretString) -> Option<Self> {
        let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.expose_secret()).parse().ok()?;
        value.set_sensitive(true);
        Some(Self(Some(value)))
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(value) = &self.0 {
            request.metadata_mut().insert("authorization", value.clone());
        }
        Ok(request)
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer")
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trust")
    }
}

/// Connects to a server.
///
/// # Errors
/// [`Error::Unreachable`]
pub async fn connect(target: &Target) -> Result<AuthenticatedChannel, Error> {
    let unreachable = |error: tonic::transport::Error| Error::Unreachable(target.address.clone(), cause(&error));
    let scheme = if target.tls.is_some() { "https" } else { "http" };
    let mut endpoint = Endpoint::from_shared(format!("{scheme}://{}", target.address)).map_err(unreachable)?;
    if let Some(trust) = &target.tls {
        endpoint = endpoint.tls_config(tls(trust)).map_err(unreachable)?;
    }
    let channel = endpoint.connect().await.map_err(unreachable)?;
    Ok(InterceptedService::new(channel, target.token.clone().unwrap_or_default()))
}

fn tls(trust: &Trust) -> ClientTlsConfig {
    let config = match &trust.ca {
        Some(ca) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(ca)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    match &trust.identity {
        Some((certificate, key)) => config.identity(Identity::from_pem(certificate, key)),
        None => config,
    }
}

/// The innermost cause, because the outer errors only say that the transport failed.
fn cause(error: &tonic::transport::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
