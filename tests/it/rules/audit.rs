//! Scenarios of the audit (R35) and of the denials in it (R21).

use super::check;

#[test]
fn r21_denials_are_counted() {
    check(
        "R21 identical denials of one user within a minute are one event with a count",
        "
        pool primary concurrent 0
        grant primary to ann bob
        audit
        - LicenseInstalled (primary revision 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        ann signs in to primary on phone        -> no: SEATS_EXHAUSTED
        bob signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        after 59.999s
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        ann signs in to crm on laptop           -> no: POOL_NOT_LICENSED
        user ann blocked
        ann signs in to primary on laptop       -> no: USER_BLOCKED
        sweep
        audit
        - CheckOutDenied ann in primary: SEATS_EXHAUSTED x3
        - CheckOutDenied bob in primary: SEATS_EXHAUSTED
        - CheckOutDenied ann in crm: POOL_NOT_LICENSED
        - UserBlocked ann
        - CheckOutDenied ann in primary: USER_BLOCKED
        ",
    );
    check(
        "R21 a minute after the first one begins the next event",
        "
        pool primary concurrent 0
        user ann seats primary
        audit
        - LicenseInstalled (primary revision 1)
        - UserCreated ann
        - SeatGranted ann in primary (all organizations)
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        after 30s
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        after 30s
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        after 30s
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        ann signs in to primary on laptop       -> no: SEATS_EXHAUSTED
        restart
        audit
        - CheckOutDenied ann in primary: SEATS_EXHAUSTED x2
        - CheckOutDenied ann in primary: SEATS_EXHAUSTED x3
        ",
    );
    check(
        "R21 R20 a question is no denial",
        "
        pool primary concurrent 0
        user ann seats primary
        audit
        - LicenseInstalled (primary revision 1)
        - UserCreated ann
        - SeatGranted ann in primary (all organizations)
        ann could sign in to primary on laptop  -> no: SEATS_EXHAUSTED
        sweep
        audit
        ",
    );
    check(
        "R21 R15 denied grants, creations and unblockings are audited alike",
        "
        pool crm named 1
        grant crm to ann
        user ann blocked
        audit
        - LicenseInstalled (crm revision 1; crm 0 -> 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in crm (all organizations)
        - UserBlocked ann
        grant crm to bob
        grant crm to cid                        -> no: SEATS_EXHAUSTED
        grant crm to cid                        -> no: SEATS_EXHAUSTED
        user dee seats crm                      -> no: SEATS_EXHAUSTED
        user ann unblocked                      -> no: SEATS_EXHAUSTED
        sweep
        audit
        - UserCreated bob (created by a grant)
        - SeatGranted bob in crm (all organizations)
        - SeatGranted cid in crm: SEATS_EXHAUSTED x2
        - UserCreated dee in crm: SEATS_EXHAUSTED
        - UserUnblocked ann in crm: SEATS_EXHAUSTED
        ",
    );
}

#[test]
fn r35_every_change_leaves_its_event() {
    check(
        "R35 one long day: who asked, about whom, what, why",
        "
        actor root
        organization north
        organization south
        organization north renamed \"North\"
        pool primary concurrent 2
        pool crm named 2
        policy max_devices_per_user 2
        policy when_already_signed_in TAKE_OVER
        policy when_full RECLAIM_IDLE
        policy lease_ttl 2h
        user ann seats primary
        grant crm to ann bob at north
        grant crm to bob at south
        user ann named \"Ann\" \"Archer\"
        actor login
        ann signs in to primary on laptop       -> yes, at north
        ann signs in to primary on laptop       -> yes, renewed
        ann signs in to crm on phone            -> yes
        ann signs in to crm on tablet           -> yes
        heartbeat ann/phone active              -> kept
        bob signs in to crm on desk at south    -> yes
        bob signs in to primary on desk         -> no: SEAT_NOT_GRANTED
        actor root
        grant primary to bob cid
        actor login
        bob signs in to primary on desk as bob  -> yes
        after 1h
        cid signs in to primary on desk         -> yes
        checkin cid/desk
        actor root
        close ann/phone                         -> ended: CLOSED
        revoke crm from bob at south ending sessions
        user ann blocked ending sessions
        after 1h
        sweep
        user ann unblocked
        user ann administrator yes
        organization north deleted
        user bob deleted
        pool crm deleted
        tenant acme suspended
        tenant acme resumed
        tenant acme deleted
        audit
        - OrganizationCreated at north by root
        - OrganizationCreated at south by root
        - OrganizationUpdated at north (display_name) by root
        - LicenseInstalled (primary revision 1; primary 0 -> 2) by root
        - LicenseInstalled (crm revision 2; crm 0 -> 2) by root
        - TenantUpdated (policy.max_devices_per_user) by root
        - TenantUpdated (policy.when_already_signed_in) by root
        - TenantUpdated (policy.when_full) by root
        - TenantUpdated (policy.lease_ttl) by root
        - UserCreated ann by root
        - SeatGranted ann in primary (all organizations) by root
        - SeatGranted ann in crm (north) by root
        - UserCreated bob (created by a grant) by root
        - SeatGranted bob in crm (north) by root
        - SeatGranted bob in crm (north, south) by root
        - UserUpdated ann (given_name, family_name) by root
        - SessionStarted ann/laptop in primary at north by login
        - SessionRenewed ann/laptop in primary at north by login
        - SessionStarted ann/phone in crm at north by login
        - SessionEnded ann/laptop in primary at north: TAKEN_OVER by login
        - SessionStarted ann/tablet in crm at north by login
        - SessionStarted bob/desk in crm at south by login
        - CheckOutDenied bob in primary: SEAT_NOT_GRANTED by login
        - SeatGranted bob in primary (all organizations) by root
        - UserCreated cid (created by a grant) by root
        - SeatGranted cid in primary (all organizations) by root
        - SessionStarted bob in primary at south by login
        - SessionStarted cid/desk in primary at north by login
        - SessionEnded cid/desk in primary at north: CHECKED_IN by login
        - SessionEnded ann/phone in crm at north: CLOSED by root
        - SeatRevoked bob in crm (south) by root
        - SessionEnded bob/desk in crm at south: CLOSED by root
        - UserBlocked ann by root
        - SessionEnded ann/tablet in crm at north: CLOSED by root
        - SessionEnded bob in primary at south: LEASE_EXPIRED by usher
        - UserUnblocked ann by root
        - UserUpdated ann (administrator) by root
        - SeatRevoked ann in crm (its only organization was deleted) by root
        - SeatRevoked bob in crm (its only organization was deleted) by root
        - OrganizationDeleted at north by root
        - UserDeleted bob by root
        - LicenseDeleted (crm revision 2; crm 2 -> 0) by root
        - TenantSuspended by root
        - TenantResumed by root
        - TenantDeleted (acme; 0 live sessions ended) by root
        ",
    );
    check(
        "R35 R24 every end that comes by itself is audited when it is noticed",
        "
        policy when_full RECLAIM_IDLE
        policy max_session 2h
        policy lease_ttl 0s
        policy unknown_users ADMIT
        pool primary concurrent 1
        ann signs in to primary on laptop       -> yes
        after 1h
        bob signs in to primary on laptop       -> yes
        user bob deleted
        policy idle_timeout 30m
        cid signs in to primary on laptop       -> yes
        after 30m
        checkin cid/laptop                      -> had ended: IDLE_TIMEOUT
        policy idle_timeout off
        cid signs in to primary on laptop as two
        after 2h
        heartbeat two                           -> ended: MAX_DURATION
        audit
        - TenantUpdated (policy.when_full)
        - TenantUpdated (policy.max_session)
        - TenantUpdated (policy.lease_ttl)
        - TenantUpdated (policy.unknown_users)
        - LicenseInstalled (primary revision 1; primary 0 -> 1)
        - UserCreated ann (admitted at login)
        - SeatGranted ann in primary (all organizations)
        - SessionStarted ann/laptop in primary
        - SessionEnded ann/laptop in primary: RECLAIMED
        - UserCreated bob (admitted at login)
        - SeatGranted bob in primary (all organizations)
        - SessionStarted bob/laptop in primary
        - SessionEnded bob/laptop in primary: USER_DELETED
        - UserDeleted bob
        - TenantUpdated (policy.idle_timeout)
        - UserCreated cid (admitted at login)
        - SeatGranted cid in primary (all organizations)
        - SessionStarted cid/laptop in primary
        - SessionEnded cid/laptop in primary: IDLE_TIMEOUT
        - TenantUpdated (policy.idle_timeout)
        - SessionStarted two in primary
        - SessionEnded two in primary: MAX_DURATION
        ",
    );
    check(
        "R35 what changes nothing leaves no event",
        "
        organization north
        pool crm named 1
        grant crm to ann
        audit
        - OrganizationCreated at north
        - LicenseInstalled (crm revision 1; crm 0 -> 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in crm (all organizations)
        grant crm to ann at north
        revoke crm from ann at north            # that takes the seat
        revoke crm from ann
        user ann unblocked
        user ann administrator no
        tenant acme resumed
        policy lease_ttl 10m
        organization north renamed \"north\"
        close idle                              -> nobody
        sweep
        audit
        - SeatRevoked ann in crm (north)
        ",
    );
}
