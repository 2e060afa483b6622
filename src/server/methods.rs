//! Which methods there are, read from the descriptors that are served: a table made once, so that a call is counted
//! without allocating, and a client cannot make up new names for a metric.

use std::collections::HashMap;

use prost::Message;
use prost_types::FileDescriptorSet;

/// Streams that have no end of their own. They are ended when a connection is to go; every other call may finish.
const ENDLESS: [&str; 4] = [
    "usher.v1.SessionService/WatchSessions",
    "grpc.health.v1.Health/Watch",
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// What login services call all the time: nothing is done for a call of these that nobody asked for.
const HOT: [&str; 4] = [
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
    /// The length of the service's part of the name.
    service: usize,
    /// The server answers with a stream.
    pub streams: bool,
    /// The client sends a stream, for as long as it has something to send: whoever reads it is patient for so long.
    pub uploads: bool,
    /// The stream has no end of its own.
    pub endless: bool,
    /// It is called so often that its calls are not logged by default.
    pub hot: bool,
}

impl Method {
    #[must_use]
    pub fn service(&self) -> &str {
        &self.name[..self.service]
    }
}

/// Every method that is served, by number. The number after the last stands for whatever else is called.
#[derive(Debug)]
pub struct Methods {
    methods: Vec<Method>,
    by_path: HashMap<Box<str>, usize>,
}

impl Methods {
    /// Reads encoded `FileDescriptorSet`s.
    ///
    /// # Errors
    /// When one is none.
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
        let (endless, hot) = (ENDLESS.contains(&name.as_str()), HOT.contains(&name.as_str()));
        let uploads = method.client_streaming() && !method.server_streaming();
        Method { service: service.len(), streams: method.server_streaming(), uploads, endless, hot, name }
    }

    /// The number of the method at a path such as `/usher.v1.SeatService/CheckOut`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).copied()
    }

    /// Their names, in the order of their numbers.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.methods.iter().map(|method| method.name.as_str())
    }

    #[must_use]
    pub fn all(&self) -> &[Method] {
        &self.methods
    }

    /// The services that have methods, each once.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.methods.chunk_by(|a, b| a.service() == b.service()).map(|methods| methods[0].service())
    }

    /// The name for a metric, of a number or of whatever else is called.
    #[must_use]
    pub fn label(&self, number: usize) -> &str {
        self.methods.get(number).map_or("other", |method| &method.name)
    }
}
