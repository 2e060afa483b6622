//! A check-out that names further pools takes the first that has a seat (R38).

use super::check;

#[test]
fn r38_the_first_pool_with_a_seat_is_taken() {
    check(
        "R38 two alternatives are full and one is not",
        "
        pool primary concurrent 1
        pool extra concurrent 1
        pool crm named 1
        pool lobby concurrent 1
        grant primary extra lobby to ann bob cid dee
        grant crm to ann
        ann signs in to primary or extra on laptop              -> yes, in primary, 1/1
        bob signs in to primary or extra or lobby on laptop     -> yes, in extra, 1/1
        cid signs in to primary or extra or lobby on laptop     -> yes, in lobby, 1/1
        dee could sign in to primary or extra or lobby on tablet  -> no: SEATS_EXHAUSTED, 1/1, extra SEATS_EXHAUSTED
        dee signs in to primary or crm or lobby on tablet         -> no: SEATS_EXHAUSTED, crm SEAT_NOT_GRANTED, lobby SEATS_EXHAUSTED
        checkin cid/laptop
        dee signs in to primary or extra or lobby on tablet       -> yes, in lobby
        audit
        - LicenseInstalled (primary revision 1; primary 0 -> 1)
        - LicenseInstalled (extra revision 2; extra 0 -> 1)
        - LicenseInstalled (crm revision 3; crm 0 -> 1)
        - LicenseInstalled (lobby revision 4; lobby 0 -> 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        - UserCreated cid (created by a grant)
        - SeatGranted cid in primary (all organizations)
        - UserCreated dee (created by a grant)
        - SeatGranted dee in primary (all organizations)
        - SeatGranted ann in extra (all organizations)
        - SeatGranted bob in extra (all organizations)
        - SeatGranted cid in extra (all organizations)
        - SeatGranted dee in extra (all organizations)
        - SeatGranted ann in lobby (all organizations)
        - SeatGranted bob in lobby (all organizations)
        - SeatGranted cid in lobby (all organizations)
        - SeatGranted dee in lobby (all organizations)
        - SeatGranted ann in crm (all organizations)
        - SessionStarted ann/laptop in primary
        - SessionStarted bob/laptop in extra (instead of primary)
        - SessionStarted cid/laptop in lobby (instead of primary)
        - CheckOutDenied dee in primary: SEATS_EXHAUSTED
        - SessionEnded cid/laptop in lobby: CHECKED_IN
        - SessionStarted dee/tablet in lobby (instead of primary)
        ",
    );
    check(
        "R38 any denial leads on to the next pool, and the answer is about the first one",
        "
        pool primary concurrent 1
        pool crm named 1
        grant crm to ann
        user bob
        ann signs in to primary or crm on laptop    -> yes, in crm, 1/1
        ann signs in to ghost or crm on laptop      -> yes, in crm, renewed
        bob signs in to primary or crm on laptop    -> no: SEAT_NOT_GRANTED, 0/1, crm SEAT_NOT_GRANTED
        eve signs in to primary or crm on laptop    -> no: USER_NOT_FOUND, crm USER_NOT_FOUND
        bob signs in to ghost or phantom on laptop  -> no: POOL_NOT_LICENSED, phantom POOL_NOT_LICENSED
        ",
    );
    check(
        "R38 R18 sessions that are overdue free the seat of an alternative",
        "
        pool primary concurrent 1
        pool extra concurrent 1
        grant primary extra to ann bob cid
        ann signs in to primary on laptop
        bob signs in to extra on laptop
        after 5m
        heartbeat ann/laptop
        after 5m
        cid could sign in to primary or extra on laptop     -> yes, in extra
        cid signs in to primary or extra on laptop          -> yes, in extra, 1/1
        heartbeat bob/laptop                                -> ended: LEASE_EXPIRED
        ",
    );
    check(
        "R38 R41 R24 each pool is used up, reclaimed and overdrawn before the next one",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 1 overdraft 1
        pool extra concurrent 5
        grant primary extra to ann bob cid dee
        ann signs in to primary or extra on laptop  -> yes, in primary, no notice
        bob signs in to primary or extra on laptop  -> yes, in primary, notice OVERDRAFT
        cid signs in to primary or extra on laptop  -> yes, in extra, 1/5, no notice
        after 60m
        dee signs in to primary or extra on laptop  -> yes, in primary, 2/1
        heartbeat ann/laptop                        -> ended: RECLAIMED
        ",
    );
    check(
        "R38 R2 an unknown user is created with a seat in the pool that is taken",
        "
        policy unknown_users ADMIT
        pool primary concurrent 1
        pool extra concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        eve signs in to primary or extra on laptop  -> yes, in extra, 1/1
        eve signs in to primary on phone            -> no: SEAT_NOT_GRANTED
        ",
    );
}

#[test]
fn r38_who_asks_again_moves_forward() {
    check(
        "R38 a session in a later pool moves when an earlier one has a seat free",
        "
        pool primary concurrent 1
        pool extra concurrent 1
        grant primary extra to ann bob
        ann signs in to primary on laptop
        bob signs in to primary or extra on phone               -> yes, in extra
        bob signs in to primary or extra on phone               -> yes, in extra, renewed
        checkin ann/laptop
        bob could sign in to primary or extra on phone          -> yes, in primary, 0/1
        usage extra                                             -> 1/1
        bob signs in to primary or extra on phone as moved      -> yes, in primary, 1/1
        usage extra                                             -> 0/1
        heartbeat bob/phone, moved                              -> ended: MOVED; kept
        bob signs in to primary or extra on phone as moved      -> yes, in primary, renewed
        audit
        - LicenseInstalled (primary revision 1; primary 0 -> 1)
        - LicenseInstalled (extra revision 2; extra 0 -> 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        - SeatGranted ann in extra (all organizations)
        - SeatGranted bob in extra (all organizations)
        - SessionStarted ann/laptop in primary
        - SessionStarted bob/phone in extra (instead of primary)
        - SessionRenewed bob/phone in extra
        - SessionEnded ann/laptop in primary: CHECKED_IN
        - SessionEnded bob/phone in extra: MOVED
        - SessionStarted moved in primary
        - SessionRenewed moved in primary
        ",
    );
    check(
        "R38 nobody moves back, to a pool that was not asked for, or from another device",
        "
        policy max_devices_per_user 2
        pool primary concurrent 2
        pool extra concurrent 2
        grant primary extra to ann
        ann signs in to primary on laptop
        ann signs in to primary or extra on laptop              -> yes, in primary, renewed
        ann signs in to extra on laptop as other                -> yes, in extra
        checkin ann/laptop
        ann signs in to extra on laptop as other                -> yes, in extra, renewed
        ann signs in to primary or extra on phone               -> yes, in primary
        heartbeat other, ann/phone                              -> kept; kept
        ",
    );
    check(
        "R38 R41 R24 nobody moves to a seat that had to be reclaimed or overdrawn",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 1 overdraft 2
        pool extra concurrent 1
        grant primary extra to ann bob
        ann signs in to primary on laptop
        bob signs in to extra on phone
        bob signs in to primary or extra on phone               -> yes, in extra, renewed
        after 60m
        bob signs in to primary or extra on phone               -> yes, in extra, renewed
        heartbeat ann/laptop                                    -> kept
        ",
    );
    check(
        "R38 R11 who does not count moves freely",
        "
        pool primary concurrent 0
        pool extra concurrent 0
        user root administrator seats primary extra
        root signs in to extra on tablet                          -> yes, in extra
        root signs in to primary or extra on tablet as moved      -> yes, in primary
        heartbeat root/tablet, moved                              -> ended: MOVED; kept
        ",
    );
}
