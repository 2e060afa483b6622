//! Renewals (R16), logins on another device (R17), and sessions that are overdue at that moment (R18).

use super::check;

#[test]
fn r16_relogin() {
    check(
        "R16 a re-login on the same device is the same session",
        "
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes, 1/1
        after 9m
        ann signs in to primary on laptop           -> yes, renewed, 1/1, remaining 9h 51m
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 10m
        after 9m 59.999s
        heartbeat ann/laptop                        -> kept
        list sessions                               -> ann/laptop
        ",
    );
    check(
        "R16 in a named pool, too, and with one of many devices",
        "
        policy max_devices_per_user 2
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop               -> yes
        ann signs in to crm on phone                -> yes
        ann signs in to crm on laptop               -> yes, renewed
        ann signs in to crm on phone                -> yes, renewed
        list sessions                               -> ann/laptop ann/phone
        ",
    );
    check(
        "R16 another pool on the same device is another session",
        "
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        ann signs in to primary on laptop as one    -> yes
        ann signs in to crm on laptop as two        -> yes
        ann signs in to primary on laptop           -> yes, renewed
        list sessions                               -> one two
        ",
    );
    check(
        "R16 a session that ended is not renewed",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop as first  -> yes
        checkin first
        ann signs in to primary on laptop as second -> yes
        after 10m
        ann signs in to primary on laptop as third  -> yes
        heartbeat second                            -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R16 a re-login with another organization moves the session there",
        "
        organization north
        organization south
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop at north  -> yes, at north
        ann signs in to primary on laptop at south  -> yes, renewed, at south
        list sessions at south                      -> ann/laptop
        list sessions at north                      -> nobody
        ",
    );
}

#[test]
fn r17_one_device_per_user() {
    check(
        "R17 a second device is denied, in both plans and over all pools",
        "
        pool primary concurrent 5
        pool crm named 5
        grant primary crm to ann
        ann signs in to primary on laptop           -> yes
        after 4m
        ann signs in to primary on phone            -> no: ALREADY_SIGNED_IN, own ann/laptop, retry 6m
        ann signs in to crm on phone                -> no: ALREADY_SIGNED_IN, own ann/laptop, retry 6m
        ann signs in to crm on laptop as crm        -> yes
        ann signs in to primary on phone            -> no: ALREADY_SIGNED_IN, own ann/laptop, own crm
        checkin ann/laptop
        ann signs in to primary on phone            -> no: ALREADY_SIGNED_IN, own crm, retry 10m
        checkin crm
        ann signs in to crm on phone                -> yes
        ann signs in to crm on laptop               -> no: ALREADY_SIGNED_IN
        ",
    );
    check(
        "R17 by policy the oldest of the user's own sessions is taken over",
        "
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes
        ann signs in to primary on phone            -> yes, 1/1
        heartbeat ann/laptop                        -> ended: TAKEN_OVER
        heartbeat ann/phone                         -> kept
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        ",
    );
    check(
        "R17 nobody takes over the session of somebody else",
        "
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        heartbeat ann/laptop                        -> kept
        ",
    );
    check(
        "R17 R19 a take-over that another guard denies ends nothing",
        "
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 1
        pool extranet concurrent 1
        grant primary extranet to ann bob
        ann signs in to primary on laptop           -> yes
        bob signs in to extranet on desk            -> yes
        ann signs in to extranet on phone           -> no: SEATS_EXHAUSTED
        heartbeat ann/laptop                        -> kept
        ",
    );
    check(
        "R17 a take-over makes room in the pool that it leaves",
        "
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 1
        pool crm named 1
        grant primary to bob
        grant primary crm to ann
        ann signs in to primary on laptop           -> yes
        ann signs in to crm on phone                -> yes
        bob signs in to primary on desk             -> yes, 1/1
        ",
    );
    check(
        "R17 two devices: the third is denied",
        "
        policy max_devices_per_user 2
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop               -> yes
        after 1m
        ann signs in to crm on phone                -> yes
        ann signs in to crm on tablet               -> no: ALREADY_SIGNED_IN, own ann/laptop, own ann/phone, retry 9m
        after 9m                                    # the laptop's lease is overdue, swept or not
        ann signs in to crm on tablet               -> yes
        list sessions                               -> ann/phone ann/tablet
        ",
    );
    check(
        "R17 two devices: the third takes the oldest over",
        "
        policy max_devices_per_user 2
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop           -> yes
        after 1m
        ann signs in to primary on phone            -> yes
        heartbeat ann/laptop active                 -> kept
        ann signs in to primary on tablet           -> yes, 1/1
        heartbeat ann/laptop, ann/phone, ann/tablet -> ended: TAKEN_OVER; kept; kept
        ",
    );
    check(
        "R17 fewer devices by policy: a login takes over as many as it must",
        "
        policy max_devices_per_user 3
        policy when_already_signed_in TAKE_OVER
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop
        after 1s
        ann signs in to crm on phone
        after 1s
        ann signs in to crm on tablet
        policy max_devices_per_user 2
        heartbeat ann/laptop, ann/phone, ann/tablet -> kept; kept; kept
        ann signs in to crm on watch                -> yes
        heartbeat ann/laptop, ann/phone, ann/tablet -> ended: TAKEN_OVER; ended: TAKEN_OVER; kept
        ",
    );
}

#[test]
fn r18_a_decision_never_waits_for_a_sweeper() {
    check(
        "R18 overdue at this moment is ended first",
        "
        pool primary concurrent 1
        grant primary to ann bob cid
        ann signs in to primary on laptop           -> yes
        after 9m 59.999s
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 1ms
        after 1ms
        bob signs in to primary on laptop           -> yes, 1/1
        heartbeat ann/laptop                        -> ended: LEASE_EXPIRED
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        ",
    );
    check(
        "R18 the retry is the earliest end of any session there",
        "
        pool primary concurrent 2
        grant primary to ann bob cid
        ann signs in to primary on laptop
        after 3m
        bob signs in to primary on laptop
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 7m
        after 2m
        heartbeat ann/laptop                        -> kept
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 8m
        policy lease_ttl 0s
        heartbeat ann/laptop, bob/laptop            -> kept; kept
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 9h 55m
        ",
    );
    check(
        "R18 the user's own overdue session in another pool stands in no way",
        "
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        ann signs in to crm on laptop               -> yes
        after 10m
        ann signs in to primary on phone            -> yes
        heartbeat ann/laptop                        -> ended: LEASE_EXPIRED
        ",
    );
}
