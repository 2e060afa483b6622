//! Connection of a command to a running server: its options, and the calls over gRPC, as any client makes them. Uses
//! nothing of the service but the contract.

mod args;
mod call;
mod connect;
pub(crate) mod target;
mod usher;

pub use args::{ConnectionArgs, TenantArgs};
pub(crate) use call::{INSTALLATION, call_at, call_for, call_tenant};
pub use connect::{AuthenticatedChannel, Bearer, Target, Trust, connect};
pub use usher::Usher;
