//! A connection to a running Usher.

use http::uri::Authority;
use tonic::transport::{Channel, Endpoint};

use super::Error;

/// Connects, in plaintext.
///
/// # Errors
/// [`Error::Unreachable`]
pub async fn connect(address: &Authority) -> Result<Channel, Error> {
    let unreachable = |error: tonic::transport::Error| Error::Unreachable(address.clone(), cause(&error));
    let endpoint = Endpoint::from_shared(format!("http://{address}")).map_err(unreachable)?;
    endpoint.connect().await.map_err(unreachable)
}

/// The innermost cause: what is around it says only that it was a matter of transport.
fn cause(error: &tonic::transport::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
