//! Concurrent pools: a live session counts (R11), up to the limit (R12 to R15).

use super::check;

#[test]
fn r11_a_live_session_counts_and_a_seat_does_not() {
    check(
        "R11 in use are the users with a live session, Active or Idle",
        "
        policy lease_ttl 0s
        pool primary concurrent 2
        grant primary to ann bob cid                -> yes, 0/2; yes, 0/2; yes, 0/2
        usage primary                               -> 0/2, concurrent, granted 3
        ann signs in to primary on laptop           -> yes, 1/2
        after 60m
        bob signs in to primary on laptop           -> yes, 2/2
        usage primary                               -> 2/2, active 1, idle 1
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 2/2
        checkin ann/laptop
        cid signs in to primary on laptop           -> yes, 2/2
        ",
    );
    check(
        "R11 a user on two devices is one user",
        "
        policy max_devices_per_user 2
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes, 1/1
        ann signs in to primary on phone            -> yes, 1/1, active 1
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin ann/laptop
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin ann/phone
        bob signs in to primary on laptop           -> yes, 1/1
        ",
    );
    check(
        "R11 a user in two pools counts in each",
        "
        pool primary concurrent 1
        pool extranet concurrent 1
        grant primary extranet to ann
        ann signs in to primary on laptop           -> yes, 1/1
        ann signs in to extranet on laptop          -> yes, 1/1
        usage primary                               -> 1/1
        ",
    );
}

#[test]
fn r11_administrators() {
    check(
        "R11 administrators do not count and are never refused for a full pool",
        "
        pool primary concurrent 1
        grant primary to ann bob
        user root administrator seats primary
        root signs in to primary on console         -> yes, 0/1, active 1
        ann signs in to primary on laptop           -> yes, 1/1, active 2
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        user boss administrator seats primary
        boss signs in to primary on console         -> yes, 1/1, active 3
        pool primary concurrent 0
        checkin boss/console
        boss signs in to primary on console         -> yes, 1/0, over 1
        ",
    );
    check(
        "R11 an administrator needs a seat, too",
        "
        pool primary concurrent 1
        user root administrator
        root signs in to primary on console         -> no: SEAT_NOT_GRANTED
        ",
    );
    check(
        "R11 by policy administrators count and are refused",
        "
        policy administrators_count_in_concurrent yes
        pool primary concurrent 1
        user root administrator seats primary
        grant primary to ann
        root signs in to primary on console         -> yes, 1/1
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin root/console
        ann signs in to primary on laptop           -> yes
        root signs in to primary on console         -> no: SEATS_EXHAUSTED
        ",
    );
    check(
        "R11 whether a session counts is decided when it starts",
        "
        pool primary concurrent 1
        user root administrator seats primary
        grant primary to ann
        root signs in to primary on console         -> yes, 0/1
        policy administrators_count_in_concurrent yes
        usage primary                               -> 0/1, active 1
        ann signs in to primary on laptop           -> yes, 1/1
        root signs in to primary on console         -> yes, renewed, 1/1
        checkin root/console
        root signs in to primary on console         -> no: SEATS_EXHAUSTED
        policy administrators_count_in_concurrent no
        root signs in to primary on console         -> yes, 1/1
        ",
    );
}

/// An administrator only for the moment of the login would add one seat to the pool (R11, R13).
#[test]
fn r11_sessions_are_those_of_the_role_that_their_user_has() {
    check(
        "R11 R13 who is no administrator any more counts at once, and stays one while the pool is full",
        "
        pool primary concurrent 1
        user root administrator seats primary
        grant primary to ann
        root signs in to primary on console         -> yes, 0/1
        ann signs in to primary on laptop           -> yes, 1/1
        user root administrator no                  -> refused: SEATS_EXHAUSTED
        show root                                   -> Active, administrator
        usage primary                               -> 1/1, active 2
        checkin ann/laptop
        user root administrator no                  -> yes
        usage primary                               -> 1/1, active 1
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin root/console
        ann signs in to primary on laptop           -> yes, 1/1
        ",
    );
    check(
        "R11 who becomes an administrator gives the seat back at once",
        "
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes, 1/1
        user ann administrator yes                  -> yes
        usage primary                               -> 0/1, active 1
        crash
        bob signs in to primary on laptop           -> yes, 1/1
        user ann administrator no                   -> refused: SEATS_EXHAUSTED
        policy administrators_count_in_concurrent yes
        user ann administrator no                   -> refused: SEATS_EXHAUSTED
        checkin bob/laptop
        user ann administrator no                   -> yes
        user ann administrator yes                  -> yes
        usage primary                               -> 1/1
        ",
    );
    check(
        "R11 in a named pool sessions do not count, and in each other pool the user counts once",
        "
        policy max_devices_per_user 3
        pool crm named 1
        pool primary concurrent 1
        pool extranet concurrent 0
        user root administrator seats crm primary extranet
        root signs in to crm on console             -> yes
        root signs in to primary on console         -> yes, 0/1
        root signs in to primary on phone           -> yes, 0/1
        root signs in to extranet on phone as outside -> yes, 0/0
        user root administrator no                  -> refused: SEATS_EXHAUSTED
        checkin outside
        user root administrator no                  -> yes
        usage primary                               -> 1/1
        usage crm                                   -> 1/1
        ",
    );
    check(
        "R11 R18 what is overdue stands in nobody's way, and does not begin to count",
        "
        pool primary concurrent 1
        user root administrator seats primary
        grant primary to ann
        ann signs in to primary on laptop           -> yes, 1/1
        after 5m
        root signs in to primary on console         -> yes, 1/1
        after 5m
        user root administrator no                  -> yes
        usage primary                               -> 1/1
        heartbeat ann/laptop                        -> ended: LEASE_EXPIRED
        user root administrator yes
        ann signs in to primary on laptop           -> yes, 1/1
        after 5m
        user root administrator no                  -> yes
        usage primary                               -> 1/1
        heartbeat root/console                      -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R11 R23 who is Idle is reclaimed from then on",
        "
        policy lease_ttl 0s
        policy when_full RECLAIM_IDLE
        pool primary concurrent 1
        user root administrator seats primary
        grant primary to ann bob
        root signs in to primary on console
        after 1h
        ann signs in to primary on laptop           -> yes, 1/1
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin ann/laptop
        user root administrator no
        usage primary                               -> 1/1, idle 1
        bob signs in to primary on laptop           -> yes, 1/1
        heartbeat root/console                      -> ended: RECLAIMED
        ",
    );
    check(
        "R11 R15 R33 a directory finds the same, and says so in a dry run",
        "
        pool primary concurrent 1
        user root administrator seats primary
        user boss administrator seats primary
        root signs in to primary on console
        boss signs in to primary on console
        sync root boss administrator no dry         -> updated; refused: SEATS_EXHAUSTED
        sync root boss administrator no             -> updated; refused: SEATS_EXHAUSTED
        usage primary                               -> 1/1
        sync root administrator yes dry             -> updated
        sync root boss administrator no             -> unchanged; refused: SEATS_EXHAUSTED
        sync root administrator yes                 -> updated
        after 10m
        sync boss administrator no dry              -> updated
        sync boss administrator no                  -> updated
        usage primary                               -> 0/1
        ",
    );
}

#[test]
fn r12_limits_at_their_edges() {
    check(
        "R12 R13 below the limit, at the limit, above it",
        "
        pool primary concurrent 2
        grant primary to ann bob cid
        ann signs in to primary on laptop           -> yes, 1/2
        bob signs in to primary on laptop           -> yes, 2/2
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 2/2
        usage primary                               -> 2/2
        ",
    );
    check(
        "R12 zero is a number, and nothing will ever free itself",
        "
        pool primary concurrent 0
        grant primary to ann                        -> yes, 0/0
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 0/0, no retry
        ",
    );
    check(
        "R12 unlimited is no number",
        "
        pool primary concurrent unlimited
        grant primary to ann bob cid
        ann signs in to primary on laptop           -> yes, 1/unlimited
        bob signs in to primary on laptop           -> yes, 2/unlimited
        cid signs in to primary on laptop           -> yes, 3/unlimited
        ",
    );
}

#[test]
fn r14_a_shrunk_limit() {
    check(
        "R14 live sessions go on, and nothing new is granted until in use is below the limit",
        "
        pool primary concurrent 3
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop
        pool primary concurrent 1
        usage primary                               -> 3/1, over 2
        usage                                       -> license in force, notice OVER_LIMIT
        heartbeat ann/laptop, bob/laptop, cid/laptop -> kept; kept; kept
        ann signs in to primary on laptop           -> yes, renewed, notice OVER_LIMIT
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 3/1, over 2
        checkin ann/laptop
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 2/1, over 1
        checkin bob/laptop
        usage primary                               -> 1/1
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 1/1
        checkin cid/laptop
        dee signs in to primary on laptop           -> yes, 1/1, no notice
        ",
    );
    check(
        "R14 in a pool that is over nobody changes the device, and keeps the session that is there",
        "
        policy when_already_signed_in TAKE_OVER
        pool primary concurrent 2
        grant primary to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        pool primary concurrent 1
        ann signs in to primary on phone            -> no: SEATS_EXHAUSTED, 2/1, over 1
        heartbeat ann/laptop                        -> kept
        checkin bob/laptop
        ann signs in to primary on phone            -> yes, 1/1
        heartbeat ann/laptop                        -> ended: TAKEN_OVER
        ",
    );
}

#[test]
fn r15_unknown_users_are_admitted_within_the_limit() {
    check(
        "R15 an unknown user in a full concurrent pool is not created",
        "
        policy unknown_users ADMIT
        pool primary concurrent 1
        organization north
        ann signs in to primary on laptop           -> yes, at north
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED, retry 10m
        list users                                  -> ann
        checkin ann/laptop
        bob signs in to primary on laptop at south  -> no: ORGANIZATION_ACCESS_OFF
        bob signs in to primary on laptop at north  -> yes, 1/1
        list users                                  -> ann bob
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        ",
    );
}
