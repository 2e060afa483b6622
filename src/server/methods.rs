//! Table of the methods, read once from the descriptors that reflection serves, so that a call is counted without
//! allocating, and a client cannot create new names in a metric.

use std::collections::HashMap;

use prost::Message;
use prost_types::FileDescriptorSet;
pub use prost_types::method_options::IdempotencyLevel;

/// Streams without an end of their own. They are ended when their connection must end; every other call may finish.
const ENDLESS_METHODS: [&str; 4] = [
    "usher.v1.SessionService/WatchSessions",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Methods that login services call all the time: nothing optional, such as a log line, is done for their calls by
/// default.
const HOT_METHODS: [&str; 4] = [
    "usher.v1.SeatService/CheckOut",
    "usher.v1.SeatService/CheckIn",
    "usher.v1.SeatService/Heartbeat",
    "usher.v1.SeatService/BatchHeartbeat",
];

/// One method of the table.
#[derive(Debug, Clone)]
pub struct Method {
    /// `usher.v1.SeatService/CheckOut`
    pub name: String,
    /// Length of the service's part of the name.
    service: usize,
    /// True: the server answers with a stream.
    pub streams: bool,
    /// True: the client sends a stream, for as long as it has something to send; the deadline of such a call is long.
    pub uploads: bool,
    /// True: the stream has no end of its own.
    pub endless: bool,
    /// True: it is called so often that its calls are not logged by default.
    pub hot: bool,
    /// What the contract says about a call that is carried out twice.
    pub idempotency: IdempotencyLevel,
}

impl Method {
    #[must_use]
    pub fn service(&self) -> &str {
        &self.name[..self.service]
    }

    /// True: a call whose outcome is not known may be carried out again (C8).
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.idempotency != IdempotencyLevel::IdempotencyUnknown
    }
}

/// All methods, by number. The number after the last one stands for all other paths.
#[derive(Debug)]
pub struct Methods {
    methods: Vec<Method>,
    by_path: HashMap<Box<str>, usize>,
}

impl Methods {
    /// Reads encoded `FileDescriptorSet`s.
    ///
    /// # Errors
    /// One of them cannot be decoded.
    pub fn read(descriptors: &[&[u8]]) -> Result<Self, prost::DecodeError> {
        let mut methods = Vec::new();
        for encoded in descriptors {
            for file in FileDescriptorSet::decode(*encoded)?.file {
                let package = file.package().to_owned();
                for service in &file.service {
                    let service_name = format!("{package}.{}", service.name());
                    methods.extend(service.method.iter().map(|method| Self::method(&service_name, method)));
                }
            }
        }
        methods.sort_by(|a, b| a.name.cmp(&b.name));
        methods.dedup_by(|a, b| a.name == b.name);
        let paths = methods.iter().enumerate();
        let by_path = paths.map(|(number, method)| (format!("/{}", method.name).into(), number)).collect();
        Ok(Self { methods, by_path })
    }

    fn method(service: &str, method: &prost_types::MethodDescriptorProto) -> Method {
        let name = format!("{service}/{}", method.name());
        let (endless, hot) = (ENDLESS_METHODS.contains(&name.as_str()), HOT_METHODS.contains(&name.as_str()));
        let uploads = method.client_streaming() && !method.server_streaming();
        let idempotency = method.options.as_ref().map(prost_types::MethodOptions::idempotency_level);
        Method {
            service: service.len(),
            streams: method.server_streaming(),
            uploads,
            endless,
            hot,
            idempotency: idempotency.unwrap_or_default(),
            name,
        }
    }

    /// Returns the number of the method at a path such as `/usher.v1.SeatService/CheckOut`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Names of the methods, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(|method| method.name.as_str())
    }

    #[must_use]
    pub fn all(&self) -> &[Method] {
        &self.methods
    }

    /// Services that have methods, each once.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.methods.chunk_by(|a, b| a.service() == b.service()).map(|methods| methods[0].service())
    }

    /// Returns the name of a method in metrics; "other" for a number that is not in the table.
    #[must_use]
    pub fn label(&self, number: usize) -> &str {
        self.methods.get(number).map_or("other", |method| &method.name)
    }
}
