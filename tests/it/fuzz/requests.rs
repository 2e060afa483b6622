//! Every method of the contract, with arbitrary bytes as its message: parsing, decision, rendering.

use std::collections::BTreeSet;

use tonic::Code;

use super::service::{InProcess, check_error};
use super::{corpus, fuzz};

/// Splits a case: the name of a method, such as `SeatService/CheckOut`, a line break, and bytes. An unknown name
/// selects some method.
fn split<'a>(service: &'a InProcess, bytes: &'a [u8]) -> (&'a str, &'a [u8]) {
    let at = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (name, rest) = (String::from_utf8_lossy(&bytes[..at]), bytes.get(at + 1..).unwrap_or_default());
    let named = service.methods.iter().find(|method| method.strip_prefix("usher.v1.") == Some(&name));
    let sum = name.bytes().map(usize::from).sum::<usize>();
    (named.unwrap_or(&service.methods[sum % service.methods.len()]), rest)
}

/// Sends the seeds whose names begin with 0 to 4, which create a tenant, an organization, a user with a seat, and a
/// session. Returns their methods.
fn furnish(service: &InProcess) -> BTreeSet<String> {
    let mut methods = BTreeSet::new();
    for (file, bytes) in corpus("requests") {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name < "5" {
            let (method, message) = split(service, &bytes);
            if let Err(status) = service.call(method, message) {
                assert_eq!(status.code(), Code::AlreadyExists, "{name}: {status:?}");
            }
            methods.insert(method.to_owned());
        }
    }
    methods
}

/// Methods that cannot succeed here: they need a session's or a token's id, which cannot be guessed, a notification
/// that was sent on a channel, or a vendor.
const NEVER: [&str; 5] = [
    "usher.v1.SessionService/CloseSession",
    "usher.v1.TokenService/RevokeToken",
    "usher.v1.NotificationService/RedeliverNotification",
    "usher.v1.LicenseService/SendLicenseRequest",
    "usher.v1.LicenseService/FetchLicense",
];

#[test]
fn every_method_with_any_message() {
    let service = InProcess::start();
    let mut answered = furnish(&service);
    fuzz("requests", 1, |bytes| {
        let (method, message) = split(&service, bytes);
        match service.call(method, message) {
            Ok(_) => {
                answered.insert(method.to_owned());
                if method.ends_with("/DeleteTenant") {
                    furnish(&service);
                }
            }
            Err(status) => check_error(method, &status),
        }
    });
    // If a seed no longer fits the contract, no case of its method reaches a decision.
    let never: Vec<_> = service
        .methods
        .iter()
        .filter(|method| !answered.contains(*method) && !NEVER.contains(&method.as_str()))
        .collect();
    assert!(never.is_empty(), "no case was an answer of {never:?}");
}

/// Shows that no method panics on an arbitrary body, with or without frames.
#[test]
fn every_method_with_any_body() {
    let service = InProcess::start();
    fuzz("frames", 1, |bytes| {
        let (method, body) = split(&service, bytes);
        if let Err(status) = service.call_framed(method, body.to_vec()) {
            check_error(method, &status);
        }
    });
}
