//! Directory syncs (R33), a step at a time, in the order in which the service takes the steps.

use super::check;

#[test]
fn r33_users_are_created_and_updated() {
    check(
        "R33 new users get their seats; the same once more changes nothing",
        "
        organization north
        pool primary concurrent 1
        pool crm named 2
        sync ann bob seats crm primary at north         -> created; created
        usage crm                                       -> 2/2
        audit
        - OrganizationCreated at north
        - LicenseInstalled (primary revision 1; primary 0 -> 1)
        - LicenseInstalled (crm revision 2; crm 0 -> 2)
        - UserCreated ann (by a sync)
        - SeatGranted ann in crm (north)
        - SeatGranted ann in primary (north)
        - UserCreated bob (by a sync)
        - SeatGranted bob in crm (north)
        - SeatGranted bob in primary (north)
        sync ann bob seats crm primary at north         -> unchanged; unchanged
        audit
        sync ann seats crm                              -> unchanged
        show ann                                        -> Inactive, seat crm at north, seat primary at north
        organization south
        sync ann seats crm at south                     -> updated
        show ann                                        -> Inactive, seat crm at north south, seat primary at north
        ",
    );
    check(
        "R33 one user's failure stops nobody else's",
        "
        pool crm named 1
        sync ann bob cid seats crm extra                -> created, extra: POOL_NOT_LICENSED; created, waits, crm: SEATS_EXHAUSTED, extra: POOL_NOT_LICENSED; created, waits, crm: SEATS_EXHAUSTED, extra: POOL_NOT_LICENSED
        sync ann seats crm at nowhere                   -> refused: NOT_FOUND organization
        usage crm                                       -> 1/1
        ",
    );
}

#[test]
fn r33_who_finds_no_seat_waits() {
    check(
        "R33 created blocked when a wanted named pool is full, and activated in the order of blocking",
        "
        pool crm named 1
        sync ann bob cid seats crm                      -> created; created, waits, crm: SEATS_EXHAUSTED; created, waits, crm: SEATS_EXHAUSTED
        show bob                                        -> blank, blocked by the limit, seat crm at all inactive
        bob signs in to crm on laptop                   -> no: USER_BLOCKED
        activate bob cid                                -> full crm; full crm
        user ann deleted
        activate bob cid                                -> activated; full crm
        usage crm                                       -> 1/1
        bob signs in to crm on laptop                   -> yes
        ",
    );
    check(
        "R33 a free seat is for those who wait, not for who is new",
        "
        pool crm named 1
        sync ann bob seats crm                          -> created; created, waits, crm: SEATS_EXHAUSTED
        user ann deleted
        sync cid seats crm                              -> created, waits, crm: SEATS_EXHAUSTED
        sync bob seats crm                              -> unchanged, waits
        activate bob cid                                -> activated; full crm
        ",
    );
    check(
        "R33 who waits in one pool does not hold up another one",
        "
        pool crm named 1
        pool sales named 1
        grant crm to root
        sync ann seats crm                              -> created, waits, crm: SEATS_EXHAUSTED
        sync bob seats sales                            -> created
        ",
    );
    check(
        "R33 a concurrent pool is never in the way",
        "
        pool primary concurrent 0
        sync ann seats primary                          -> created
        ann signs in to primary on laptop               -> no: SEATS_EXHAUSTED
        ",
    );
    check(
        "R33 an active user who wants one more seat is not blocked for it",
        "
        pool crm named 1
        pool sales named 1
        grant crm to root
        sync ann seats sales                            -> created
        sync ann seats sales crm                        -> unchanged, crm: SEATS_EXHAUSTED
        usage sales                                     -> 1/1
        ",
    );
}

#[test]
fn r33_what_the_directory_does_not_want_any_more_keeps_nobody_waiting() {
    check(
        "R33 who waits, and later is to have only seats that are free, is activated without the other one",
        "
        pool crm named 1
        pool cms named 5
        grant crm to root
        sync ann seats crm                              -> created, waits, crm: SEATS_EXHAUSTED
        sync ann                                        -> unchanged, waits     # it does not speak of pools
        sync ann seats cms dry                          -> updated, waits
        show ann                                        -> blank, blocked by the limit, seats 1, seat crm at all inactive
        audit
        - LicenseInstalled (crm revision 1; crm 0 -> 1)
        - LicenseInstalled (cms revision 2; cms 0 -> 5)
        - UserCreated root (created by a grant)
        - SeatGranted root in crm (all organizations)
        - UserCreated ann (by a sync)
        - SeatGranted ann in crm: SEATS_EXHAUSTED
        - UserBlocked ann (no seat is free; by a sync)
        - SeatGranted ann in crm (all organizations)
        sync ann seats cms                              -> updated, waits
        audit
        - SeatRevoked ann in crm (all organizations)
        - SeatGranted ann in cms (all organizations)
        show ann                                        -> blank, blocked by the limit, seats 1, seat cms at all inactive
        activate ann                                    -> activated
        show ann                                        -> Inactive, seats 1, seat cms at all
        sync ann seats cms                              -> unchanged
        usage crm                                       -> 1/1
        user root deleted
        sync bob seats crm                              -> created
        ",
    );
    check(
        "R33 a seat that is free stays, wanted or not; and so does every one while a license is not in force",
        "
        pool crm named 1
        pool cms named 5 until 1d
        pool primary concurrent 1
        grant crm to root
        sync ann bob seats crm cms                      -> created, waits, crm: SEATS_EXHAUSTED; created, waits, crm: SEATS_EXHAUSTED, cms: SEATS_EXHAUSTED
        sync ann seats primary                          -> updated, waits
        activate ann                                    -> activated
        show ann                                        -> Inactive, seats 2, seat cms at all, seat primary at all
        after 1d
        sync bob seats primary                          -> updated, waits
        show bob                                        -> blank, blocked by the limit, seats 2, seat cms at all inactive
        activate bob                                    -> full cms: LICENSE_EXPIRED
        ",
    );
    check(
        "R33 who is back in the directory has what it wants, and what is free",
        "
        pool crm named 1
        pool cms named 5
        sync ann seats crm                              -> created
        unlisted ann                                    -> blocked
        grant crm to root
        sync ann seats cms dry                          -> activated
        sync ann seats cms                              -> activated
        show ann                                        -> Inactive, seats 1, seat cms at all
        sync ann seats cms                              -> unchanged
        ",
    );
}

#[test]
fn r33_whom_an_administrator_blocked_stays_so() {
    check(
        "R33 blocked by an administrator: updated, and not activated",
        "
        pool crm named 1
        sync ann seats crm                              -> created
        user ann blocked
        sync ann seats crm                              -> unchanged
        activate ann                                    -> activated
        show ann                                        -> blank, blocked, seat crm at all inactive
        usage crm                                       -> 0/1
        ",
    );
    check(
        "R33 so does one who waited when the administrator came",
        "
        pool crm named 1
        grant crm to root
        sync ann seats crm                              -> created, waits, crm: SEATS_EXHAUSTED
        user ann blocked
        user root deleted
        sync ann seats crm                              -> unchanged
        sync bob seats crm                              -> created
        ",
    );
}

#[test]
fn r15_a_file_creates_nobody_at_the_limit() {
    check(
        "R15 who finds no seat is refused, and nobody else; who is there already stays",
        "
        pool crm named 1
        pool sales named 1
        sync ann bob seats crm or not dry               -> created; left as is, crm: SEATS_EXHAUSTED
        sync ann bob seats crm or not                   -> created; left as is, crm: SEATS_EXHAUSTED
        list users                                      -> ann
        sync bob seats sales or not                     -> created
        sync bob seats crm or not                       -> unchanged, crm: SEATS_EXHAUSTED
        unlisted bob                                    -> blocked
        sync cid seats sales                            -> created
        sync bob or not                                 -> left as is, sales: SEATS_EXHAUSTED
        show bob                                        -> blank, blocked by the directory, seat sales at all inactive
        ",
    );
}

#[test]
fn r33_a_directory_that_knows_who_is_blocked() {
    check(
        "R5 blocked and unblocked by what the directory says, with the seats that are free",
        "
        pool crm named 1
        sync ann bob seats crm blocked                  -> created; created
        show ann                                        -> blank, blocked, seat crm at all inactive
        usage crm                                       -> 0/1
        sync ann bob seats crm                          -> unchanged; unchanged
        sync ann bob active                             -> activated; updated, waits
        usage crm                                       -> 1/1
        show bob                                        -> blank, blocked by the limit, seat crm at all inactive
        sync ann seats crm blocked                      -> updated
        sync bob blocked                                -> unchanged
        show bob                                        -> blank, blocked by the limit, seat crm at all inactive
        ",
    );
    check(
        "R33 who is to be blocked waits for nothing, and gives nothing up",
        "
        pool crm named 1
        pool cms named 5
        grant crm to root
        sync ann seats crm                              -> created, waits, crm: SEATS_EXHAUSTED
        sync ann seats cms blocked                      -> updated
        show ann                                        -> blank, blocked by the limit, seats 2
        ",
    );
    check(
        "R5 whom an administrator blocked is active again with every seat there was, or not at all",
        "
        pool crm named 1
        pool cms named 5
        sync ann seats crm                              -> created
        user ann blocked
        grant crm to root
        sync ann seats cms active or not                -> left as is, crm: SEATS_EXHAUSTED
        show ann                                        -> blank, blocked, seats 1, seat crm at all inactive
        user root deleted
        sync ann seats cms active or not                -> activated
        show ann                                        -> Inactive, seats 2
        ",
    );
    check(
        "R11 R15 a role that ends where the directory blocks: the seat needs no room, and the live session does",
        "
        policy administrators_count_in_named no
        pool crm named 1
        pool primary concurrent 1
        user boss administrator seats crm primary
        grant crm to ann
        grant primary to ann
        ann signs in to primary on laptop
        boss signs in to primary on laptop
        sync boss administrator no blocked              -> refused: SEATS_EXHAUSTED
        checkin ann/laptop
        sync boss administrator no blocked              -> updated
        usage primary                                   -> 1/1
        usage crm                                       -> 1/1
        ",
    );
    check(
        "R6 blocking by what the directory says lets a live session be",
        "
        pool primary concurrent 1
        sync ann seats primary                          -> created
        ann signs in to primary on laptop
        sync ann blocked                                -> updated
        heartbeat ann/laptop active                     -> kept
        ",
    );
}

#[test]
fn what_is_held_already_is_not_denied() {
    check(
        "a seat that nobody asks for is not denied, whatever became of its pool",
        "
        pool crm named 1
        pool sales named 1
        sync ann seats crm                              -> created
        pool crm deleted
        sync ann seats crm                              -> unchanged
        sync ann seats crm blocked                      -> updated
        ",
    );
}

#[test]
fn r33_who_is_not_listed_any_more() {
    check(
        "R33 blocked when the directory does not have them, administrators excepted, and back with the directory",
        "
        pool crm named 2
        user boss administrator seats crm
        sync ann seats crm                              -> created
        unlisted ann boss nobody                        -> blocked; left; left
        show ann                                        -> blank, blocked by the directory, seat crm at all inactive
        unlisted ann                                    -> left
        sync ann seats crm                              -> activated
        usage crm                                       -> 2/2
        ",
    );
    check(
        "R33 back, and the seat is taken: last in the row of those who wait",
        "
        pool crm named 1
        sync ann seats crm                              -> created
        unlisted ann                                    -> blocked
        grant crm to root
        sync bob seats crm                              -> created, waits, crm: SEATS_EXHAUSTED
        sync ann seats crm                              -> updated, waits, crm: SEATS_EXHAUSTED
        show ann                                        -> blank, blocked by the limit, seat crm at all inactive
        ",
    );
    check(
        "R6 blocking lets a live session be",
        "
        pool primary concurrent 1
        sync ann seats primary                          -> created
        ann signs in to primary on laptop
        unlisted ann                                    -> blocked
        heartbeat ann/laptop active                     -> kept
        ",
    );
}

#[test]
fn r10_administrators_who_do_not_count() {
    check(
        "R10 an administrator who does not count needs no seat, and needs one when that ends",
        "
        policy administrators_count_in_named no
        pool crm named 1
        grant crm to root
        user boss administrator seats crm
        sync boss seats crm                             -> unchanged
        usage crm                                       -> 1/1, granted 2
        ",
    );
}

#[test]
fn a_dry_run_changes_nothing() {
    check(
        "a dry run tells what would be, users before in the same step included",
        "
        pool crm named 1
        sync ann bob seats crm dry                      -> created; created, waits, crm: SEATS_EXHAUSTED
        usage                                           -> license in force, users 0
        audit
        - LicenseInstalled (crm revision 1; crm 0 -> 1)
        sync ann bob seats crm                          -> created; created, waits, crm: SEATS_EXHAUSTED
        unlisted ann dry                                -> blocked
        show ann                                        -> Inactive, seat crm at all
        ",
    );
}
