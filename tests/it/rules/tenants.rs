//! Tenants are isolated (R1).

use super::check;

#[test]
fn r1_nothing_crosses_tenants() {
    check(
        "R1 the same names in two tenants have nothing to do with each other",
        "
        pool primary concurrent 1
        organization north
        grant primary to ann at north
        ann signs in to primary on laptop           -> yes, 1/1
        tenant globex
        in globex
        ann signs in to primary on laptop           -> no: USER_NOT_FOUND
        usage                                       -> demo mode, users 0, pools 0
        grant primary to ann at north               -> refused: NOT_FOUND organization
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on phone as other   -> yes, 1/1, at none
        heartbeat ann/laptop, other                 -> ended: UNKNOWN; kept
        checkin ann/laptop                          -> had ended: UNKNOWN
        list sessions                               -> other
        user ann deleted
        in acme
        heartbeat ann/laptop, other                 -> kept; ended: UNKNOWN
        usage primary                               -> 1/1
        list tenants                                -> acme globex
        list tenants pages of 1                     -> acme | globex
        list tenants text \"GLOB\"                  -> globex
        tenant acme suspended
        list tenants suspended                      -> acme
        list tenants active                         -> globex
        tenant acme resumed
        in globex
        heartbeat other                             -> ended: USER_DELETED
        audit
        - TenantCreated (globex)
        - CheckOutDenied ann in primary: USER_NOT_FOUND
        - LicenseInstalled (primary revision 2; primary 0 -> 1)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - SessionStarted other in primary
        - SessionEnded other in primary: USER_DELETED
        - UserDeleted ann
        ",
    );
    check(
        "R1 removing a tenant leaves the other one as it is, and the name starts anew",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        tenant globex
        in globex
        pool primary concurrent 1
        grant primary to bob
        bob signs in to primary on laptop
        tenant acme deleted
        usage primary                               -> 1/1
        heartbeat bob/laptop                        -> kept
        tenant acme
        tenant acme                                 -> refused: ALREADY_EXISTS tenant
        in acme
        usage                                       -> demo mode, users 0, pools 0
        heartbeat ann/laptop                        -> ended: TENANT_REMOVED
        crash
        heartbeat ann/laptop                        -> ended: UNKNOWN
        list tenants                                -> acme globex
        ",
    );
}

#[test]
fn r35_changing_a_tenant() {
    check(
        "R35 an update of a tenant loses no other, and nothing but what it names changes",
        "
        policy lease_ttl 1m if version 2            -> refused: STALE_ETAG
        policy lease_ttl 1m if version 1
        policy max_session 1h if version 1          -> refused: STALE_ETAG
        policy responsible_person boss@example.com if version 2
        policy seat_request_step 10
        audit
        - TenantUpdated (policy.lease_ttl)
        - TenantUpdated (policy.responsible_person)
        - TenantUpdated (policy.seat_request_step)
        ",
    );
}
