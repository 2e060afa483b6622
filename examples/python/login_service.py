"""A login service that asks Usher. It plays some logins against the demo tenant, and ends by itself.

    python login_service.py                         fails closed: no decision, no entry
    python login_service.py --fail-open             lets users in when Usher cannot be asked
    python login_service.py --address HOST:PORT

What to take from it: `UsherClient.check_out` (yes, no, undecided), `SignedIn` (heartbeats, the end of a session, logout) and
`log_in` (what a user is told). The rest plays the logins. `../login_service.rs` is the same in Rust.
"""

import argparse
import sys
import threading
import time
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

sys.path.insert(0, str(Path(__file__).resolve().parent / "stubs"))

from usher.v1 import seat_service_pb2 as seat  # noqa: E402
from usher.v1 import seat_service_pb2_grpc as seat_grpc  # noqa: E402
from usher.v1 import session_service_pb2 as session  # noqa: E402
from usher.v1 import session_service_pb2_grpc as session_grpc  # noqa: E402
from usher.v1 import types_pb2 as types  # noqa: E402

TENANT = "demo"
POOL = "primary"
# The longest a user waits for one answer of Usher at login; seconds, as everywhere here.
TIMEOUT = 2.0
# Before another attempt, where the error does not say how long to wait, and at most.
BACKOFF = 0.2
MAX_BACKOFF = 2.0
# Only so that the show is short: a real service sends a heartbeat every `heartbeat_interval`.
SHOW = 1.0

# Errors after which the same call can be answered a moment later. A malformed call cannot.
WORTH_REPEATING = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.INTERNAL,
}


class Undecided(Exception):
    """No decision: Usher is away or overloaded, or the call is malformed."""

    def __init__(self, error):
        super().__init__(error.code().name)


class UsherClient:
    """The way to Usher. One for the whole process: the channel is shared, and reconnects by itself."""

    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.seats = seat_grpc.SeatServiceStub(self.channel)
        self.sessions = session_grpc.SessionServiceStub(self.channel)

    def check_out(self, user, device):
        """Takes a seat, and answers the lease or the denial. A denial is a decision, and not an error: it is never
        repeated, and never counted as a wrong password.

        Safe to repeat: the same user, pool and device get the same session again, never a second seat.
        """
        request = seat.CheckOutRequest(
            tenant_id=TENANT, pool_id=POOL, user_id=user, device_id=device, client="login-service example"
        )
        try:
            answer = self.seats.CheckOut(request, timeout=TIMEOUT)
        except grpc.RpcError as error:
            if error.code() not in WORTH_REPEATING:
                raise Undecided(error) from error
            time.sleep(backoff(error))
            try:
                answer = self.seats.CheckOut(request, timeout=TIMEOUT)
            except grpc.RpcError as again:
                raise Undecided(again) from again
        # An answer without an outcome means denied: then `denial` is an empty one.
        return answer.lease if answer.HasField("lease") else answer.denial


def backoff(error):
    """How long to wait before the next attempt: what Usher says (`RetryInfo`), within what a user waits for."""
    status = rpc_status.from_call(error)
    for detail in status.details if status else ():
        info = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            return min(info.retry_delay.ToTimedelta().total_seconds(), MAX_BACKOFF)
    return BACKOFF


class SignedIn:
    """A user who is signed in, and whose seat is held by heartbeats."""

    def __init__(self, usher, lease):
        self.usher = usher
        self.lease = lease
        self.active = threading.Event()
        self.log_out_now = threading.Event()
        # What Usher said when the session ended elsewhere.
        self.ended = None
        self.heartbeats = threading.Thread(target=self._beat, daemon=True)
        # Absent: the lease needs no heartbeat.
        if lease.HasField("heartbeat_interval"):
            self.heartbeats.start()

    def user_did_something(self):
        """Called with every click and keystroke: sets a flag, and calls nobody."""
        self.active.set()

    def _beat(self):
        interval = min(self.lease.heartbeat_interval.ToTimedelta().total_seconds(), SHOW)
        while not self.log_out_now.wait(interval):
            active = self.active.is_set()
            self.active.clear()
            request = seat.HeartbeatRequest(tenant_id=TENANT, session_id=self.lease.session_id, active=active)
            try:
                answer = self.usher.seats.Heartbeat(request, timeout=TIMEOUT)
            except grpc.RpcError as error:
                # Undecided: the session goes on. A lease lasts for three intervals, so the next one is in time.
                print(f"    heartbeat undecided: {error.code().name}")
                if active:
                    self.active.set()
                continue
            if not answer.HasField("lease"):
                self.ended = answer.ended
                return
            print(f"    heartbeat, active: {str(active).lower()}")

    def wait_until_ended(self):
        """Waits until Usher says that the session has ended: then the application ends its own session, too."""
        self.heartbeats.join()
        return self.ended

    def log_out(self):
        """Returns the seat. Answers whether the session had lasted until now."""
        self.log_out_now.set()
        # If this fails for good, the lease runs out and the seat is free then.
        request = seat.CheckInRequest(tenant_id=TENANT, session_id=self.lease.session_id)
        return self.usher.seats.CheckIn(request, timeout=TIMEOUT).ended_now


def password_is_right(password):
    """Stands for the application's own check, which comes first and is none of Usher's business."""
    return password == "secret"


def log_in(usher, user, password, device, fail_open):
    """A whole login. Answers whether the user is let in, and the session: let in without one is possible when Usher
    decided nothing; such a user is to be checked out once it answers again."""
    print(f"{user} signs in on {device}")
    if not password_is_right(password):
        print("    wrong password; Usher is not asked")
        return False, None
    try:
        answer = usher.check_out(user, device)
    except Undecided as why:
        print(f"    undecided, {why}: {'FailOpen' if fail_open else 'FailClosed'}")
        return fail_open, None
    if isinstance(answer, types.Denial):
        print(f"    no, {types.DenialReason.Name(answer.reason)}: {message(answer)}")
        return False, None
    print(f'    yes: lands in "{answer.organization_id}", session {answer.session_id}')
    return True, SignedIn(usher, answer)


def message(denial):
    """What the user reads. Where the application has nothing better to say, Usher's own sentence will do."""
    if denial.reason == types.DENIAL_REASON_ALREADY_SIGNED_IN:
        devices = ", ".join(own.device_id for own in denial.own_sessions)
        return f"You are signed in on {devices}. Sign out there first."
    if denial.reason == types.DENIAL_REASON_SEATS_EXHAUSTED:
        if denial.HasField("retry_after"):
            return f"All seats are taken. One can be free in {denial.retry_after.seconds // 60} min at the earliest."
        return "All seats are taken."
    if denial.reason in (types.DENIAL_REASON_USER_NOT_FOUND, types.DENIAL_REASON_SEAT_NOT_GRANTED):
        return "Ask your administrator for a seat."
    return denial.message


def main():
    arguments = argparse.ArgumentParser(description="Plays some logins against Usher's demo tenant.")
    arguments.add_argument("--address", default="127.0.0.1:50051")
    arguments.add_argument("--fail-open", action="store_true", help="let users in when Usher cannot be asked")
    options = arguments.parse_args()
    usher, fail_open = UsherClient(options.address), options.fail_open

    log_in(usher, "ann@demo.example", "wrong", "laptop", fail_open)
    _, ann = log_in(usher, "ann@demo.example", "secret", "laptop", fail_open)
    if ann is None:
        sys.exit("this is played on a running Usher with a fresh demo tenant: `make run` in another terminal")
    ann.user_did_something()
    time.sleep(SHOW * 1.5)

    # No: each with its reason.
    log_in(usher, "ann@demo.example", "secret", "phone", fail_open)
    log_in(usher, "zoe@demo.example", "secret", "laptop", fail_open)

    # A session ends elsewhere, and the application hears of it with the next heartbeat.
    _, bob = log_in(usher, "bob@demo.example", "secret", "desk", fail_open)
    if bob:
        request = session.CloseSessionRequest(tenant_id=TENANT, session_id=bob.lease.session_id, force=True)
        usher.sessions.CloseSession(request, timeout=TIMEOUT)
        print("an administrator closes bob's session")
        ended = bob.wait_until_ended()
        print(f"    bob's session has ended, {types.SessionEndReason.Name(ended.reason)}: he is signed out")

    print("ann signs out")
    print(f"    seat returned: {str(ann.log_out()).lower()}")

    # Nobody listens there: no decision, and the service's own rule applies.
    let_in, _ = log_in(UsherClient("127.0.0.1:1"), "dee@demo.example", "secret", "desk", fail_open)
    print(f"    dee is let in: {str(let_in).lower()}")


if __name__ == "__main__":
    main()
