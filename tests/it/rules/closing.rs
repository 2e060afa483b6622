//! Administrators close sessions (R26).

use super::check;

#[test]
fn r26_closing_sessions() {
    check(
        "R26 an Active user's session is refused by default, also when the user is Away",
        "
        policy lease_ttl 90m
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        close ann/laptop                        -> refused: SESSION_IN_USE
        after 59m 59.999s
        show ann                                -> Away
        close ann/laptop                        -> refused: SESSION_IN_USE
        heartbeat ann/laptop                    -> kept
        after 1ms
        close ann/laptop                        -> ended: CLOSED
        close ann/laptop                        -> had ended: CLOSED
        usage primary                           -> 0/1
        ",
    );
    check(
        "R26 by force, or by policy",
        "
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        close ann/laptop forced                 -> ended: CLOSED
        policy close_active ALLOW
        close bob/laptop                        -> ended: CLOSED
        ",
    );
    check(
        "R26 it is the user who is Active or Idle, not the single session",
        "
        policy lease_ttl 61m
        policy max_devices_per_user 2
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop
        after 60m
        heartbeat ann/laptop                    -> kept
        show ann                                -> Idle
        ann signs in to crm on phone
        close ann/laptop                        -> refused: SESSION_IN_USE
        close idle                              -> nobody
        ",
    );
    check(
        "R26 nobody closes their own session from the list, not even by force",
        "
        policy lease_ttl 0s
        policy close_active ALLOW
        pool primary concurrent 2
        user root administrator seats primary
        root signs in to primary on desk
        after 60m
        close root/desk by root                 -> refused: OWN_SESSION
        close root/desk from root/desk          -> refused: OWN_SESSION
        close root/desk forced by root          -> refused: OWN_SESSION
        close root/desk forced from root/desk   -> refused: OWN_SESSION
        close root/desk by boss                 -> ended: CLOSED
        ",
    );
    check(
        "R26 close all idle ends exactly the Idle ones",
        "
        policy lease_ttl 0s
        policy max_devices_per_user 2
        pool primary concurrent 5
        pool crm named 5
        grant primary crm to ann bob cid dee
        ann signs in to primary on laptop
        ann signs in to crm on phone
        dee signs in to primary on laptop
        after 1ms
        bob signs in to primary on laptop
        after 30m
        cid signs in to primary on laptop
        after 29m 59.999s
        close idle in crm                       -> ann/phone
        close idle by dee                       -> ann/laptop
        close idle                              -> dee/laptop
        close idle                              -> nobody
        list sessions                           -> bob/laptop cid/laptop
        heartbeat ann/laptop, ann/phone         -> ended: CLOSED; ended: CLOSED
        after 1ms
        close idle in ghost                     -> refused: NOT_FOUND pool
        close idle in primary                   -> bob/laptop
        usage primary                           -> 1/5, active 1, idle 0
        ",
    );
    check(
        "R26 what is overdue ends for its own reason",
        "
        policy lease_ttl 61m
        pool primary concurrent 5
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        after 61m
        close ann/laptop                        -> had ended: LEASE_EXPIRED
        close idle                              -> nobody
        heartbeat bob/laptop                    -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R26 R1 a session of another tenant is no session",
        "
        pool primary concurrent 5
        grant primary to ann
        ann signs in to primary on laptop
        tenant globex
        in globex
        close ann/laptop forced                 -> refused: NOT_FOUND session
        checkin ann/laptop                      -> had ended: UNKNOWN
        heartbeat ann/laptop active             -> ended: UNKNOWN
        in acme
        heartbeat ann/laptop                    -> kept
        ",
    );
}

/// A user who closed the browser cannot check in, and an administrator can still close the session (R26).
#[test]
fn r26_closing_the_session_of_a_dead_client() {
    check(
        "R26 a client is live while its last heartbeat is younger than two intervals",
        "
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop       -> yes, heartbeat 3m 20s
        after 3m 20s
        heartbeat ann/laptop                    -> kept
        after 6m 39.999s
        show ann                                -> Away
        close ann/laptop                        -> refused: SESSION_IN_USE
        ann signs in to primary on laptop       -> yes, renewed
        after 6m 39.999s
        close ann/laptop                        -> refused: SESSION_IN_USE
        after 1ms
        bob signs in to primary on phone        -> no: SEATS_EXHAUSTED
        show ann                                -> Away
        close ann/laptop                        -> ended: CLOSED
        bob signs in to primary on phone
        heartbeat ann/laptop                    -> ended: CLOSED
        ",
    );
    check(
        "R26 each session has a client of its own",
        "
        policy max_devices_per_user 2
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop
        ann signs in to crm on phone
        after 6m 40s
        heartbeat ann/phone active              -> kept
        show ann                                -> Active
        close ann/phone                         -> refused: SESSION_IN_USE
        close ann/laptop                        -> ended: CLOSED
        ",
    );
    check(
        "R26 R25 where no heartbeats are needed, a client is live while the last activity is younger than away_after",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, no heartbeat
        after 4m 59.999s
        close ann/laptop                        -> refused: SESSION_IN_USE
        heartbeat ann/laptop active             -> kept
        after 4m 59.999s
        heartbeat ann/laptop                    -> kept
        close ann/laptop                        -> refused: SESSION_IN_USE
        after 1ms
        show ann                                -> Active
        close ann/laptop                        -> ended: CLOSED
        ",
    );
    check(
        "R26 a client hears of another policy with its next heartbeat, and not before",
        "
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on phone
        policy lease_ttl 3s
        after 6m 39.999s
        close ann/laptop                        -> refused: SESSION_IN_USE
        heartbeat ann/laptop                    -> kept, heartbeat 1s
        after 1.999s
        close bob/phone                         -> ended: CLOSED
        close ann/laptop                        -> refused: SESSION_IN_USE
        after 1ms
        close ann/laptop                        -> ended: CLOSED
        ",
    );
    check(
        "R26 after a restart a client that was not silent for half of its lease has two intervals to be heard again",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 4m 59.999s
        restart
        after 6m 39.999s
        close ann/laptop                        -> refused: SESSION_IN_USE
        after 1ms
        close ann/laptop                        -> ended: CLOSED
        ",
    );
}
