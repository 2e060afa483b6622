//! Limits from licenses (R27), expiry (R29), and a tenant without any license (R30). The ledger gets a signed document
//! as plain entitlements, as here.

use super::check;

#[test]
fn r27_licenses_add_up() {
    check(
        "R27 several licenses of one pool add up",
        "
        license base revision 1 gives primary concurrent 1, crm named 2
        license more revision 1 gives primary concurrent 2
        grant primary to ann bob cid dee
        usage primary                               -> 0/3
        ann signs in to primary on laptop           -> yes
        bob signs in to primary on laptop           -> yes
        cid signs in to primary on laptop           -> yes
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 3/3
        license all revision 1 gives primary concurrent unlimited
        dee signs in to primary on laptop           -> yes, 4/unlimited
        license all deleted
        usage primary                               -> 4/3, over 1
        ",
    );
    check(
        "R27 a higher revision replaces the lower, a lower or other text of the same is refused",
        "
        license base revision 2 gives crm named 2
        license base revision 1 gives crm named 9   -> refused: LICENSE_REVISION
        license base revision 2 gives crm named 9   -> refused: LICENSE_REVISION
        license base revision 2 gives crm named 2, cms named 1 -> refused: LICENSE_REVISION
        license base revision 2 gives crm named 2   -> yes
        usage crm                                   -> 0/2
        license base revision 3 gives crm named 1   -> yes
        usage crm                                   -> 0/1
        license base revision 2 gives crm named 2   -> refused: LICENSE_REVISION
        license ghost deleted                       -> refused: NOT_FOUND license
        ",
    );
    check(
        "R27 a refused license leaves no pool behind",
        "
        license base revision 2 gives crm named 2
        license base revision 1 gives cms named 2   -> refused: LICENSE_REVISION
        license base revision 2 gives cms named 2   -> refused: LICENSE_REVISION
        usage cms                                   -> no such pool
        ",
    );
    check(
        "R27 licenses of one pool have one plan",
        "
        license base revision 1 gives crm named 2
        license more revision 1 gives crm concurrent 2  -> refused: PLANS_DISAGREE
        license more revision 1 gives new named 1, new concurrent 1 -> refused: PLANS_DISAGREE
        usage crm                                   -> 0/2, named
        license base revision 2 gives crm concurrent 2  -> yes
        usage crm                                   -> 0/2, concurrent
        ",
    );
}

#[test]
fn r29_expiry() {
    check(
        "R29 expiry stops new check-outs of everybody but administrators, and throws nobody out",
        "
        policy lease_ttl 0s
        policy max_session 100d
        pool primary concurrent 5 until 10d
        pool crm named 5 until 10d
        grant primary crm to ann bob
        user root administrator seats primary crm
        after 9d 23h 59m 59.999s
        ann signs in to primary on laptop           -> yes
        after 1ms
        heartbeat ann/laptop                        -> kept
        bob signs in to primary on laptop           -> no: LICENSE_EXPIRED
        ann signs in to primary on laptop           -> no: LICENSE_EXPIRED
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        root signs in to primary on desk            -> yes, notice LICENSE_EXPIRED
        root signs in to crm on desk                -> yes, notice LICENSE_EXPIRED
        root signs in to primary on desk            -> yes, renewed, notice LICENSE_EXPIRED
        usage primary                               -> 1/0, over 1, active 2
        usage                                       -> license expired, notice LICENSE_EXPIRED
        grant primary to eve                        -> no: LICENSE_EXPIRED
        user eve seats crm                          -> no: LICENSE_EXPIRED
        heartbeat ann/laptop                        -> kept
        pool primary concurrent 5 until 20d
        bob signs in to primary on laptop           -> yes, 2/5
        bob signs in to crm on laptop               -> no: LICENSE_EXPIRED
        ",
    );
    check(
        "R29 administrators pass where they count, too; the other guards hold for them",
        "
        policy administrators_count_in_concurrent yes
        pool primary concurrent 5 until 1d
        organization north
        organization south
        user root administrator
        user boss administrator seats primary
        grant primary to root at north
        after 1d
        root signs in to primary on desk at south   -> no: ORGANIZATION_ACCESS_OFF
        root signs in to primary on desk            -> yes, notice LICENSE_EXPIRED, 1/0, over 1
        root signs in to primary on phone           -> no: ALREADY_SIGNED_IN
        boss signs in to primary on desk            -> yes, notice LICENSE_EXPIRED, 2/0, over 2
        user boss blocked
        boss signs in to primary on desk            -> no: USER_BLOCKED
        revoke primary from root
        root signs in to primary on desk            -> no: SEAT_NOT_GRANTED
        ",
    );
    check(
        "R29 a license that is not yet valid lets nobody pass",
        "
        pool primary concurrent 5
        user root administrator seats primary
        grant primary to ann
        pool primary concurrent 5 from 1d
        ann signs in to primary on laptop           -> no: LICENSE_NOT_YET_VALID
        root signs in to primary on desk            -> no: LICENSE_NOT_YET_VALID
        usage                                       -> license not yet valid
        after 23h 59m 59.999s
        ann signs in to primary on laptop           -> no: LICENSE_NOT_YET_VALID
        after 1ms
        ann signs in to primary on laptop           -> yes, no notice
        ",
    );
    check(
        "R29 a pool that no license names is not licensed, while one is in force",
        "
        pool primary concurrent 5 until 1d
        grant primary to ann
        ann signs in to crm on laptop               -> no: POOL_NOT_LICENSED
        grant crm to ann                            -> no: POOL_NOT_LICENSED
        after 1d
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        ",
    );
    check(
        "R29 an administrator passes the expiry and nothing else: the pool must be licensed",
        "
        user root administrator seats primary crm
        pool primary concurrent 5 until 1d
        root signs in to crm on desk                -> no: POOL_NOT_LICENSED
        after 1d
        root signs in to crm on desk                -> no: POOL_NOT_LICENSED
        root signs in to ghost on desk              -> no: POOL_NOT_LICENSED
        root signs in to primary on desk            -> yes, notice LICENSE_EXPIRED
        ",
    );
    check(
        "R29 R14 one of several licenses expires: the limit shrinks",
        "
        policy lease_ttl 0s
        policy max_session 100d
        license base revision 1 gives primary concurrent 1, crm named 1
        license more revision 1 gives primary concurrent 1, crm named 1 until 1d
        grant primary crm to ann bob
        ann signs in to primary on laptop
        bob signs in to primary on laptop           -> yes, notice LICENSE_EXPIRING in 1d
        after 1d
        usage primary                               -> 2/1, over 1
        usage crm                                   -> 2/1, over 1
        checkin ann/laptop
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 1/1
        bob signs in to crm on laptop               -> no: SEAT_OVER_LIMIT
        ann signs in to crm on laptop               -> yes, notice OVER_LIMIT
        ",
    );
    check(
        "R29 the notice that a license ends begins 30 days before",
        "
        pool primary concurrent 5 until 40d
        grant primary to ann
        after 9d 23h 59m 59.999s
        ann signs in to primary on laptop           -> yes, no notice
        usage                                       -> license in force, no notice
        after 1ms
        ann signs in to primary on laptop           -> yes, renewed, notice LICENSE_EXPIRING in 30d
        usage                                       -> license in force, notice LICENSE_EXPIRING in 30d
        after 29d 23h 59m 59.999s
        usage                                       -> license in force, notice LICENSE_EXPIRING in 1ms
        after 1ms
        usage                                       -> license expired, notice LICENSE_EXPIRED
        ",
    );
}

#[test]
fn r14_unblocking_and_licenses_that_ended() {
    check(
        "R14 R5 nothing is given back while the license is expired",
        "
        pool crm named 5 until 1d
        grant crm to ann
        user ann blocked
        after 1d
        user ann unblocked                          -> no: LICENSE_EXPIRED, 0/0
        pool crm named 5
        user ann unblocked                          -> yes
        ",
    );
    check(
        "R29 R5 R33 that the license has expired says more than that no seat is free: 3 of 0",
        "
        pool crm named 3 until 1d
        pool sales named 1
        grant crm to ann bob cid
        grant sales to dee
        user dee blocked
        grant sales to eve
        user ann blocked
        sync fay gil seats crm                      -> created; created, waits, crm: SEATS_EXHAUSTED
        after 1d
        usage crm                                   -> 3/0, over 3
        user ann unblocked                          -> no: LICENSE_EXPIRED, 3/0, over 3
        user dee unblocked                          -> no: SEATS_EXHAUSTED, 1/1
        activate gil                                -> full crm: LICENSE_EXPIRED
        sync gil seats crm                          -> unchanged, waits, crm: LICENSE_EXPIRED
        pool crm named 3 from 2d
        user ann unblocked                          -> no: LICENSE_NOT_YET_VALID
        after 1d
        user ann unblocked                          -> no: SEATS_EXHAUSTED, 3/3
        activate gil                                -> full crm
        ",
    );
}

#[test]
fn r30_demo_mode() {
    check(
        "R30 without any license every pool has two concurrent seats, and usage says so",
        "
        grant primary crm to ann bob cid            -> yes; yes; yes; yes; yes; yes
        usage primary                               -> 0/2, concurrent, demo, granted 3
        ann signs in to primary on laptop           -> yes, 1/2, notice DEMO_MODE
        bob signs in to primary on laptop           -> yes, 2/2
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 2/2
        cid signs in to crm on laptop               -> yes, 1/2
        usage                                       -> demo mode, notice DEMO_MODE, pools 2
        eve signs in to primary on laptop           -> no: USER_NOT_FOUND
        ann signs in to ghost on laptop             -> no: SEAT_NOT_GRANTED
        usage ghost                                 -> no such pool
        ",
    );
    check(
        "R30 the number can be zero",
        "
        server demo_seats 0
        policy unknown_users ADMIT
        grant primary to ann                        -> yes, 0/0
        ann signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 0/0, no retry
        eve signs in to ghost on laptop             -> no: SEATS_EXHAUSTED, no retry
        usage ghost                                 -> no such pool
        ",
    );
    check(
        "R30 an unknown user may be admitted to a pool that nobody used yet",
        "
        server demo_seats 1
        policy unknown_users ADMIT
        eve signs in to new on laptop               -> yes, 1/1, notice DEMO_MODE
        fay signs in to new on laptop               -> no: SEATS_EXHAUSTED
        usage new                                   -> 1/1, demo
        ",
    );
    check(
        "R30 R14 into demo mode by deleting all licenses, and out of it",
        "
        pool primary concurrent 5
        pool crm named 5
        grant primary crm to ann bob cid
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop
        usage crm                                   -> 3/5, named, licensed
        pool primary deleted
        ann signs in to primary on laptop           -> no: POOL_NOT_LICENSED
        pool crm deleted
        usage primary                               -> 3/2, over 1, demo
        usage crm                                   -> 0/2, concurrent, demo
        heartbeat ann/laptop, bob/laptop            -> kept; kept
        cid signs in to crm on laptop as crm        -> yes, 1/2
        pool crm named 2
        usage crm                                   -> 3/2, over 1, named, licensed
        checkin crm
        ann signs in to crm on laptop               -> yes
        cid signs in to crm on laptop               -> no: SEAT_OVER_LIMIT
        ",
    );
    check(
        "R30 an expired license is a license",
        "
        pool primary concurrent 5 until 1d
        grant primary to ann
        after 1d
        ann signs in to primary on laptop           -> no: LICENSE_EXPIRED
        usage primary                               -> 0/0, licensed
        pool primary deleted
        ann signs in to primary on laptop           -> yes, 1/2, notice DEMO_MODE
        ",
    );
}

#[test]
fn r30_pools_that_anybody_can_name_are_bounded() {
    let many: Vec<String> = (2..=999).map(|n| format!("p{n}")).collect();
    check(
        "R30 in demo mode a tenant has at most 1,000 pools, and what is refused makes none",
        &format!(
            "
            policy unknown_users ADMIT
            grant {} to ann
            usage                                   -> demo mode, pools 998
            user bob seats x y z                    -> refused: TOO_MANY_POOLS
            usage                                   -> demo mode, pools 998
            user bob seats x y                      -> yes
            user cid seats z                        -> refused: TOO_MANY_POOLS
            grant z to ann                          -> refused: TOO_MANY_POOLS
            license base revision 1 gives z named 1 -> refused: TOO_MANY_POOLS
            eve signs in to z on laptop             -> no: SEATS_EXHAUSTED
            usage                                   -> demo mode, pools 1000, users 2
            ",
            many.join(" ")
        ),
    );
}
