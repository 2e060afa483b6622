//! Named pools: a granted seat counts (R10), in every operation that gives seats (R15), and the seats granted last are
//! over a limit that shrank (R14).

use super::check;

#[test]
fn r10_a_granted_seat_counts_signed_in_or_not() {
    check(
        "R10 users who hold an active seat are in use",
        "
        pool crm named 3
        grant crm to ann bob                -> yes, 1/3; yes, 2/3
        usage crm                           -> 2/3, named, active 0, granted 2
        ann signs in to crm on laptop       -> yes, 2/3
        checkin ann/laptop
        usage crm                           -> 2/3
        revoke crm from ann                 -> yes, 1/3
        ann signs in to crm on laptop       -> no: SEAT_NOT_GRANTED
        ",
    );
    check(
        "R10 a grant that is repeated takes no second seat",
        "
        pool crm named 1
        grant crm to ann                    -> yes, 1/1
        grant crm to ann                    -> yes, 1/1
        grant crm to bob                    -> no: SEATS_EXHAUSTED, 1/1
        ",
    );
}

#[test]
fn r10_administrators_count_unless_policy_exempts_them() {
    check(
        "R10 administrators count in named pools by default",
        "
        pool crm named 1
        user root administrator seats crm   -> yes
        usage crm                           -> 1/1
        user boss administrator seats crm   -> no: SEATS_EXHAUSTED
        show boss                           -> refused: NOT_FOUND user
        ",
    );
    check(
        "R10 by policy administrators do not count, and are granted a seat in a full pool",
        "
        policy administrators_count_in_named no
        pool crm named 1
        grant crm to ann                    -> yes, 1/1
        user root administrator seats crm   -> yes
        usage crm                           -> 1/1, granted 2
        user boss administrator
        grant crm to boss                   -> yes, 1/1
        grant crm to bob                    -> no: SEATS_EXHAUSTED
        root signs in to crm on laptop      -> yes
        user boss blocked
        user boss unblocked                 -> yes
        ",
    );
    check(
        "R10 R15 who stops being an administrator needs a free seat",
        "
        policy administrators_count_in_named no
        pool crm named 1
        user root administrator seats crm
        grant crm to ann
        user root administrator no          -> refused: SEATS_EXHAUSTED
        show root                           -> Inactive, administrator
        revoke crm from ann
        user root administrator no          -> yes
        usage crm                           -> 1/1
        user root administrator yes         -> yes
        usage crm                           -> 0/1
        ",
    );
    check(
        "R10 R15 administrators cannot all begin to count where there is no room",
        "
        policy administrators_count_in_named no
        pool crm named 2
        user root administrator seats crm
        user boss administrator seats crm
        grant crm to ann
        policy administrators_count_in_named yes    -> refused: SEATS_EXHAUSTED
        usage crm                                   -> 1/2
        revoke crm from boss
        policy administrators_count_in_named yes    -> yes
        usage crm                                   -> 2/2
        policy administrators_count_in_named no     -> yes
        usage crm                                   -> 1/2
        ",
    );
    check(
        "R10 R5 a blocked administrator becomes a user without needing a seat",
        "
        policy administrators_count_in_named no
        pool crm named 1
        user root administrator seats crm
        user root blocked
        grant crm to ann
        user root administrator no          -> yes
        user root unblocked                 -> no: SEATS_EXHAUSTED
        user root administrator yes         -> yes
        user root unblocked                 -> yes
        ",
    );
}

#[test]
fn r12_limits_at_their_edges() {
    check(
        "R12 R13 below the limit, at the limit, above it",
        "
        pool crm named 2
        grant crm to ann                    -> yes, 1/2
        grant crm to bob                    -> yes, 2/2
        grant crm to cid                    -> no: SEATS_EXHAUSTED, 2/2, no retry
        usage crm                           -> 2/2
        show cid                            -> refused: NOT_FOUND user
        ",
    );
    check(
        "R12 zero is a number",
        "
        pool crm named 0
        grant crm to ann                    -> no: SEATS_EXHAUSTED, 0/0
        user bob seats crm                  -> no: SEATS_EXHAUSTED
        usage crm                           -> 0/0
        ",
    );
    check(
        "R12 unlimited is no number",
        "
        pool crm named unlimited
        grant crm to ann bob cid dee eve    -> yes; yes; yes; yes; yes
        usage crm                           -> 5/unlimited
        ",
    );
}

#[test]
fn r15_the_limit_holds_at_every_door() {
    check(
        "R15 one grant, many grants, creation, unblocking, the first login",
        "
        policy unknown_users ADMIT
        pool crm named 3
        user old seats crm
        user old blocked
        user ann seats crm                  -> yes
        grant crm to bob cid dee eve        -> yes; yes; no: SEATS_EXHAUSTED; no: SEATS_EXHAUSTED
        grant crm to dee                    -> no: SEATS_EXHAUSTED
        user dee seats crm                  -> no: SEATS_EXHAUSTED
        user old unblocked                  -> no: SEATS_EXHAUSTED
        eve signs in to crm on laptop       -> no: SEATS_EXHAUSTED, no retry
        usage crm                           -> 3/3
        revoke crm from bob                 -> yes, 2/3
        user old unblocked                  -> yes
        grant crm to dee                    -> no: SEATS_EXHAUSTED
        list users in crm                   -> ann cid old
        ",
    );
    check(
        "R15 in a batch one failure stops nobody else",
        "
        pool crm named 1
        pool primary concurrent 0
        grant crm primary to ann bob        -> yes; no: SEATS_EXHAUSTED; yes; yes
        show bob                            -> Inactive, seats 1, seat primary at all
        ",
    );
    check(
        "R15 a user is created with all seats or not at all",
        "
        pool crm named 1
        pool cms named 0
        user ann seats crm cms              -> no: SEATS_EXHAUSTED
        show ann                            -> refused: NOT_FOUND user
        usage crm                           -> 0/1
        user ann seats crm                  -> yes
        user ann seats crm                  -> refused: ALREADY_EXISTS user
        ",
    );
    check(
        "R15 a policy that admits unknown users takes a seat while there is one",
        "
        policy unknown_users ADMIT
        pool crm named 1
        ann signs in to crm on laptop       -> yes, 1/1
        show ann                            -> Active, seat crm at all
        bob signs in to crm on laptop       -> no: SEATS_EXHAUSTED, 1/1
        show bob                            -> refused: NOT_FOUND user
        policy unknown_users DENY
        bob signs in to crm on laptop       -> no: USER_NOT_FOUND
        ",
    );
}

#[test]
fn r14_a_shrunk_limit() {
    check(
        "R14 the k seats granted last may not sign in, and nobody is thrown out",
        "
        pool crm named 4
        grant crm to ann bob cid dee
        ann signs in to crm on laptop       -> yes
        dee signs in to crm on laptop       -> yes
        pool crm named 2
        usage crm                           -> 4/2, over 2
        heartbeat ann/laptop, dee/laptop    -> kept; kept
        bob signs in to crm on laptop       -> yes, notice OVER_LIMIT, over 2
        cid signs in to crm on laptop       -> no: SEAT_OVER_LIMIT, 4/2, over 2
        dee signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        show bob                            -> Active, seat crm at all
        show cid                            -> Inactive, seat crm at all over limit
        grant crm to eve                    -> no: SEATS_EXHAUSTED
        revoke crm from ann                 -> yes, 3/2, over 1
        cid signs in to crm on laptop       -> yes
        dee signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        grant crm to eve                    -> no: SEATS_EXHAUSTED
        revoke crm from bob                 -> yes, 2/2
        dee signs in to crm on laptop       -> yes, renewed, no notice
        grant crm to eve                    -> no: SEATS_EXHAUSTED
        pool crm named 3
        grant crm to eve                    -> yes, 3/3
        ",
    );
    check(
        "R14 to zero: all of them are over",
        "
        pool crm named 2
        grant crm to ann bob
        pool crm named 0
        usage crm                           -> 2/0, over 2
        ann signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        bob signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        ",
    );
    check(
        "R14 exactly at the limit nobody is over",
        "
        pool crm named 3
        grant crm to ann bob
        pool crm named 2
        usage crm                           -> 2/2
        bob signs in to crm on laptop       -> yes
        pool crm named 1
        usage crm                           -> 2/1, over 1
        ann signs in to crm on laptop       -> yes
        bob signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        ",
    );
    check(
        "R14 more organizations make a seat no younger",
        "
        pool crm named 2
        organization north
        organization south
        grant crm to ann at north
        grant crm to bob at north
        grant crm to ann at south
        pool crm named 1
        ann signs in to crm on laptop       -> yes
        bob signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        ",
    );
    check(
        "R14 a seat that was revoked and granted again is the youngest",
        "
        pool crm named 2
        grant crm to ann bob
        revoke crm from ann
        grant crm to ann
        pool crm named 1
        ann signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        bob signs in to crm on laptop       -> yes
        ",
    );
    check(
        "R14 seats that do not count are never over, and push nobody over",
        "
        policy administrators_count_in_named no
        pool crm named 3
        grant crm to ann bob cid
        user root administrator seats crm
        user cid blocked
        pool crm named 1
        usage crm                           -> 2/1, over 1
        ann signs in to crm on laptop       -> yes
        bob signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        cid signs in to crm on laptop       -> no: USER_BLOCKED
        root signs in to crm on laptop      -> yes
        ",
    );
    check(
        "R14 R10 an administrator's seat that counts can be over the limit, too",
        "
        pool crm named 2
        grant crm to ann
        user root administrator seats crm
        pool crm named 1
        root signs in to crm on desk        -> no: SEAT_OVER_LIMIT
        policy administrators_count_in_named no
        usage crm                           -> 1/1
        root signs in to crm on desk        -> yes
        ann signs in to crm on laptop       -> yes
        ",
    );
    check(
        "R14 a license that is deleted, beside one that stays",
        "
        license base revision 1 gives crm named 1
        license more revision 1 gives crm named 2
        grant crm to ann bob cid
        license more deleted
        usage crm                           -> 3/1, over 2
        ann signs in to crm on laptop       -> yes
        bob signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        ",
    );
}

#[test]
fn r5_blocked_users_count_nowhere() {
    check(
        "R5 a blocked user frees the seat, keeps the record and needs a free seat to come back",
        "
        pool crm named 1
        grant crm to ann                    -> yes, 1/1
        user ann blocked
        usage crm                           -> 0/1, granted 0
        show ann                            -> blank, blocked, seat crm at all inactive
        ann signs in to crm on laptop       -> no: USER_BLOCKED
        grant crm to ann                    -> no: USER_BLOCKED
        grant crm to bob                    -> yes, 1/1
        user ann unblocked                  -> no: SEATS_EXHAUSTED
        show ann                            -> blank, blocked
        revoke crm from bob                 -> yes, 0/1
        user ann unblocked                  -> yes, 1/1
        usage crm                           -> 1/1, granted 1
        ann signs in to crm on laptop       -> yes
        ",
    );
    check(
        "R5 every named pool must have room, concurrent ones need none",
        "
        pool crm named 1
        pool cms named 1
        pool primary concurrent 0
        user ann seats crm cms primary
        user ann blocked
        grant cms to bob
        user ann unblocked                  -> no: SEATS_EXHAUSTED
        usage crm                           -> 0/1
        revoke cms from bob
        user ann unblocked                  -> yes
        usage crm                           -> 1/1
        usage cms                           -> 1/1
        ",
    );
    check(
        "R5 R14 after unblocking a user's seat is the youngest",
        "
        pool crm named 2
        grant crm to ann bob
        user ann blocked
        user ann unblocked
        pool crm named 1
        ann signs in to crm on laptop       -> no: SEAT_OVER_LIMIT
        bob signs in to crm on laptop       -> yes
        ",
    );
    check(
        "R5 deleting is permanent and frees the seats",
        "
        pool crm named 1
        grant crm to ann
        user ann deleted
        usage crm                           -> 0/1, granted 0
        show ann                            -> refused: NOT_FOUND user
        ann signs in to crm on laptop       -> no: USER_NOT_FOUND
        user ann unblocked                  -> refused: NOT_FOUND user
        grant crm to bob                    -> yes, 1/1
        user ann
        ann signs in to crm on laptop       -> no: SEAT_NOT_GRANTED
        ",
    );
    check(
        "R5 a blocked user who is deleted frees nothing twice",
        "
        pool crm named 2
        grant crm to ann bob
        user ann blocked
        user ann deleted
        usage crm                           -> 1/2
        usage                               -> license in force, users 1, active 1, blocked 0
        ",
    );
}
