//! What is called.

use prost::Message;

/// Every method of the contract, those that delete something last: others find it.
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
