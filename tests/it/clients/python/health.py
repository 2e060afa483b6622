"""Asks for health as Kubernetes and gRPC's own clients do: health.py HOST:PORT OPERATIONS_HOST:PORT SERVICE...

Prints a line of JSON with what the operations port's probes and Check answer, then a line for every state that Watch
tells, until it is NOT_SERVING.
"""

import json
import sys
import urllib.request

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

# Nothing here takes as long, in seconds; a call that does has failed.
TIMEOUT = 20.0

State = health_pb2.HealthCheckResponse.ServingStatus


def check(health, service):
    try:
        return State.Name(health.Check(health_pb2.HealthCheckRequest(service=service), timeout=TIMEOUT).status)
    except grpc.RpcError as error:
        return error.code().name


def probe(operations, path):
    return urllib.request.urlopen(f"http://{operations}/{path}", timeout=TIMEOUT).status


def main():
    address, operations, *services = sys.argv[1:]
    probes = {path: probe(operations, path) for path in ("livez", "readyz")}
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        checks = {service: check(health, service) for service in services}
        print(json.dumps({**probes, **checks}), flush=True)
        for told in health.Watch(health_pb2.HealthCheckRequest(service=""), timeout=TIMEOUT):
            print(json.dumps(State.Name(told.status)), flush=True)
            if told.status == State.NOT_SERVING:
                return


if __name__ == "__main__":
    main()
