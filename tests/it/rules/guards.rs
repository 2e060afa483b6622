//! The guards of a check-out, one by one and in their order (R15): when several fail, the first one gives the reason of
//! the denial.

use super::check;

/// One reason why a login can fail, in the order of the guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Broken {
    Suspended,
    ClockSuspect,
    NotYetValid,
    Expired,
    NotLicensed,
    UnknownUser,
    Blocked,
    NoSeat,
    OverLimit,
    AccessOff,
    SignedIn,
    Full,
}

use Broken::*;

const ALL: [Broken; 12] = [
    Suspended,
    ClockSuspect,
    NotYetValid,
    Expired,
    NotLicensed,
    UnknownUser,
    Blocked,
    NoSeat,
    OverLimit,
    AccessOff,
    SignedIn,
    Full,
];

/// Reasons that exclude each other.
const EITHER_OR: [&[Broken]; 7] = [
    &[ClockSuspect, NotYetValid, Expired],
    &[UnknownUser, Blocked],
    &[UnknownUser, NoSeat],
    &[UnknownUser, OverLimit],
    &[UnknownUser, SignedIn],
    &[NoSeat, OverLimit],
    // Only a named pool is over its limit here, and only a concurrent one is full.
    &[OverLimit, Full],
];

impl Broken {
    fn reason(self) -> &'static str {
        match self {
            Suspended => "TENANT_SUSPENDED",
            ClockSuspect => "CLOCK_SUSPECT",
            NotYetValid => "LICENSE_NOT_YET_VALID",
            Expired => "LICENSE_EXPIRED",
            NotLicensed => "POOL_NOT_LICENSED",
            UnknownUser => "USER_NOT_FOUND",
            Blocked => "USER_BLOCKED",
            NoSeat => "SEAT_NOT_GRANTED",
            OverLimit => "SEAT_OVER_LIMIT",
            AccessOff => "ORGANIZATION_ACCESS_OFF",
            SignedIn => "ALREADY_SIGNED_IN",
            Full => "SEATS_EXHAUSTED",
        }
    }
}

/// A scenario of Ann's login to `crm`, which fails for these reasons.
fn login(broken: &[Broken], plan: &str, expected: &str) -> String {
    let is = |what: Broken| broken.contains(&what);
    let limit = if plan == "named" { 2 } else { 1 };
    let shrunk = if is(OverLimit) { 1 } else { limit };
    let mut lines = vec![
        // Sessions have no lease, so that they outlive the licenses of this scenario.
        "policy lease_ttl 0s".to_owned(),
        "policy max_session 100d".into(),
        "organization north".into(),
        "organization south".into(),
        "license rest revision 1 gives other concurrent unlimited until 10d".into(),
        format!("license target revision 1 gives crm {plan} {limit} until 10d"),
        "user bob seats crm".into(),
    ];
    let mut add = |when: bool, line: &str| lines.extend(when.then(|| line.to_owned()));
    add(!is(UnknownUser), "grant other to ann at north");
    add(!is(UnknownUser) && !is(NoSeat), "grant crm to ann at north");
    add(is(Full), "bob signs in to crm on desk");
    add(is(SignedIn), "ann signs in to other on phone");
    add(is(OverLimit), "license target revision 2 gives crm named 1 until 10d");
    add(is(Blocked), "user ann blocked");
    add(is(NotYetValid), "license rest revision 3 gives other concurrent unlimited from 20d");
    add(is(NotYetValid), &format!("license target revision 3 gives crm {plan} {shrunk} from 20d"));
    add(is(NotLicensed), "license target deleted");
    add(is(Expired) || is(ClockSuspect), "after 11d");
    // The regular work raises the high-water mark before the clock is set back (R31).
    add(is(ClockSuspect), "sweep");
    add(is(ClockSuspect), "clock back 5d");
    add(is(Suspended), "tenant acme suspended");
    let organization = if is(AccessOff) { "south" } else { "north" };
    add(true, &format!("ann signs in to crm on laptop at {organization} -> {expected}"));
    lines.join("\n")
}

fn plan_fits(broken: &[Broken], plan: &str) -> bool {
    match plan {
        "named" => !broken.contains(&Full),
        _ => !broken.contains(&OverLimit),
    }
}

#[test]
fn r19_each_guard_denies_by_itself_and_nothing_else_does() {
    for plan in ["named", "concurrent"] {
        check("R19 with nothing in the way the answer is yes", &login(&[], plan, "yes, at north"));
        for broken in ALL.into_iter().filter(|broken| plan_fits(&[*broken], plan)) {
            let expected = format!("no: {}", broken.reason());
            check(&format!("R19 {broken:?} in a {plan} pool is denied"), &login(&[broken], plan, &expected));
        }
    }
}

#[test]
fn r19_of_two_reasons_the_first_guard_names_the_denial() {
    let mut pairs = 0;
    for (index, first) in ALL.into_iter().enumerate() {
        for second in ALL.into_iter().skip(index + 1) {
            if EITHER_OR.iter().any(|set| set.contains(&first) && set.contains(&second)) {
                continue;
            }
            for plan in ["named", "concurrent"].into_iter().filter(|plan| plan_fits(&[first, second], plan)) {
                let expected = format!("no: {}", first.reason());
                let title = format!("R19 {first:?} before {second:?} in a {plan} pool");
                check(&title, &login(&[first, second], plan, &expected));
                pairs += 1;
            }
        }
    }
    // 57 pairs are possible, 39 of them in both plans.
    assert_eq!(pairs, 57 + 39);
}

#[test]
fn r19_everything_at_once() {
    let concurrent = [Suspended, Expired, NotLicensed, Blocked, NoSeat, AccessOff, SignedIn, Full];
    for from in 0..concurrent.len() {
        let expected = format!("no: {}", concurrent[from].reason());
        check("R19 guard by guard, the first that fails", &login(&concurrent[from..], "concurrent", &expected));
    }
}

#[test]
fn r19_a_tenant_that_does_not_exist() {
    check(
        "R19 R1 an unknown tenant is denied first, and hears nothing else",
        "
        pool primary concurrent 1
        user ann seats primary
        in nowhere
        ann could sign in to primary on laptop   -> no: TENANT_NOT_FOUND
        audit
        ann signs in to primary on laptop        -> no: TENANT_NOT_FOUND
        bob signs in to ghost on laptop at moon  -> no: TENANT_NOT_FOUND
        audit
        - CheckOutDenied ann in primary (nowhere): TENANT_NOT_FOUND
        - CheckOutDenied bob in ghost (nowhere): TENANT_NOT_FOUND
        grant primary to ann bob                 -> no: TENANT_NOT_FOUND; no: TENANT_NOT_FOUND
        grant primary to ann                     -> no: TENANT_NOT_FOUND
        sweep
        audit
        - SeatGranted ann in primary (nowhere): TENANT_NOT_FOUND x2
        - SeatGranted bob in primary (nowhere): TENANT_NOT_FOUND
        ",
    );
    check(
        "R1 every other call for it is refused alike",
        "
        user ann
        pool primary concurrent 1
        ann signs in to primary on laptop    -> no: SEAT_NOT_GRANTED
        in nowhere
        grant primary to ann bob             -> no: TENANT_NOT_FOUND; no: TENANT_NOT_FOUND
        revoke primary from ann              -> refused: NOT_FOUND tenant
        user ann                             -> refused: NOT_FOUND tenant
        user ann blocked                     -> refused: NOT_FOUND tenant
        user ann unblocked                   -> refused: NOT_FOUND tenant
        user ann deleted                     -> refused: NOT_FOUND tenant
        user ann administrator yes           -> refused: NOT_FOUND tenant
        organization north                   -> refused: NOT_FOUND tenant
        organization north renamed north     -> refused: NOT_FOUND tenant
        organization north deleted           -> refused: NOT_FOUND tenant
        pool primary concurrent 5            -> refused: NOT_FOUND tenant
        policy lease_ttl 1m                  -> refused: NOT_FOUND tenant
        tenant nowhere suspended             -> refused: NOT_FOUND tenant
        tenant nowhere deleted               -> refused: NOT_FOUND tenant
        close idle                           -> refused: NOT_FOUND tenant
        usage                                -> refused: NOT_FOUND tenant
        show ann                             -> refused: NOT_FOUND tenant
        list users                           -> refused: NOT_FOUND tenant
        list sessions                        -> refused: NOT_FOUND tenant
        list organizations                   -> refused: NOT_FOUND tenant
        ",
    );
}

/// A renewal is guard 8 (R16): the guards before it can deny it, and guards 9 and 10 cannot.
#[test]
fn r16_a_relogin_passes_what_comes_after_it_and_nothing_that_comes_before() {
    let relogin = |plan: &str, line: &str, at: &str, expected: &str| {
        check(
            "R16 a re-login is guard 8",
            &format!(
                "
                policy max_devices_per_user 2
                policy lease_ttl 0s
                policy max_session 100d
                organization north
                organization south
                license rest revision 1 gives other concurrent unlimited until 10d
                license target revision 1 gives crm {plan} 2 until 10d
                user bob seats crm
                grant crm to ann at north
                bob signs in to crm on desk
                ann signs in to crm on laptop
                {line}
                ann signs in to crm on laptop at {at} -> {expected}
                "
            ),
        );
    };
    for plan in ["named", "concurrent"] {
        relogin(plan, "", "north", "yes, renewed");
        relogin(plan, "tenant acme suspended", "north", "no: TENANT_SUSPENDED");
        relogin(plan, "after 10d", "north", "no: LICENSE_EXPIRED");
        relogin(plan, "license target deleted", "north", "no: POOL_NOT_LICENSED");
        relogin(plan, "user ann blocked", "north", "no: USER_BLOCKED");
        relogin(plan, "revoke crm from ann", "north", "no: SEAT_NOT_GRANTED");
        relogin(plan, "", "south", "no: ORGANIZATION_ACCESS_OFF");
        relogin(plan, "policy max_devices_per_user 1", "north", "yes, renewed");
    }
    relogin("named", "license target revision 2 gives crm named 1", "north", "no: SEAT_OVER_LIMIT");
    relogin("concurrent", "license target revision 2 gives crm concurrent 0", "north", "yes, renewed, 2/0, over 2");
}

/// A grant passes those guards that concern a seat, in the same order (R15).
#[test]
fn r15_a_grant_is_guarded_in_the_same_order() {
    let grant = |broken: &[&str], expected: &str| {
        let lines = broken.join("\n");
        check(
            "R15 the guards of a grant",
            &format!(
                "
                license rest revision 1 gives other concurrent 1 until 10d
                license target revision 1 gives crm named 1 until 10d
                user bob
                {lines}
                grant crm to bob -> {expected}
                "
            ),
        );
    };
    let suspended = "tenant acme suspended";
    let expired = "after 10d";
    let suspect = "after 10d\nsweep\nclock back 1d";
    let not_yet = "license rest revision 2 gives other concurrent 1 from 20d\nlicense target revision 2 gives crm named 1 from 20d";
    let unlicensed = "license target deleted";
    let blocked = "user bob blocked";
    let full = "grant crm to ann";
    grant(&[], "yes, 1/1");
    grant(&[full, blocked, unlicensed, expired, suspended], "no: TENANT_SUSPENDED");
    grant(&[full, blocked, unlicensed, suspect], "no: CLOCK_SUSPECT");
    grant(&[full, blocked, unlicensed, expired], "no: LICENSE_EXPIRED");
    grant(&[full, blocked, not_yet], "no: LICENSE_NOT_YET_VALID");
    grant(&[full, blocked, unlicensed], "no: POOL_NOT_LICENSED");
    grant(&[full, blocked], "no: USER_BLOCKED");
    grant(&[full], "no: SEATS_EXHAUSTED, 1/1");
}

#[test]
fn r20_a_question_changes_nothing() {
    check(
        "R20 neither a yes nor a no leaves anything behind",
        "
        pool primary concurrent 1
        organization north
        grant primary to ann bob
        audit
        - LicenseInstalled (primary revision 1; primary 0 -> 1)
        - OrganizationCreated at north
        - UserCreated ann (created by a grant)
        - SeatGranted ann in primary (all organizations)
        - UserCreated bob (created by a grant)
        - SeatGranted bob in primary (all organizations)
        ann could sign in to primary on laptop   -> yes, at north, lease 10m, remaining 10h, 0/1
        ann could sign in to primary on laptop   -> yes, 0/1
        eve could sign in to primary on laptop   -> no: USER_NOT_FOUND
        ann signs in to primary on laptop        -> yes
        ann could sign in to primary on laptop   -> yes, renewed, 1/1
        bob could sign in to primary on laptop   -> no: SEATS_EXHAUSTED, 1/1, retry 10m
        after 9m
        ann could sign in to primary on laptop   -> yes, renewed, remaining 9h 51m
        after 1m
        bob could sign in to primary on laptop   -> yes     # the lease that is overdue does not count
        ann could sign in to primary on laptop   -> yes     # and is not there to be renewed
        list sessions                            -> ann/laptop
        audit
        - SessionStarted ann/laptop in primary at north
        ",
    );
    check(
        "R20 a question takes nothing over and reclaims nothing",
        "
        policy when_already_signed_in TAKE_OVER
        policy when_full RECLAIM_IDLE
        policy lease_ttl 0s
        pool primary concurrent 1
        grant primary to ann bob
        ann signs in to primary on laptop
        ann could sign in to primary on phone   -> yes
        after 60m
        bob could sign in to primary on desk    -> yes
        heartbeat ann/laptop                    -> kept
        ",
    );
    check(
        "R20 a question admits no unknown user",
        "
        policy unknown_users ADMIT
        pool primary concurrent 1
        eve could sign in to primary on laptop  -> yes, 0/1
        show eve                                -> refused: NOT_FOUND user
        ",
    );
    check(
        "R20 R18 the wait that a question names is the wait that the login names",
        "
        pool primary concurrent 3
        grant primary to ann bob cid dee
        ann signs in to primary on laptop
        after 4m
        bob signs in to primary on laptop
        cid signs in to primary on laptop
        pool primary concurrent 2
        after 6m
        dee could sign in to primary on laptop  -> no: SEATS_EXHAUSTED, retry 4m
        dee signs in to primary on laptop       -> no: SEATS_EXHAUSTED, retry 4m
        ",
    );
}
