//! License terms beside seats (R28): the license page of an administrator, and the entitlements that applications may
//! read.

use super::check;

#[test]
fn r28_what_licenses_say() {
    check(
        "R28 R27 the licenses in force together: highest tier, all features, sums of limits, ends",
        "
        information                                 -> demo mode, no tier, features none, hosts none, first ends never, last ends never, updated never
        entitlements                                -> demo mode, no tier, features none
        license base revision 1 gives primary concurrent 5 tier silver features A B limits MAX 5 SITES 1 hosts a.x customer 42 to \"Acme Ltd\" issued 1h until 20d
        license more revision 1 gives primary concurrent 2 tier gold features A C limits MAX 2 SITES unlimited hosts b.x a.x customer 43 to \"Acme Group\" issued 2h until 40d
        license soon revision 1 gives nothing tier platinum features D limits MAX 100 customer 44 issued 3h from 1d
        after 1h
        information                                 -> license in force, tier gold, features A B C, limit MAX 7, limit SITES unlimited, limits 2, customer 43, registered to Acme Group, hosts a.x b.x, primary 0/7, first ends 19d 23h, last ends 39d 23h, updated 1h ago
        entitlements                                -> license in force, tier gold, features A B C, limit MAX 7, limit SITES unlimited
        after 23h
        information                                 -> license in force, tier platinum, features A B C D, limit MAX 107, customer 44, first ends 19d, last ends never
        after 19d
        information                                 -> license in force, tier platinum, features A C D, limit MAX 102, hosts a.x b.x, primary 0/2, first ends 20d, last ends never, updated 20d ago
        license soon deleted
        information                                 -> license in force, tier gold, features A C, limit MAX 2, customer 43, first ends 20d, last ends 20d, updated 0s ago
        ",
    );
    check(
        "R28 R29 with none in force there is no feature; the page still tells whose licenses they were",
        "
        license base revision 1 gives primary concurrent 5 tier silver features A limits MAX 5 hosts a.x customer 42 to Acme until 1d
        after 1d
        information                                 -> license expired, no tier, features none, limits 0, customer 42, registered to Acme, hosts a.x, primary 0/0, first ends never, last ends never
        entitlements                                -> license expired, no tier, features none
        license base revision 2 gives primary concurrent 5 tier gold features A from 2d
        entitlements                                -> license not yet valid, no tier, features none
        after 1d
        entitlements                                -> license in force, tier gold, features A
        ",
    );
    check(
        "R28 R31 features end by the time of licenses, as seats do",
        "
        license base revision 1 gives nothing features A until 2d
        after 2d
        sweep
        clock back 1d
        entitlements                                -> license expired, features none
        ",
    );
    check(
        "R28 last updated: installed, revoked, deleted, and not by what changed nothing",
        "
        license base revision 1 gives crm named 1
        after 1m
        license base revision 1 gives crm named 1   -> yes, unchanged
        license base revision 0 gives crm named 1   -> refused: LICENSE_REVISION
        information                                 -> license in force, updated 1m ago
        license base revoked
        after 1m
        license base revoked
        information                                 -> license expired, updated 1m ago
        license base deleted
        after 1m
        information                                 -> demo mode, updated 1m ago
        ",
    );
}
