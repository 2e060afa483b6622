//! Reasons of errors. Every reason is a value of the contract's enum (`proto/usher/v1/errors.proto`), so that a reason
//! that is not in the contract does not compile. All modules may use it, unlike the messages of the contract.

use std::fmt;

pub use crate::proto::v1::ErrorReason;

/// Prefix of the enum's values in the contract. `ErrorInfo.reason` does not have it.
const PREFIX: &str = "ERROR_REASON_";

impl ErrorReason {
    /// Returns the value of `google.rpc.ErrorInfo.reason`, such as `STALE_ETAG`.
    #[must_use]
    pub fn name(self) -> &'static str {
        let name = self.as_str_name();
        name.strip_prefix(PREFIX).unwrap_or(name)
    }
}

impl fmt::Display for ErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}
