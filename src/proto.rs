//! The contract as Rust: what `build.rs` made of `proto/usher/v1/*.proto`. Only `service` and `client` speak these types.

pub mod codec;

/// Package `usher.v1`: messages, the servers' traits and the clients.
#[allow(clippy::all, clippy::pedantic, clippy::nursery, missing_docs, rustdoc::all)]
pub mod v1 {
    tonic::include_proto!("usher.v1");
}

/// The descriptors of `usher.v1` and of the well-known types it imports, without comments.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/usher.v1.bin"));

/// All that server reflection serves besides itself: the contract, health, and the `google.rpc` details that errors
/// carry, so that a client without our files can read them.
pub const REFLECTED: [&[u8]; 3] =
    [FILE_DESCRIPTOR_SET, tonic_health::pb::FILE_DESCRIPTOR_SET, tonic_types::pb::FILE_DESCRIPTOR_SET];
