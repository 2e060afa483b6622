//! Every method of the contract, with arbitrary bytes as its message: parsing, decision, rendering.

use std::collections::BTreeSet;

use prost::Message;
use prost_types::{DescriptorProto, FileDescriptorSet};
use tonic::Code;

use super::service::{InProcess, check_error};
use super::{Seed, corpus, fuzz, fuzz_from};

/// Ids of what the seeds create. In the message of a method without a seed of its own, fields of these names have them.
const IDS: [(&str, &str); 4] =
    [("tenant_id", "acme"), ("organization_id", "north"), ("user_id", "ann"), ("pool_id", "primary")];

/// Returns a seed for each method that no file of the corpus calls.
fn more_seeds(service: &InProcess) -> Vec<Seed> {
    let files = corpus("requests");
    let seeded: BTreeSet<&str> = files.iter().map(|(_, bytes)| split(service, bytes).0).collect();
    let set = FileDescriptorSet::decode(usher::proto::FILE_DESCRIPTOR_SET).expect("descriptors");
    let messages = || set.file.iter().flat_map(|file| &file.message_type);
    let methods = set.file.iter().flat_map(|file| &file.service).flat_map(|service| {
        service.method.iter().map(move |method| (format!("{}/{}", service.name(), method.name()), method.input_type()))
    });
    let new = methods.filter(|(name, _)| !seeded.contains(&*format!("usher.v1.{name}")));
    let seed = |(name, input): (String, &str)| {
        let message = messages().find(|message| input.ends_with(&format!(".{}", message.name())));
        let bytes = [name.as_bytes(), b"\n", &filled(message.expect("a message"))].concat();
        (name.into(), bytes)
    };
    new.map(seed).collect()
}

/// Encodes a message of which only the ids are set.
fn filled(message: &DescriptorProto) -> Vec<u8> {
    let mut bytes = Vec::new();
    for field in &message.field {
        if let Some((_, id)) = IDS.iter().find(|(name, _)| *name == field.name()) {
            prost::encoding::string::encode(field.number().unsigned_abs(), &(*id).to_owned(), &mut bytes);
        }
    }
    bytes
}

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
    let seeds = [corpus("requests"), more_seeds(&service)].concat();
    fuzz_from(seeds, "requests", 1, |bytes| {
        let (method, message) = split(&service, bytes);
        match service.call(method, message) {
            Ok(_) => {
                answered.insert(method.to_owned());
                if method.contains("/Delete") {
                    furnish(&service);
                }
            }
            Err(status) => check_error(method, &status),
        }
    });
    // If a seed no longer fits the contract, or a new method needs more than ids in its seed, no case of its method reaches a decision.
    let never: Vec<_> = service
        .methods
        .iter()
        .filter(|method| !answered.contains(*method) && !NEVER.contains(&method.as_str()))
        .collect();
    assert!(never.is_empty(), "no case was an answer of {never:?}: add a seed to tests/it/fuzz/corpus/requests/");
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
