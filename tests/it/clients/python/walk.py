"""Walks a login through its life in the demo tenant, and prints what was answered: walk.py HOST:PORT v1|v1alpha"""

import json
import sys

import grpc

from usher_client import Client, services

DEMO = {"tenant_id": "demo"}


def check_out(client, user):
    login = {"pool_id": "primary", "user_id": f"{user}@demo.example", "device_id": "desk"}
    return client.call("SeatService", "CheckOut", **DEMO, **login)


def pages(client):
    """The users of all live sessions, page by page."""
    found, token = [], ""
    while True:
        page = client.call("SessionService", "ListSessions", **DEMO, page_size=2, page_token=token)
        found.append([session["user_id"] for session in page["sessions"]])
        token = page.get("next_page_token")
        if not token:
            return found


def walk(client):
    watch = client.stream("SessionService", "WatchSessions", **DEMO)
    # Its first message: from now on nothing is missed.
    yield "watching", next(watch)

    lease = check_out(client, "ann")["lease"]
    session = {**DEMO, "session_id": lease["session_id"]}
    yield "lease", lease
    yield "renewed", check_out(client, "ann")["lease"]
    yield "started", next(watch)
    yield "heartbeat", client.call("SeatService", "Heartbeat", **session, active=True)

    for user in ("bob", "cid", "dee", "eve"):
        check_out(client, user)
    yield "denial", check_out(client, "fay")["denial"]
    yield "usage", client.call("TenantService", "GetUsage", **DEMO)["pools"]
    yield "pages", pages(client)

    yield "check_in", client.call("SeatService", "CheckIn", **session)
    yield "late_heartbeat", client.call("SeatService", "Heartbeat", **session)
    yield "ended", next(event for event in watch if "ended" in event)

    yield "bad_request", client.refused("SeatService", "CheckOut")
    yield "not_found", client.refused("DirectoryService", "GetUser", **DEMO, user_id="zoe@demo.example")


def main():
    address, version = sys.argv[1:]
    with grpc.insecure_channel(address) as channel:
        answers = {"services": services(channel, version), **dict(walk(Client(channel, version)))}
    print(json.dumps(answers))


if __name__ == "__main__":
    main()
