//! Users: one per person and tenant (R2), any number (R4), blocked and deleted (R5, R6), never signed in (R9).

use super::check;

#[test]
fn r2_one_user_per_person() {
    check(
        "R2 the same address is the same user, however it is written",
        "
        pool primary concurrent 1
        user Ann@Example.COM seats primary
        user ann@example.com                            -> refused: ALREADY_EXISTS user
        ANN@example.com signs in to primary on laptop   -> yes, 1/1
        \u{ff41}nn@example.com signs in to primary on laptop -> yes, renewed
        list users                                      -> ann@example.com
        ",
    );
    check(
        "R2 final sigma is sigma, and so is a capital one",
        "
        pool primary concurrent 1
        user οδυσσευς@x.example seats primary
        user ΟΔΥΣΣΕΥΣ@x.example                         -> refused: ALREADY_EXISTS user
        ΟΔΥΣΣΕΥΣ@x.example signs in to primary on laptop -> yes, 1/1
        οδυσσευσ@x.example signs in to primary on laptop -> yes, renewed
        list users                                      -> οδυσσευσ@x.example
        ",
    );
    check(
        "R2 what nobody sees makes nobody another person",
        "
        pool primary concurrent 1
        user ann@acme.example seats primary
        an\u{200b}n@acme.example signs in to primary on laptop -> yes, 1/1
        \u{feff}ann@acme.example signs in to primary on laptop -> yes, renewed
        ann\u{200e}@acme.example signs in to primary on laptop -> yes, renewed
        a\u{ad}nn@ac\u{2060}me.example signs in to primary on laptop -> yes, renewed
        ann\u{202e}@acme.example\u{fe0f} signs in to primary on laptop -> yes, renewed
        list users                                      -> ann@acme.example
        ",
    );
    check(
        "R2 a domain is one in both of its spellings",
        "
        pool primary concurrent 1
        user ann@xn--mnchen-3ya.example seats primary
        ann@münchen.example signs in to primary on laptop -> yes, 1/1
        Ann@MÜNCHEN.Example signs in to primary on laptop -> yes, renewed
        list users                                      -> ann@münchen.example
        ",
    );
    check(
        "R2 letters that look alike are others: nobody is refused for them",
        "
        user ann@acme.example
        user \u{430}nn@acme.example
        list users by id                                -> ann@acme.example \u{430}nn@acme.example
        ",
    );
    check(
        "R2 a repeated user in one batch is one user with one seat",
        "
        pool crm named 1
        grant crm to ann ANN                            -> yes, 1/1; yes, 1/1
        usage                                           -> license in force, users 1
        ",
    );
}

#[test]
fn r4_any_number_of_users_may_exist() {
    check(
        "R4 users without what the plan counts consume nothing",
        "
        pool crm named 1
        pool primary concurrent 1
        user ann seats primary
        user bob seats primary
        user cid seats primary
        user dee
        grant crm to ann
        usage crm                                       -> 1/1, granted 1
        usage primary                                   -> 0/1, granted 3
        usage                                           -> license in force, users 4, active 4, blocked 0
        ",
    );
}

#[test]
fn r5_blocked_users() {
    check(
        "R5 a blocked user cannot sign in anywhere; unblocking needs nothing in a concurrent pool",
        "
        pool primary concurrent 0
        user ann seats primary
        user ann blocked
        user ann blocked
        usage                                           -> license in force, users 1, active 0, blocked 1
        usage primary                                   -> 0/0, granted 0
        ann signs in to primary on laptop               -> no: USER_BLOCKED
        user ann unblocked                              -> yes
        user ann unblocked                              -> yes
        usage primary                                   -> 0/0, granted 1
        user bob blocked                                -> refused: NOT_FOUND user
        ",
    );
    check(
        "R5 blocking outlives a restart",
        "
        pool crm named 1
        user ann seats crm
        user ann blocked
        crash
        ann signs in to crm on laptop                   -> no: USER_BLOCKED
        grant crm to bob
        user ann unblocked                              -> no: SEATS_EXHAUSTED
        ",
    );
    check(
        "R5 what a blocked user had is kept, and may be taken",
        "
        organization north
        pool crm named 1
        grant crm to ann at north
        user ann blocked
        revoke crm from ann
        user ann unblocked
        ann signs in to crm on laptop                   -> no: SEAT_NOT_GRANTED
        ",
    );
}

#[test]
fn r6_live_sessions_stay() {
    check(
        "R6 R11 blocking lets a live session be, and it counts until its end",
        "
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop
        user ann blocked
        heartbeat ann/laptop active                     -> kept
        ann signs in to primary on laptop               -> no: USER_BLOCKED
        usage primary                                   -> 1/1
        bob signs in to primary on laptop               -> no: SEATS_EXHAUSTED
        checkin ann/laptop
        bob signs in to primary on laptop               -> yes
        ",
    );
    check(
        "R6 blocking ends sessions if asked, all of them",
        "
        policy max_devices_per_user 2
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        ann signs in to primary on laptop
        ann signs in to crm on phone
        user ann blocked
        heartbeat ann/laptop, ann/phone                 -> kept; kept
        user ann blocked ending sessions
        heartbeat ann/laptop, ann/phone                 -> ended: CLOSED; ended: CLOSED
        usage primary                                   -> 0/1, active 0
        ",
    );
    check(
        "R6 revoking lets a live session be, unless asked",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        revoke primary from ann                         -> yes, 1/1
        heartbeat ann/laptop                            -> kept
        ann signs in to primary on laptop               -> no: SEAT_NOT_GRANTED
        revoke primary from ann ending sessions         -> yes, 0/1
        heartbeat ann/laptop                            -> ended: CLOSED
        revoke primary from ann                         -> yes
        revoke primary from eve                         -> refused: NOT_FOUND user
        revoke ghost from ann                           -> refused: NOT_FOUND pool
        ",
    );
    check(
        "R6 suspending a tenant lets live sessions be",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        tenant acme suspended
        heartbeat ann/laptop active                     -> kept
        ann signs in to primary on laptop               -> no: TENANT_SUSPENDED
        checkin ann/laptop                              -> ended: CHECKED_IN
        tenant acme resumed
        ann signs in to primary on laptop               -> yes
        ",
    );
    check(
        "R6 deleting a user ends the sessions and frees what they held",
        "
        policy max_devices_per_user 2
        pool primary concurrent 1
        pool crm named 1
        grant primary crm to ann
        grant primary to bob
        ann signs in to primary on laptop
        ann signs in to crm on phone
        user ann deleted
        heartbeat ann/laptop, ann/phone                 -> ended: USER_DELETED; ended: USER_DELETED
        usage primary                                   -> 0/1, active 0, granted 1
        usage crm                                       -> 0/1, active 0, granted 0
        bob signs in to primary on laptop               -> yes
        ",
    );
    check(
        "R6 who comes back after deletion is somebody new",
        "
        pool primary concurrent 1
        user ann administrator seats primary
        ann signs in to primary on laptop as first
        user ann deleted
        crash
        user ann seats primary
        show ann                                        -> Inactive, no administrator, signed in never
        ann signs in to primary on laptop as second     -> yes, 1/1
        heartbeat first, second                         -> ended: UNKNOWN; kept
        ",
    );
}

#[test]
fn r9_never_signed_in() {
    check(
        "R9 who never signed in can be listed; a denial is no sign-in",
        "
        pool primary concurrent 1
        grant primary to ann bob
        user cid
        show ann                                        -> Inactive, signed in never, active never
        ann signs in to primary on laptop
        bob signs in to primary on laptop               -> no: SEATS_EXHAUSTED
        bob could sign in to primary on laptop          -> no: SEATS_EXHAUSTED
        cid signs in to primary on laptop               -> no: SEAT_NOT_GRANTED
        list users never                                -> bob cid
        after 5m
        show ann                                        -> Active, signed in 5m ago
        checkin ann/laptop
        after 1h
        show ann                                        -> Inactive, signed in 1h 5m ago
        crash
        show ann                                        -> Inactive, signed in 1h 5m ago, active 1h 5m ago
        list users never                                -> bob cid
        ",
    );
    check(
        "R9 R16 a login that finds its session there is a sign-in, also after a restart",
        "
        policy max_devices_per_user 2
        policy lease_ttl 1h
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop
        after 5m
        ann signs in to crm on phone
        after 10m
        ann signs in to crm on laptop                   -> yes, renewed
        show ann                                        -> Active, signed in 0s ago
        after 1m
        crash
        show ann                                        -> Active, signed in 1m ago
        heartbeat ann/phone active                      -> kept
        after 1m
        restart
        show ann                                        -> Active, signed in 2m ago, active 1m ago
        checkin ann/laptop
        checkin ann/phone
        crash
        show ann                                        -> Inactive, signed in 2m ago, active 1m ago
        ",
    );
    check(
        "R9 the last sign-in is the newest one",
        "
        policy max_devices_per_user 2
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop
        after 5m
        ann signs in to crm on phone
        after 1m
        checkin ann/phone
        show ann                                        -> Active, signed in 1m ago
        after 5m
        ann signs in to crm on phone
        show ann                                        -> Active, signed in 0s ago
        ",
    );
}

#[test]
fn r35_changing_users() {
    check(
        "R35 a user is changed field by field, and an update loses no other",
        "
        user ann
        user ann named \"Ann\" \"Archer\"
        user ann groups sales support if version 2
        user ann groups sales if version 2              -> refused: STALE_ETAG
        user ann named \"Ann\" \"Archer\" if version 3
        user ann administrator yes
        show ann                                        -> blank, administrator, version 4
        usage                                           -> demo mode, administrators 1
        user bob named \"Bob\" \"Baker\"                -> refused: NOT_FOUND user
        audit
        - UserCreated ann
        - UserUpdated ann (given_name, family_name)
        - UserUpdated ann (groups)
        - UserUpdated ann (administrator)
        ",
    );
}

#[test]
fn r2_a_user_can_be_renamed() {
    check(
        "R2 the person stays: seats, the session, the status, groups and the time of the sign-in",
        "
        organization north
        pool crm named 1
        user ann named \"Ann\" \"Archer\"                 -> refused: NOT_FOUND user
        user ann
        user ann groups sales
        grant crm to ann at north
        ann signs in to crm on laptop
        after 1m
        user ann renamed anna
        show anna at north                              -> Active, signed in 1m ago, version 3
        show ann                                        -> refused: NOT_FOUND user
        usage crm                                       -> 1/1
        heartbeat ann/laptop active                     -> kept
        list sessions of anna                           -> ann/laptop
        list sessions of ann                            -> nobody
        list users group sales                          -> anna
        anna signs in to crm on laptop                  -> yes, renewed
        ann signs in to crm on laptop                   -> no: USER_NOT_FOUND
        restart
        list sessions of anna                           -> ann/laptop
        checkin ann/laptop
        audit
        - OrganizationCreated at north
        - LicenseInstalled (crm revision 1; crm 0 -> 1)
        - UserCreated ann
        - UserUpdated ann (groups)
        - SeatGranted ann in crm (north)
        - SessionStarted ann/laptop in crm at north
        - UserRenamed ann (is now anna)
        - SessionRenewed ann/laptop in crm at north
        - CheckOutDenied ann in crm: USER_NOT_FOUND
        - SessionEnded ann/laptop in crm at north: CHECKED_IN
        ",
    );
    check(
        "R2 an id that somebody has is not given again; the same id in other letters is the same",
        "
        user ann
        user bob
        user ann renamed bob                            -> refused: ALREADY_EXISTS user
        user cid renamed dee                            -> refused: NOT_FOUND user
        user ann renamed ANN
        show ann                                        -> blank, version 1
        user ann renamed anna
        user ann renamed anna
        show anna                                       -> blank, version 2
        user ann
        user ann renamed anna                           -> refused: ALREADY_EXISTS user
        user bob renamed anna                           -> refused: ALREADY_EXISTS user
        user anna deleted
        user ann renamed anna
        list users                                      -> anna bob
        ",
    );
    check(
        "R2 R17 whoever gets the id that is free is somebody else",
        "
        pool crm concurrent 2
        grant crm to ann
        ann signs in to crm on laptop
        user ann renamed anna
        grant crm to ann
        ann signs in to crm on laptop as other          -> yes
        usage crm                                       -> 2/2
        anna signs in to crm on phone                   -> no: ALREADY_SIGNED_IN
        user ann deleted
        heartbeat ann/laptop                            -> kept
        heartbeat other                                 -> ended: USER_DELETED
        crash
        list users                                      -> anna
        ",
    );
}
