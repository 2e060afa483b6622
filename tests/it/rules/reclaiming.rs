//! By policy, a login to a full pool reclaims the seat of the user who was idle the longest (guard 10, R24).

use super::check;

#[test]
fn r24_reclaiming_an_idle_session() {
    check(
        "R24 a full pool reclaims the session idle the longest, never an Active one",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 2
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        after 1m
        bob signs in to primary on laptop
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        after 58m 59.999s
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED     # ann is Away, not Idle
        after 1ms
        cid signs in to primary on laptop           -> yes, 2/2
        heartbeat ann/laptop, bob/laptop            -> ended: RECLAIMED; kept
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        after 1m
        dee signs in to primary on laptop           -> yes
        heartbeat bob/laptop, cid/laptop            -> ended: RECLAIMED; kept
        ",
    );
    check(
        "R24 activity anywhere keeps a user from being reclaimed",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 2
        pool crm named 1
        grant primary to ann bob cid
        grant crm to ann
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        after 30m
        ann signs in to crm on laptop as crm
        after 30m
        cid signs in to primary on laptop           -> yes
        heartbeat bob/laptop, ann/laptop            -> ended: RECLAIMED; kept
        ",
    );
    check(
        "R24 all of the user's sessions in the pool are reclaimed, none in another",
        "
        policy when_full RECLAIM_IDLE
        policy max_devices_per_user 2
        policy lease_ttl 0s
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        grant primary to bob
        ann signs in to primary on laptop
        ann signs in to primary on phone
        ann signs in to crm on laptop as crm
        after 60m
        bob signs in to primary on desk             -> yes, 1/1
        heartbeat ann/laptop, ann/phone, crm        -> ended: RECLAIMED; ended: RECLAIMED; kept
        ",
    );
    check(
        "R24 R11 an administrator's session is not worth reclaiming",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 1
        user root administrator seats primary
        grant primary to ann bob
        root signs in to primary on console
        after 1m
        ann signs in to primary on laptop
        after 60m
        bob signs in to primary on laptop           -> yes
        heartbeat root/console, ann/laptop          -> kept; ended: RECLAIMED
        ",
    );
    check(
        "R14 R24 in a pool that is over nothing is reclaimed",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 2
        grant primary to ann bob cid
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        pool primary concurrent 1
        after 60m
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 2/1, over 1
        heartbeat ann/laptop, bob/laptop            -> kept; kept
        ",
    );
    check(
        "R24 by default an idle session is left alone",
        "
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop
        after 2h
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 8h
        ",
    );
    check(
        "R24 R15 an unknown user who is admitted reclaims, too, or is not created",
        "
        policy when_full RECLAIM_IDLE
        policy unknown_users ADMIT
        policy lease_ttl 0s
        pool primary concurrent 1
        ann signs in to primary on laptop           -> yes, 1/1
        eve signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        show eve                                    -> refused: NOT_FOUND user
        after 60m
        eve signs in to primary on laptop           -> yes, 1/1
        heartbeat ann/laptop                        -> ended: RECLAIMED
        show eve                                    -> Active, seat primary at all
        ",
    );
}
