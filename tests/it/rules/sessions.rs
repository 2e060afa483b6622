//! Live sessions: heartbeats (R22) and the status of the user that follows from them (R23).

use super::check;

#[test]
fn r22_a_heartbeat_carries_two_facts() {
    check(
        "R22 being alive extends the lease, and is no activity",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop       -> yes, lease 10m, heartbeat 3m 20s, remaining 10h
        after 9m
        heartbeat ann/laptop                    -> kept, lease 10m, remaining 9h 51m
        show ann                                -> Away, active 9m ago
        after 9m 59.999s
        heartbeat ann/laptop active             -> kept
        show ann                                -> Active, active 0s ago
        after 10m
        heartbeat ann/laptop active             -> ended: LEASE_EXPIRED, ago 0s
        show ann                                -> Inactive, active 10m ago
        ",
    );
    check(
        "R22 a batch of heartbeats is answered in its order, for each by itself",
        "
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        checkin bob/laptop
        heartbeat bob/laptop, ann/laptop active, bob/laptop -> ended: CHECKED_IN; kept; ended: CHECKED_IN
        ",
    );
    check(
        "R22 activity reaches the store with the regular work, at the latest with the last",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 6m
        heartbeat ann/laptop active             -> kept
        after 29s
        sweep                                   # too young to be written
        crash
        show ann                                -> Away, active 6m 29s ago
        heartbeat ann/laptop active             -> kept
        after 30s
        sweep
        crash
        show ann                                -> Active, active 30s ago
        after 7m
        heartbeat ann/laptop active             -> kept
        restart
        show ann                                -> Active, active 0s ago
        ",
    );
}

#[test]
fn r23_status() {
    check(
        "R23 Active, Away when older than 5 minutes, Idle from 60 minutes on, Inactive without a session",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann
        show ann                                -> Inactive, active never
        ann signs in to primary on laptop
        show ann                                -> Active
        after 5m
        show ann                                -> Active, active 5m ago
        after 1ms
        show ann                                -> Away
        usage primary                           -> 1/1, active 1, idle 0
        after 54m 59.998s
        show ann                                -> Away, active 59m 59s 999ms ago
        usage primary                           -> 1/1, active 1, idle 0
        after 1ms
        show ann                                -> Idle, active 1h ago
        usage primary                           -> 1/1, active 0, idle 1
        heartbeat ann/laptop                    -> kept
        show ann                                -> Idle
        heartbeat ann/laptop active             -> kept
        show ann                                -> Active
        usage primary                           -> 1/1, active 1, idle 0
        after 1h
        checkin ann/laptop
        show ann                                -> Inactive
        usage primary                           -> 0/1, active 0, idle 0
        ",
    );
    check(
        "R23 over all of the tenant's sessions: any activity makes the user Active everywhere",
        "
        policy lease_ttl 0s
        policy max_devices_per_user 2
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        ann signs in to primary on laptop
        after 30m
        ann signs in to crm on phone
        after 59m 59.999s
        usage primary                           -> 1/1, active 1, idle 0
        after 1ms
        show ann                                -> Idle
        usage primary                           -> 1/1, active 0, idle 1
        usage crm                               -> 1/1, active 0, idle 1
        heartbeat ann/phone active              -> kept
        usage primary                           -> 1/1, active 1, idle 0
        list sessions Active                    -> ann/laptop ann/phone
        after 60m
        checkin ann/phone
        show ann                                -> Idle
        usage primary                           -> 1/1, active 0, idle 1
        usage crm                               -> 1/1, active 0, idle 0
        ",
    );
    check(
        "R23 a re-login is an activity, and so is a login elsewhere",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        ann signs in to primary on laptop
        after 60m
        ann signs in to primary on laptop       -> yes, renewed, active 1, idle 0
        show ann                                -> Active
        after 60m
        ann signs in to crm on laptop as crm    -> yes
        show ann                                -> Active
        usage primary                           -> 1/1, active 1, idle 0
        ",
    );
    check(
        "R23 by policy Away and Idle come sooner, also for who is signed in already",
        "
        policy lease_ttl 0s
        policy away_after 1s
        policy idle_after 2s
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 1s
        show ann                                -> Active
        after 1ms
        show ann                                -> Away
        after 999ms
        show ann                                -> Idle
        policy idle_after 1h
        show ann                                -> Away
        usage primary                           -> 1/1, active 1, idle 0
        policy away_after 2s
        show ann                                -> Active
        policy away_after 1h                    -> refused: INVALID tenant.policy.away_after
        policy idle_after 2s                    -> refused: INVALID tenant.policy.away_after
        show ann                                -> Active
        ",
    );
    check(
        "R23 a restart changes nobody's status",
        "
        policy lease_ttl 0s
        pool primary concurrent 3
        grant primary to ann bob cid
        ann signs in to primary on laptop
        after 50m
        bob signs in to primary on laptop
        after 10m
        cid signs in to primary on laptop
        crash
        show ann                                -> Idle
        show bob                                -> Away
        show cid                                -> Active
        usage primary                           -> 3/3, active 2, idle 1
        ",
    );
}
