//! Each RPC at its largest permitted size: the most work that a caller can cause.

use tonic::Status;
use usher::commands::connection::AuthenticatedChannel;
use usher::proto::v1::seat_service_client::SeatServiceClient;

use crate::world::World;

const MAX_ANSWER: usize = 256 * 1024 * 1024;
/// Rows of the largest page.
const PAGE: i32 = 1_000;

/// The size of the answer in bytes, or the error.
pub type Called = Result<usize, Status>;

macro_rules! unary {
    ($world:ident, $client:ident, $method:ident, $request:expr) => {{
        let client = $client::new($world.line.clone());
        let mut client = client
            .max_decoding_message_size($crate::calls::MAX_ANSWER)
            .max_encoding_message_size($crate::calls::MAX_ANSWER);
        client.$method($request).await.map(|answer| answer.into_inner().encoded_len())
    }};
}

macro_rules! stream {
    ($world:ident, $client:ident, $method:ident, $request:expr) => {{
        let client = $client::new($world.line.clone());
        let mut client = client
            .max_decoding_message_size($crate::calls::MAX_ANSWER)
            .max_encoding_message_size($crate::calls::MAX_ANSWER);
        match client.$method($request).await {
            Ok(answer) => {
                let (mut stream, mut bytes) = (answer.into_inner(), 0);
                loop {
                    match stream.message().await {
                        Ok(Some(message)) => bytes += message.encoded_len(),
                        Ok(None) => break Ok(bytes),
                        Err(status) => break Err(status),
                    }
                }
            }
            Err(status) => Err(status),
        }
    }};
}

mod directory;
mod licenses;
mod others;
mod seats;
mod sessions;
mod tenants;

/// Calls a method once, at its largest size. `None`: the method has no entry, which is an error of this benchmark if the
/// method varies in size.
pub async fn call(world: &World, method: &str) -> Option<Called> {
    let (service, name) = method.split_once('/')?;
    match service {
        "usher.v1.SeatService" => seats::call(world, name).await,
        "usher.v1.DirectoryService" => directory::call(world, name).await,
        "usher.v1.TenantService" => tenants::call(world, name).await,
        "usher.v1.LicenseService" => licenses::call(world, name).await,
        "usher.v1.SessionService" => sessions::call(world, name).await,
        _ => others::call(world, method).await,
    }
}

/// Signs a user in on a connection of its own, so that the measured call waits for nothing else.
pub async fn neighbor(line: &AuthenticatedChannel, tenant: &str, number: usize) {
    let mut client = SeatServiceClient::new(line.clone());
    let answer = crate::load::check_out(&mut client, tenant, "primary", &crate::seed::user(number), "laptop").await;
    drop(answer);
}
