"""A client made of what the server tells about itself: nobody generated code for it."""

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.rpc import error_details_pb2
from grpc_reflection.v1alpha import reflection_pb2
from grpc_status import rpc_status

# Nothing here takes as long, in seconds; a call that does has failed.
TIMEOUT = 20.0


def reflect(channel, version, **ask):
    """One question to server reflection. `v1` and `v1alpha` are the same messages under two names."""
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    return next(call(iter([reflection_pb2.ServerReflectionRequest(**ask)]), timeout=TIMEOUT))


def services(channel, version):
    answer = reflect(channel, version, list_services="")
    return sorted(service.name for service in answer.list_services_response.service)


class Client:
    def __init__(self, channel, version):
        self.channel = channel
        self.version = version
        self.pool = descriptor_pool.DescriptorPool()
        self.known = set()

    def _learn(self, **ask):
        answer = reflect(self.channel, self.version, **ask)
        files = [descriptor_pb2.FileDescriptorProto.FromString(file)
                 for file in answer.file_descriptor_response.file_descriptor_proto]
        for file in files:
            if file.name in self.known:
                continue
            self.known.add(file.name)
            # A file is added after all that it imports.
            for dependency in file.dependency:
                if dependency not in self.known:
                    self._learn(file_by_filename=dependency)
            self.pool.Add(file)

    def _method(self, service, method):
        name = f"usher.v1.{service}"
        try:
            found = self.pool.FindServiceByName(name)
        except KeyError:
            self._learn(file_containing_symbol=name)
            found = self.pool.FindServiceByName(name)
        found = found.methods_by_name[method]
        ask, answer = (message_factory.GetMessageClass(kind) for kind in (found.input_type, found.output_type))
        return f"/{name}/{method}", ask, answer

    def call(self, service, method, **fields):
        """A unary call; the answer as JSON has it, with the names of the .proto."""
        path, ask, answer = self._method(service, method)
        call = self.channel.unary_unary(path, ask.SerializeToString, answer.FromString)
        return as_json(call(json_format.ParseDict(fields, ask()), timeout=TIMEOUT))

    def stream(self, service, method, **fields):
        path, ask, answer = self._method(service, method)
        call = self.channel.unary_stream(path, ask.SerializeToString, answer.FromString)
        return map(as_json, call(json_format.ParseDict(fields, ask()), timeout=TIMEOUT))

    def refused(self, service, method, **fields):
        """A call that ends with an RPC error: its code, and those details that are known."""
        try:
            self.call(service, method, **fields)
        except grpc.RpcError as error:
            return {"code": error.code().name, "details": details(error)}
        raise AssertionError(f"{service}.{method} was answered: {fields}")


def as_json(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def details(error):
    found = {}
    for packed in rpc_status.from_call(error).details:
        for kind in (error_details_pb2.BadRequest, error_details_pb2.ErrorInfo):
            unpacked = kind()
            if packed.Unpack(unpacked):
                found[kind.DESCRIPTOR.name] = as_json(unpacked)
    return found
