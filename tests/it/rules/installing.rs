//! Licenses are installed, revision after revision, and deleted (R27, R30): answers, refusals, and the record that
//! stays.

use super::check;

#[test]
fn r27_what_an_installation_changes() {
    check(
        "R27 an installation answers what became of each pool, and changes nothing the second time",
        "
        license base revision 1 gives primary concurrent 5, crm named 2 -> yes, changed, in force, primary from none to 5, crm from none to 2
        license base revision 1 gives primary concurrent 5, crm named 2 -> yes, unchanged, in force, primary from 5 to 5, crm from 2 to 2
        grant crm to ann bob
        after 5m
        actor root
        license base revision 2 gives primary concurrent 10, crm named 1 -> yes, changed, primary from 5 to 10, crm from 2 to 1, crm over 1
        after 5m
        license base                                -> in force, revision 2, by root, installed 5m ago, pools 2
        list licenses                               -> base/2 in force + base/1 superseded
        license more revision 1 gives nothing features CRM_ALLOWED -> yes, changed, in force
        license more revision 2 gives primary concurrent unlimited -> yes, primary from 10 to unlimited
        list licenses                               -> base/2 in force + base/1 superseded + more/2 in force + more/1 superseded
        list licenses pages of 3                    -> base/2 in force + base/1 superseded + more/2 in force | more/1 superseded
        audit
        - LicenseInstalled (base revision 1; primary 0 -> 5, crm 0 -> 2)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in crm (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in crm (all organizations)
        - LicenseInstalled (base revision 2; primary 5 -> 10, crm 2 -> 1) by root
        - LicenseInstalled (more revision 1) by root
        - LicenseInstalled (more revision 2; primary 10 -> unlimited) by root
        ",
    );
    check(
        "R27 R30 out of demo mode",
        "
        grant primary to ann
        license base revision 1 gives primary concurrent 5 -> yes, changed, primary from 2 to 5
        license base deleted                        -> yes, changed, no license, primary from 5 to 2
        audit
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - LicenseInstalled (base revision 1; primary 2 -> 5)
        - LicenseDeleted (base revision 1; primary 5 -> 2)
        ",
    );
    let pools: Vec<String> = (10..35).map(|n| format!("p{n} named 1")).collect();
    let changes: Vec<String> = (10..30).map(|n| format!("p{n} 0 -> 1")).collect();
    check(
        "R27 the audit tells of twenty pools",
        &format!(
            "
            license base revision 1 gives {}
            audit
            - LicenseInstalled (base revision 1; {} and 5 more)
            ",
            pools.join(", "),
            changes.join(", ")
        ),
    );
}

#[test]
fn r27_the_same_text_and_another_one() {
    check(
        "R27 under one revision stands one text",
        "
        license base revision 1 gives crm named 2 tier gold features A limits L 5
        license base revision 1 gives crm named 2 tier gold features A limits L 5 -> yes, unchanged
        license base revision 1 gives crm named 2 tier gold features A limits L 6 -> refused: LICENSE_REVISION
        license base revision 1 gives crm named 2 tier gold features A B limits L 5 -> refused: LICENSE_REVISION
        license base revision 1 gives crm named 2 tier gold features A limits L 5 until 9d -> refused: LICENSE_REVISION
        license base revision 2 gives crm named 2 document one
        license base revision 2 gives crm named 2 document one -> yes, unchanged
        license base revision 2 gives crm named 2 document two -> refused: LICENSE_REVISION
        license base revision 2 gives crm named 2   -> refused: LICENSE_REVISION
        license base                                -> in force, document one
        ",
    );
    check(
        "R27 deleting opens no way back to an older revision, nor to another text; the same one comes back",
        "
        license base revision 3 gives crm named 2
        license base deleted                        -> yes, changed, no license
        license base                                -> none
        list licenses                               -> none
        license base deleted                        -> refused: NOT_FOUND license
        license base revision 2 gives crm named 9   -> refused: LICENSE_REVISION
        license base revision 3 gives crm named 9   -> refused: LICENSE_REVISION
        license base revision 3 gives crm named 2   -> yes, changed, in force
        list licenses                               -> base/3 in force
        license base deleted
        license base revision 4 gives crm named 1   -> yes, changed
        license base revision 3 gives crm named 2   -> refused: LICENSE_REVISION
        list licenses                               -> base/4 in force
        ",
    );
    check(
        "R27 with a license its former revisions are deleted",
        "
        license base revision 1 gives crm named 1
        license base revision 2 gives crm named 2
        license base deleted
        license base revision 2 gives crm named 2   -> yes, changed
        list licenses                               -> base/2 in force
        ",
    );
}

#[test]
fn r27_dates() {
    check(
        "R27 R29 what has expired is not installed; what is not valid yet, is",
        "
        license base revision 1 gives crm named 1 until 1d -> yes, in force
        after 1d
        license more revision 1 gives cms named 1 until 1d -> refused: LICENSE_EXPIRED
        usage cms                                   -> no such pool
        license more revision 1 gives cms named 1 until 1d 1ms -> yes, in force
        license base revision 1 gives crm named 1 until 1d -> yes, unchanged, expired
        license base deleted
        license base revision 1 gives crm named 1 until 1d -> refused: LICENSE_EXPIRED
        license base revision 2 gives crm named 1 from 2d until 3d -> yes, not yet valid, crm from 0 to 0
        list licenses                               -> base/2 not yet valid + more/1 in force
        after 1d
        list licenses                               -> base/2 in force + more/1 expired
        usage crm                                   -> 0/1
        sweep
        clock back 20d
        license base revision 3 gives crm named 1 until 2d -> refused: LICENSE_EXPIRED
        ",
    );
}

#[test]
fn r27_bounds() {
    let revisions: Vec<String> = (1..=11).map(|n| format!("license base revision {n} gives crm named {n}")).collect();
    let kept: Vec<String> = (3..=10).rev().map(|n| format!("base/{n} superseded")).collect();
    check(
        "R27 eight former revisions are kept",
        &format!(
            "
            {}
            license base revision 2 gives crm named 2 -> refused: LICENSE_REVISION
            list licenses                           -> base/11 in force + {}
            ",
            revisions.join("\n"),
            kept.join(" + ")
        ),
    );
    let many: Vec<String> = (1..=100).map(|n| format!("license l{n} revision 1 gives nothing")).collect();
    check(
        "R27 a tenant has at most a hundred licenses; deleted ones are none",
        &format!(
            "
            {}
            license more revision 1 gives crm named 1 -> refused: TOO_MANY_LICENSES
            usage crm                               -> no such pool
            license l7 revision 2 gives crm named 1 -> yes
            license l8 deleted
            license more revision 1 gives crm named 1 -> yes
            license l8 revision 1 gives nothing     -> refused: TOO_MANY_LICENSES
            license l9 revoked                      -> yes, changed
            license l8 revision 1 gives nothing     -> refused: TOO_MANY_LICENSES
            ",
            many.join("\n")
        ),
    );
}

#[test]
fn r30_all_licenses_are_deleted() {
    check(
        "R30 deleting all licenses leads into demo mode, once",
        "
        license two revision 2 gives primary concurrent 1
        license one revision 1 gives primary concurrent 3 until 1d
        grant primary to ann bob cid
        ann signs in to primary on laptop
        bob signs in to primary on laptop
        cid signs in to primary on laptop           -> yes, 3/4
        licenses deleted                            -> yes, changed, no license, primary from 4 to 2, primary over 1
        licenses deleted                            -> yes, unchanged, no license
        heartbeat ann/laptop                        -> kept
        usage                                       -> demo mode, notice DEMO_MODE, notice OVER_LIMIT
        usage primary                               -> 3/2, over 1, demo
        information                                 -> demo mode, updated 0s ago
        license two revision 1 gives primary concurrent 9 -> refused: LICENSE_REVISION
        audit
        - LicenseInstalled (two revision 2; primary 0 -> 1)
        - LicenseInstalled (one revision 1; primary 1 -> 4)
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        - UserCreated cid (created by a grant)
        - SeatGranted cid in primary (all organizations)
        - SessionStarted ann/laptop in primary
        - SessionStarted bob/laptop in primary
        - SessionStarted cid/laptop in primary
        - LicenseDeleted (one revision 1; primary 4 -> 1)
        - LicenseDeleted (two revision 2; primary 1 -> 2)
        ",
    );
    check(
        "R30 a tenant that never had a license has none to delete, and a missing tenant is refused",
        "
        licenses deleted                            -> yes, unchanged
        license ghost deleted                       -> refused: NOT_FOUND license
        tenant acme deleted
        licenses deleted                            -> refused: NOT_FOUND tenant
        license base revision 1 gives crm named 1   -> refused: NOT_FOUND tenant
        license base revoked                        -> refused: NOT_FOUND tenant
        license base deleted                        -> refused: NOT_FOUND tenant
        information                                 -> refused: NOT_FOUND tenant
        entitlements                                -> refused: NOT_FOUND tenant
        list licenses                               -> refused: NOT_FOUND tenant
        ",
    );
}

#[test]
fn r27_a_later_tenant_of_the_same_id_gets_no_older_revision() {
    check(
        "R27 deleting and creating a tenant opens no way back to an older revision",
        "
        license base revision 2 gives primary concurrent 9
        license base revision 3 gives primary concurrent 5
        license gone revision 7 gives crm named 7
        license gone deleted
        tenant acme deleted
        tenant acme
        license base revision 2 gives primary concurrent 9 -> refused: LICENSE_REVISION
        license gone revision 6 gives crm named 9   -> refused: LICENSE_REVISION
        tenant acme deleted
        tenant acme
        license base revision 2 gives primary concurrent 9 -> refused: LICENSE_REVISION
        license base revision 3 gives primary concurrent 5 -> yes, changed, in force
        license gone revision 8 gives crm named 1   -> yes, changed, in force
        tenant globex
        in globex
        license base revision 1 gives primary concurrent 5 -> yes, changed
        ",
    );
}
