//! Licenses that their vendor revoked: records that give nothing any more (R14, R27, R29).

use super::check;

#[test]
fn r29_a_revoked_license_is_not_in_force() {
    check(
        "R29 R14 a tenant whose license was revoked is without seats, not in demo mode; nobody is thrown out",
        "
        policy lease_ttl 0s
        license base revision 2 gives primary concurrent 2, crm named 2
        user root administrator seats primary crm
        grant primary crm to ann
        ann signs in to primary on laptop
        license base revoked up to 3 for \"theft\"    -> yes, changed, revoked, primary from 2 to 0, primary over 1, crm from 2 to 0, crm over 2
        license base revoked up to 3 for \"again\"    -> yes, unchanged, revoked
        license base revoked up to 2                -> yes, unchanged
        heartbeat ann/laptop                        -> kept
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        ann signs in to primary on laptop           -> no: LICENSE_EXPIRED
        ann signs in to ghost on laptop             -> no: LICENSE_EXPIRED
        grant crm to bob                            -> no: LICENSE_EXPIRED
        root signs in to primary on desk            -> yes, notice LICENSE_EXPIRED
        usage                                       -> license expired, notice LICENSE_EXPIRED, notice OVER_LIMIT
        usage primary                               -> 1/0, over 1, licensed
        usage crm                                   -> 2/0, over 2, licensed
        license base                                -> revoked, revision 2
        information                                 -> license expired, updated 0s ago, last ends never
        audit
        - TenantUpdated (policy.lease_ttl)
        - LicenseInstalled (base revision 2; primary 0 -> 2, crm 0 -> 2)
        - UserCreated root
        - SeatGranted root in primary (all organizations)
        - SeatGranted root in crm (all organizations)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - SeatGranted ann in crm (all organizations)
        - SessionStarted ann/laptop in primary
        - LicenseRevoked (base up to revision 3: theft; primary 2 -> 0, crm 2 -> 0)
        - CheckOutDenied ann in crm: LICENSE_EXPIRED
        - CheckOutDenied ann in primary: LICENSE_EXPIRED
        - CheckOutDenied ann in ghost: LICENSE_EXPIRED
        - SeatGranted bob in crm: LICENSE_EXPIRED
        - SessionStarted root/desk in primary
        ",
    );
    check(
        "R29 of several licenses only the revoked one gives nothing",
        "
        license base revision 1 gives primary concurrent 2 features A
        license more revision 1 gives primary concurrent 3 features B
        grant primary to ann
        license more revoked                        -> yes, changed, revoked, primary from 5 to 2
        ann signs in to primary on laptop           -> yes, 1/2
        entitlements                                -> license in force, features A
        list licenses                               -> base/1 in force + more/1 revoked
        ",
    );
    check(
        "R29 R31 no clock revives a revoked license",
        "
        license base revision 1 gives crm named 2 until 10d
        grant crm to ann
        license base revoked
        clock back 5d
        ann signs in to crm on laptop               -> no: LICENSE_EXPIRED
        ",
    );
}

#[test]
fn r27_what_was_revoked_does_not_come_back() {
    check(
        "R27 a revoked revision is refused, a higher one is not concerned",
        "
        license base revision 2 gives crm named 2
        license base revoked up to 4
        license base revision 1 gives crm named 2   -> refused: LICENSE_REVISION
        license base revision 2 gives crm named 2   -> refused: LICENSE_REVOKED
        license base revision 2 gives crm named 9   -> refused: LICENSE_REVOKED
        license base revision 4 gives crm named 2   -> refused: LICENSE_REVOKED
        list licenses                               -> base/2 revoked
        license base revoked up to 5                -> yes, changed, revoked
        license base revision 5 gives crm named 2   -> refused: LICENSE_REVOKED
        license base revision 6 gives crm named 2   -> yes, changed, in force, crm from 0 to 2
        list licenses                               -> base/6 in force + base/2 revoked
        license base revoked up to 5                -> yes, unchanged, in force
        ",
    );
    check(
        "R27 former revisions are marked, and the newest one stays in force",
        "
        license base revision 1 gives crm named 1
        license base revision 2 gives crm named 2
        license base revision 3 gives crm named 3
        license base revoked up to 2                -> yes, changed, in force, crm from 3 to 3
        list licenses                               -> base/3 in force + base/2 revoked + base/1 revoked
        license base revoked up to 3                -> yes, changed, revoked, crm from 3 to 0
        ",
    );
    check(
        "R27 R30 deleting a revoked license leads into demo mode, and it cannot be installed again",
        "
        license base revision 2 gives crm named 2
        license base revoked up to 3
        usage                                       -> license expired
        license base deleted                        -> yes, changed, no license, crm from 0 to 2
        usage                                       -> demo mode
        list licenses                               -> none
        license base revision 2 gives crm named 2   -> refused: LICENSE_REVOKED
        license base revision 3 gives crm named 2   -> refused: LICENSE_REVOKED
        license base revision 4 gives crm named 2   -> yes, in force
        ",
    );
    check(
        "R27 R30 a deleted license that is revoked stays deleted, and cannot be installed again",
        "
        license base revision 2 gives crm named 2
        license base deleted
        license base revoked up to 2                -> yes, changed, no license
        license base revoked up to 2                -> yes, unchanged
        usage                                       -> demo mode
        license base revision 2 gives crm named 2   -> refused: LICENSE_REVOKED
        license base revision 3 gives crm named 2   -> yes, in force
        audit
        - LicenseInstalled (base revision 2; crm 0 -> 2)
        - LicenseDeleted (base revision 2)
        - LicenseRevoked (base up to revision 2)
        - LicenseInstalled (base revision 3)
        ",
    );
    check(
        "R27 what the tenant never had is not concerned",
        "
        license base revision 2 gives crm named 2
        license base revoked up to 1                -> yes, unchanged, in force
        license ghost revoked                       -> yes, unchanged, no license
        license ghost revision 1 gives cms named 1  -> yes, in force
        audit
        - LicenseInstalled (base revision 2; crm 0 -> 2)
        - LicenseInstalled (ghost revision 1; cms 0 -> 1)
        ",
    );
    check(
        "R27 a revoked license keeps the plan of its pools until it is deleted or replaced",
        "
        license base revision 2 gives crm named 2
        license base revoked up to 2
        license more revision 1 gives crm concurrent 2 -> refused: PLANS_DISAGREE
        license more revision 1 gives crm named 2   -> yes
        license more deleted
        license base deleted
        license more revision 2 gives crm concurrent 2 -> yes
        ",
    );
}
