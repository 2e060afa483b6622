//! The methods that are called.

use prost::Message;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{FieldDescriptorProto, FileDescriptorSet};

fn descriptors() -> FileDescriptorSet {
    FileDescriptorSet::decode(usher::proto::FILE_DESCRIPTOR_SET).expect("descriptors")
}

/// Returns every method of the contract; those that delete something come last, because other methods need what they
/// delete.
pub fn all() -> Vec<String> {
    let set = descriptors();
    let services = set.file.iter().flat_map(|file| file.service.iter().map(move |service| (file.package(), service)));
    let names = services.flat_map(|(package, service)| {
        service.method.iter().map(move |method| format!("{package}.{}/{}", service.name(), method.name()))
    });
    let mut methods: Vec<String> = names.filter(|name| name.starts_with("usher.v1.")).collect();
    methods.sort_by_key(|name| name.contains("/Delete"));
    methods
}

/// Returns whether the caller chooses the size of a method's request, or the method answers with a list or a stream.
/// Every such method has an entry in `calls`.
pub fn varies_in_size(method: &str) -> bool {
    let set = descriptors();
    let any_field = |message: &str, holds: fn(&FieldDescriptorProto) -> bool| {
        let name = message.rsplit('.').next();
        let messages = set.file.iter().flat_map(|file| &file.message_type);
        messages.filter(|known| Some(known.name()) == name).any(|known| known.field.iter().any(holds))
    };
    let name = method.rsplit('/').next();
    let methods = set.file.iter().flat_map(|file| &file.service).flat_map(|service| &service.method);
    methods.filter(|known| Some(known.name()) == name).any(|known| {
        known.client_streaming()
            || known.server_streaming()
            || any_field(known.input_type(), |field| {
                field.label() == Label::Repeated || field.r#type() == Type::Message
            })
            || any_field(known.output_type(), |field| field.label() == Label::Repeated)
    })
}
