//! The ends of sessions (R24), and a closed browser, which ends nothing (R25).

use super::check;

#[test]
fn r24_every_way_a_session_ends() {
    check(
        "R24 check-in, and a late heartbeat revives nothing",
        "
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop
        checkin ann/laptop                      -> ended: CHECKED_IN
        checkin ann/laptop                      -> had ended: CHECKED_IN
        heartbeat ann/laptop active             -> ended: CHECKED_IN, ago 0s
        usage primary                           -> 0/1
        bob signs in to primary on laptop       -> yes
        after 3m
        heartbeat ann/laptop active             -> ended: CHECKED_IN, ago 3m
        usage primary                           -> 1/1
        list sessions                           -> bob/laptop
        ",
    );
    check(
        "R24 a lease that is overdue: exactly at its end, told to the heartbeat itself",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 9m 59.999s
        heartbeat ann/laptop                    -> kept
        after 10m
        heartbeat ann/laptop                    -> ended: LEASE_EXPIRED
        usage primary                           -> 0/1
        ann signs in to primary on laptop       -> yes
        after 9m 59.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        sweep
        usage primary                           -> 0/1
        heartbeat ann/laptop active             -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R24 a late check-in is told what ended the session, swept or not",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 10m
        checkin ann/laptop                      -> had ended: LEASE_EXPIRED
        checkin ann/laptop                      -> had ended: LEASE_EXPIRED
        usage primary                           -> 0/1
        ",
    );
    check(
        "R24 the longest duration: no heartbeat prevents it",
        "
        policy max_session 30m
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, remaining 30m
        after 9m
        heartbeat ann/laptop active             -> kept, remaining 21m
        after 9m
        ann signs in to primary on laptop       -> yes, renewed, remaining 12m
        after 9m
        heartbeat ann/laptop active             -> kept, remaining 3m
        after 2m 59.999s
        heartbeat ann/laptop active             -> kept, remaining 1ms
        after 1ms
        heartbeat ann/laptop active             -> ended: MAX_DURATION
        ann signs in to primary on laptop       -> yes, remaining 30m
        ",
    );
    check(
        "R24 ten hours are the longest duration by default",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, remaining 10h
        after 9h 59m 59.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        sweep
        usage primary                           -> 0/1
        heartbeat ann/laptop                    -> ended: MAX_DURATION
        ",
    );
    check(
        "R24 idle timeout: off by default; else exactly at its end, put off by activity alone",
        "
        policy idle_timeout 20m
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, idle end in 20m
        after 9m
        heartbeat ann/laptop active             -> kept, idle end in 20m
        after 9m
        heartbeat ann/laptop                    -> kept, idle end in 11m
        ann could sign in to primary on laptop  -> yes, renewed, idle end in 20m
        after 9m
        heartbeat ann/laptop                    -> kept
        after 1m 59.999s
        heartbeat ann/laptop                    -> kept, idle end in 1ms
        after 1ms
        heartbeat ann/laptop active             -> ended: IDLE_TIMEOUT
        usage primary                           -> 0/1
        policy idle_timeout off
        ann signs in to primary on laptop       -> yes, no idle end
        after 9m
        heartbeat ann/laptop                    -> kept
        after 9m
        heartbeat ann/laptop                    -> kept
        after 9m
        heartbeat ann/laptop                    -> kept
        ",
    );
    check(
        "R24 the idle timeout is each session's own, whatever the user does elsewhere",
        "
        policy lease_ttl 0s
        policy idle_timeout 20m
        policy max_devices_per_user 2
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop
        ann signs in to crm on phone
        after 19m
        heartbeat ann/phone active              -> kept
        after 1m
        sweep
        list sessions                           -> ann/phone
        heartbeat ann/laptop                    -> ended: IDLE_TIMEOUT
        ",
    );
    check(
        "R24 of two ends at one moment the one that no heartbeat could have prevented is told",
        "
        policy max_session 10m
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 10m
        heartbeat ann/laptop                    -> ended: MAX_DURATION
        policy idle_timeout 5m
        policy lease_ttl 5m
        ann signs in to primary on laptop
        after 5m
        heartbeat ann/laptop                    -> ended: IDLE_TIMEOUT
        ",
    );
    check(
        "R24 closed, taken over, deleted: each is told to a late heartbeat and a late check-in",
        "
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 5
        grant primary to ann bob cid
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop
        close ann/laptop forced                 -> ended: CLOSED
        bob signs in to primary on phone        -> yes
        user cid deleted
        after 1m
        heartbeat ann/laptop, bob/laptop, cid/laptop -> ended: CLOSED, ago 1m; ended: TAKEN_OVER; ended: USER_DELETED
        checkin ann/laptop                      -> had ended: CLOSED
        checkin bob/laptop                      -> had ended: TAKEN_OVER
        checkin cid/laptop                      -> had ended: USER_DELETED
        usage primary                           -> 1/5
        ",
    );
    check(
        "R24 the removal of the tenant",
        "
        pool primary concurrent 5
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        checkin bob/laptop
        tenant acme deleted
        after 1m
        heartbeat ann/laptop, bob/laptop        -> ended: TENANT_REMOVED, ago 1m; ended: CHECKED_IN
        checkin ann/laptop                      -> had ended: TENANT_REMOVED
        ann signs in to primary on laptop       -> no: TENANT_NOT_FOUND
        ",
    );
    check(
        "R24 the reason outlives the next login, a restart, and the policy",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop as first
        checkin first
        ann signs in to primary on laptop as second
        heartbeat first                         -> ended: CHECKED_IN
        after 10m
        sweep
        crash
        policy lease_ttl 1h
        heartbeat first, second                 -> ended: CHECKED_IN; ended: LEASE_EXPIRED
        ann signs in to primary on laptop as third
        heartbeat second                        -> ended: LEASE_EXPIRED
        heartbeat third                         -> kept
        ",
    );
}

#[test]
fn r24_policy_changes_reach_live_sessions() {
    check(
        "R24 a shorter lease shortens no promise, a longer one begins with the next heartbeat",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, lease 10m
        policy lease_ttl 1m
        after 1m
        heartbeat ann/laptop                    -> kept, lease 1m, heartbeat 20s
        after 7m
        heartbeat ann/laptop                    -> kept, lease 1m
        after 1m 59.999s
        sweep
        usage primary                           -> 1/1
        after 1ms
        heartbeat ann/laptop                    -> ended: LEASE_EXPIRED
        ann signs in to primary on laptop       -> yes, lease 1m
        policy lease_ttl 2h
        heartbeat ann/laptop                    -> kept, lease 2h
        after 1h
        heartbeat ann/laptop                    -> kept
        ",
    );
    check(
        "R24 a shorter longest duration holds at once",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 2h
        policy max_session 2h
        heartbeat ann/laptop                    -> ended: MAX_DURATION
        ",
    );
    check(
        "R24 after a restart every session has its full lease and a grace of a minute",
        "
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        after 9m
        crash
        after 10m 59.999s
        sweep
        usage primary                           -> 2/2
        heartbeat ann/laptop                    -> kept
        after 1ms
        sweep
        usage primary                           -> 1/2
        heartbeat bob/laptop                    -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R24 a restart does not lengthen the longest duration, and the idle timeout by no more than a lease and a minute",
        "
        policy lease_ttl 0s
        policy max_session 2h
        policy idle_timeout 1h
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        after 59m
        heartbeat ann/laptop active             -> kept
        restart
        after 1m
        heartbeat ann/laptop, bob/laptop        -> kept; ended: IDLE_TIMEOUT
        after 58m
        heartbeat ann/laptop active             -> kept
        restart
        after 2m
        heartbeat ann/laptop                    -> ended: MAX_DURATION
        ",
    );
    check(
        "R24 after a load the idle timeout waits as leases do: nobody could be seen meanwhile",
        "
        policy idle_timeout 20m
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 9m
        heartbeat ann/laptop                    -> kept
        after 9m
        heartbeat ann/laptop                    -> kept
        crash
        after 10m 59.999s
        sweep
        heartbeat ann/laptop                    -> kept
        after 1ms
        heartbeat ann/laptop                    -> ended: IDLE_TIMEOUT
        ",
    );
}

#[test]
fn r25_a_lease_of_zero_needs_no_heartbeat() {
    check(
        "R25 nothing but the longest duration ends the session",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop       -> yes, no lease, no heartbeat, remaining 10h
        after 9h 59m 59.999s
        bob signs in to primary on laptop       -> no: SEATS_EXHAUSTED, retry 1ms
        ann could sign in to primary on laptop  -> yes, renewed, no lease
        after 1ms
        bob signs in to primary on laptop       -> yes
        heartbeat ann/laptop                    -> ended: MAX_DURATION
        ",
    );
    check(
        "R25 from one to the other: with the next heartbeat",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, lease 10m
        policy lease_ttl 0s
        heartbeat ann/laptop                    -> kept, no lease
        after 1h
        heartbeat ann/laptop                    -> kept
        policy lease_ttl 10m
        after 1h
        heartbeat ann/laptop                    -> kept, lease 10m
        ",
    );
    check(
        "R25 closing the browser, that is silence, ends nothing before the lease does",
        "
        policy lease_ttl 1s
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop       -> yes, lease 1s
        after 999ms
        bob signs in to primary on laptop       -> no: SEATS_EXHAUSTED, retry 1ms
        ",
    );
}
