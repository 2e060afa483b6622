//! The methods that are called.

use prost::Message;

/// Returns every method of the contract; those that delete something come last, because other methods need what they
/// delete.
pub fn all() -> Vec<String> {
    let set = prost_types::FileDescriptorSet::decode(usher::proto::FILE_DESCRIPTOR_SET).expect("descriptors");
    let services = set.file.iter().flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
    let names = services.flat_map(|(package, service)| {
        service.method.iter().map(move |method| format!("{package}.{}/{}", service.name(), method.name()))
    });
    let mut methods: Vec<String> = names.filter(|name| name.starts_with("usher.v1.")).collect();
    methods.sort_by_key(|name| name.contains("/Delete"));
    methods
}
