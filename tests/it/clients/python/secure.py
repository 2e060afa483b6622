"""Signs ann in over TLS, with a certificate or with a token, and tries what an application may not: secure.py --help"""

import argparse
import json
import pathlib

import grpc

from usher_client import Client


def connect(address, ca, cert=None, key=None, token_file=None):
    read = lambda path: pathlib.Path(path).read_bytes() if path else None
    credentials = grpc.ssl_channel_credentials(read(ca), read(key), read(cert))
    if token_file:
        token = grpc.access_token_call_credentials(read(token_file).decode().strip())
        credentials = grpc.composite_channel_credentials(credentials, token)
    return grpc.secure_channel(address, credentials)


def refused(client):
    told = client.refused("TenantService", "GetUsage", tenant_id="demo")
    return f"{told['code']} {told['details']['ErrorInfo']['reason']}"


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    for name in ["--address", "--ca", "--cert", "--key", "--token-file"]:
        options.add_argument(name)
    given = options.parse_args()
    with connect(**vars(given)) as channel, connect(given.address, given.ca) as open_channel:
        client = Client(channel, "v1")
        login = {"pool_id": "primary", "user_id": "ann@demo.example", "device_id": "desk"}
        lease = client.call("SeatService", "CheckOut", tenant_id="demo", **login)["lease"]
        nobody = refused(Client(open_channel, "v1"))
        print(json.dumps({"user_id": lease["user_id"], "usage": refused(client), "nobody": nobody}))
