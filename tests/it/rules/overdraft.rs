//! Seats above the limit, as far as the license allows (R41).

use super::check;

#[test]
fn r41_a_license_can_allow_seats_above_its_limit() {
    check(
        "R41 the overdraft is used behind the limit, said with each login, and then the pool is full",
        "
        pool primary concurrent 2 overdraft 2
        grant primary to ann bob cid dee eve
        usage primary                               -> 0/2, 2 free, overdraft 0/2
        ann signs in to primary on laptop           -> yes, 1/2, 1 free, overdraft 0/2, no notice
        bob signs in to primary on laptop           -> yes, 2/2, overdraft 0/2, no notice
        cid could sign in to primary on laptop      -> yes, 2/2, notice OVERDRAFT, 1 notice
        cid signs in to primary on laptop           -> yes, 3/2, overdraft 1/2, notice OVERDRAFT, 1 notice
        dee signs in to primary on laptop           -> yes, 4/2, overdraft 2/2, notice OVERDRAFT
        eve could sign in to primary on laptop      -> no: SEATS_EXHAUSTED
        eve signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 4/2, overdraft 2/2
        checkin ann/laptop
        eve signs in to primary on laptop           -> yes, 4/2, overdraft 2/2, notice OVERDRAFT
        checkin bob/laptop
        checkin cid/laptop
        checkin dee/laptop
        usage primary                               -> 1/2, 1 free, overdraft 0/2
        ",
    );
    check(
        "R41 R16 R17 who has a seat already takes no second one, and gets no notice",
        "
        policy max_devices_per_user 2
        pool primary concurrent 1 overdraft 1
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes, 1/1
        bob signs in to primary on laptop           -> yes, 2/1, notice OVERDRAFT
        bob signs in to primary on laptop           -> yes, renewed, 2/1, no notice
        bob signs in to primary on phone            -> yes, 2/1, no notice
        ann signs in to primary on phone            -> yes, 2/1, no notice
        ",
    );
    check(
        "R41 R11 administrators need none of it",
        "
        pool primary concurrent 1 overdraft 1
        user root administrator seats primary
        grant primary to ann bob
        ann signs in to primary on laptop           -> yes, 1/1
        root signs in to primary on tablet            -> yes, 1/1, no notice
        bob signs in to primary on laptop           -> yes, 2/1, notice OVERDRAFT
        ",
    );
    check(
        "R41 R12 without any seat, and without a limit",
        "
        pool primary concurrent 0 overdraft 1
        pool lobby concurrent unlimited
        grant primary lobby to ann bob
        ann signs in to primary on laptop           -> yes, 1/0, overdraft 1/1, notice OVERDRAFT
        bob signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 1/0
        bob signs in to lobby on laptop             -> yes, 1/unlimited, no notice
        ",
    );
}

#[test]
fn r41_reclaiming_comes_first() {
    check(
        "R41 R24 who is idle the longest gives up the seat before the overdraft is used",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 1 overdraft 1
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        bob signs in to primary on laptop           -> yes, 2/1, notice OVERDRAFT
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        after 60m
        cid signs in to primary on laptop           -> yes, 2/1, overdraft 1/1, notice OVERDRAFT
        heartbeat ann/laptop, bob/laptop            -> ended: RECLAIMED; kept
        dee signs in to primary on laptop           -> yes, 2/1, notice OVERDRAFT
        heartbeat bob/laptop, cid/laptop            -> ended: RECLAIMED; kept
        ",
    );
    check(
        "R41 R24 a seat that is reclaimed at the limit is no overdraft",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 1 overdraft 1
        grant primary to ann bob
        ann signs in to primary on laptop
        after 60m
        bob signs in to primary on laptop           -> yes, 1/1, overdraft 0/1, no notice
        heartbeat ann/laptop                        -> ended: RECLAIMED
        ",
    );
}

#[test]
fn r41_several_licenses_and_their_ends() {
    check(
        "R41 R27 R14 what the licenses in force allow adds up, and ends with them",
        "
        license base revision 1 gives primary concurrent 1 overdraft 1
        license more revision 1 gives primary concurrent 1 overdraft 1 until 1h
        policy lease_ttl 0s
        grant primary to ann bob cid dee eve
        usage primary                               -> 0/2, overdraft 0/2
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop           -> yes, 3/2, notice OVERDRAFT
        dee signs in to primary on laptop           -> yes, 4/2, notice OVERDRAFT
        after 1h
        usage primary                               -> 4/1, over 2, overdraft 1/1
        eve signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin ann/laptop
        checkin bob/laptop
        usage primary                               -> 2/1, overdraft 1/1
        eve signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        checkin cid/laptop
        eve signs in to primary on laptop           -> yes, 2/1, notice OVERDRAFT
        ",
    );
    check(
        "R41 R14 in a pool that is over limit and overdraft nothing is reclaimed",
        "
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 2 overdraft 1
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop           -> yes, 3/2
        pool primary concurrent 1 overdraft 1
        after 60m
        usage primary                               -> 3/1, over 1, overdraft 1/1
        dee signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        heartbeat ann/laptop, bob/laptop            -> kept; kept
        ",
    );
    check(
        "R41 R29 without a license in force there is none",
        "
        pool primary concurrent 1 overdraft 5 until 1h
        grant primary to ann
        after 1h
        ann signs in to primary on laptop           -> no: LICENSE_EXPIRED
        usage primary                               -> 0/0
        ",
    );
}

#[test]
fn r41_it_is_audited_and_notified() {
    check(
        "R41 R34 R35 each login above the limit is in the audit, and the responsible person is notified once",
        "
        server channels email
        policy responsible_person licenses@acme.example
        policy lease_ttl 0s
        policy max_session 30d
        pool primary concurrent 1 overdraft 1
        grant primary to ann bob cid
        ann signs in to primary on laptop
        audit
        - TenantUpdated (policy.responsible_person)
        - TenantUpdated (policy.lease_ttl)
        - TenantUpdated (policy.max_session)
        - LicenseInstalled (primary revision 1; primary 0 -> 1 + 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        - UserCreated cid (created by a grant)
        - SeatGranted cid in primary (all organizations)
        - SessionStarted ann/laptop in primary
        bob signs in to primary on laptop           -> yes, notice OVERDRAFT
        notification overdraft/primary              -> open, 2/1, overdraft, email pending
        audit
        - SessionStarted bob/laptop in primary (overdraft)
        - NotificationRaised in primary (overdraft/primary: above the limit, as the license allows, 2/1)
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED
        notification exceeded/primary               -> open, 2/1, check-out, of cid
        checkin ann/laptop
        audit
        - CheckOutDenied cid in primary: SEATS_EXHAUSTED
        - NotificationRaised in primary (exceeded/primary: a check-out was refused, 2/1)
        - SessionEnded ann/laptop in primary: CHECKED_IN
        - NotificationCleared in primary (exceeded/primary: over)
        - NotificationCleared in primary (overdraft/primary: over)
        cid signs in to primary on laptop           -> yes, notice OVERDRAFT
        notification overdraft/primary              -> over, raised 0s ago
        after 24h
        sweep
        notification overdraft/primary              -> open, raised 0s ago
        restart
        sweep
        notification overdraft/primary              -> open, raised 0s ago
        ",
    );
}
