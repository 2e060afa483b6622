//! Lists, pages, usage: displays agree with decisions (R15), and pages neither repeat nor skip a row.

use super::check;

const PEOPLE: &str = "
        organization north
        organization south
        pool primary concurrent 9
        pool crm named 9
        grant primary to ann bob cid at north
        grant primary to dee
        grant crm to bob eve at south
        user root administrator
        user ann named \"Ann\" \"Zander\"
        user bob named \"Bob\" \"archer\"
        user cid named \"Cid\" \"Archer\"
        user ann groups sales
        user bob groups sales support
        ";

fn check_people(title: &str, scenario: &str) {
    check(title, &format!("{PEOPLE}{scenario}"));
}

#[test]
fn r9_users_are_found() {
    check_people(
        "R9 R7 users by pool, organization, group, role",
        "
        list users                                  -> ann bob cid dee eve root
        list users in primary                       -> ann bob cid dee
        list users in crm                           -> bob eve
        list users in ghost                         -> nobody
        list users at south                         -> ann bob cid dee eve root
        list users Inactive at north                -> ann bob cid dee
        list users Inactive at south                -> bob dee eve
        list users Inactive in primary at south     -> bob dee
        list users at moon                          -> nobody
        list users group sales                      -> ann bob
        list users group support                    -> bob
        user cid groups sales/eu/north salesforce
        user dee groups salesforce
        list users group sales                      -> ann bob cid    # a group takes in its subgroups
        list users group sales/eu                   -> cid
        list users group sales/e                    -> nobody
        list users group salesforce                 -> cid dee
        list users administrators                   -> root
        list users others                           -> ann bob cid dee eve
        list users words \"ARCH\"                   -> bob cid
        list users words \"arch bob\"               -> bob
        list users words \"arch ann\" any           -> ann bob cid
        list users words \"nobody\"                 -> nobody
        list users id \"E\"                          -> dee eve
        list users id \"Zander\"                     -> nobody
        list users called \"id arch\"                -> cid
        list users called \"ann\" id \"a\"           -> ann
        ",
    );
    check_people(
        "R5 R33 users by why they are blocked, sessions by their device and how long they are idle",
        "
        policy lease_ttl 0s
        user dee blocked
        list users cause administrator              -> dee
        list users cause limit                      -> nobody
        ann signs in to primary on laptop
        after 30m
        bob signs in to primary on phone
        list sessions on phone                      -> bob/phone
        list sessions on phone of ann               -> nobody
        list sessions idle 30m                      -> ann/laptop
        list sessions idle 1800001ms                -> nobody
        ",
    );
    check_people(
        "R5 R9 R23 users by state, status and whether they ever signed in",
        "
        policy lease_ttl 0s
        ann signs in to primary on laptop
        after 55m
        bob signs in to primary on laptop
        after 5m
        cid signs in to primary on laptop
        user dee blocked
        list users Active                           -> bob cid
        list users Away                             -> nobody
        after 1ms
        list users Active                           -> bob cid        # Away is a part of Active
        list users Away                             -> bob
        list users Idle                             -> ann
        list users Inactive                         -> eve
        list users blank                            -> dee root
        list users Idle Inactive                    -> ann eve
        list users Idle blank                       -> ann dee root
        list users blocked                          -> dee
        list users unblocked                        -> ann bob cid eve root
        list users never                            -> dee eve root
        list users never unblocked in crm           -> eve
        usage                                       -> license in force, users 6, active 5, blocked 1, administrators 1, ordinary 4, access 4, Active 2, Idle 1, Inactive 1
        ",
    );
    check_people(
        "R23 a status reads the same wherever access is on, and is blank where it is off",
        "
        policy lease_ttl 0s
        bob signs in to primary on laptop
        after 6m
        show bob at north                           -> Away
        show bob at south                           -> Away
        show bob                                    -> Away
        show ann at north                           -> Inactive
        show ann at south                           -> blank
        show ann at moon                            -> blank
        show dee at south                           -> Inactive
        list users at south                         -> ann bob cid dee eve root
        list users blank at south                   -> ann cid root
        list users Active at south                  -> bob
        list users Inactive Away at south           -> bob dee eve
        list users Idle at south                    -> nobody
        revoke primary crm from bob                 # the session stays
        show bob                                    -> blank
        list sessions Away                          -> bob/laptop
        list users blank                            -> bob root
        usage                                       -> license in force, ordinary 5, access 4, Active 0, Idle 0, Inactive 4
        after 1h
        usage                                       -> license in force, access 4, Active 0, Idle 0, Inactive 4
        grant primary to bob
        usage                                       -> license in force, access 5, Active 0, Idle 1, Inactive 4
        crash
        heartbeat bob/laptop active                 -> kept
        usage                                       -> license in force, access 5, Active 1, Idle 0, Inactive 4
        user bob blocked
        user root administrator no
        user root blocked
        usage                                       -> license in force, ordinary 4, access 4, Active 0, Idle 0, Inactive 4
        checkin bob/laptop
        usage                                       -> license in force, access 4, Active 0, Idle 0, Inactive 4
        user dee blocked
        show dee at south                           -> blank, blocked
        user dee unblocked
        show dee at south                           -> Inactive
        organization south deleted
        show dee at south                           -> blank
        show eve                                    -> blank
        ",
    );
    check_people(
        "R9 orders of users, both ways",
        "
        ann signs in to primary on laptop
        after 1m
        cid signs in to primary on laptop
        list users by id descending                 -> root eve dee cid bob ann
        list users by name                          -> dee eve root bob cid ann
        list users by sign_in                       -> bob dee eve root ann cid
        list users by sign_in descending            -> cid ann root eve dee bob
        ",
    );
    check(
        "R9 R8 alphabetically, as people look things up",
        "
        user zoo
        user zoo named \"Zoe\" \"Zoo\"
        user ecl
        user ecl named \"Zoe\" \"Éclair\"
        user ädam
        user ädam named \"Åsa\" \"Zürich\"
        user bo
        user bo named \"Änne\" \"Angel\"
        user ab
        user ab named \"Anne\" \"Ängel\"
        user ac
        user ac named \"ANNE\" \"angel\"
        list users by name                          -> ac bo ab ecl zoo ädam
        list users by name pages of 2               -> ac bo | ab ecl | zoo ädam
        list users by name descending pages of 4    -> ädam zoo ecl ab | bo ac
        list users by id                            -> ab ac ädam bo ecl zoo
        ",
    );
    check(
        "R9 a search folds as ids do",
        "
        user οδυσσευς
        user οδυσσευς named \"Οδυσσεύς\" \"Straße\"
        list users words \"ΟΔΥΣΣΕΥΣ\"             -> οδυσσευσ
        list users words \"οδυσσεύς\"             -> οδυσσευσ
        list users words \"οδυσσευσ\"             -> οδυσσευσ
        list users words \"STRASSE\"              -> οδυσσευσ
        ",
    );
}

#[test]
fn r15_pages() {
    check_people(
        "R15 pages neither repeat nor skip, whatever the order",
        "
        list users pages of 1                       -> ann | bob | cid | dee | eve | root
        list users pages of 4                       -> ann bob cid dee | eve root
        list users pages of 6                       -> ann bob cid dee eve root
        list users by name pages of 4               -> dee eve root bob | cid ann
        list users by sign_in descending pages of 4 -> root eve dee cid | bob ann
        organization east \"Northeast\"
        organization west \"A far place\"
        list organizations                          -> west north east south
        list organizations by id pages of 3         -> east north south | west
        list organizations by name descending       -> south east north west
        list organizations text \"ORTH\" pages of 1 -> north | east
        list organizations text \"moon\"            -> nobody
        ",
    );
    check_people(
        "R15 while a list is read people come and go, and everybody else is told once",
        "
        list users first 2                          -> ann bob, more
        user bob deleted
        user aaron
        user carl
        list users first 2                          -> aaron ann, more
        more                                        -> carl cid, more
        user cid deleted
        more                                        -> dee eve, more
        more                                        -> root
        ",
    );
    check(
        "R15 R23 sessions in every order, page by page",
        "
        policy lease_ttl 0s
        pool primary concurrent 9
        pool crm named 9
        organization north
        organization south
        grant primary to ann bob cid at north
        grant crm to cid at south
        cid signs in to primary on laptop
        after 1m
        bob signs in to primary on laptop
        after 1m
        ann signs in to primary on laptop
        cid signs in to crm on laptop as crm        -> yes, at south
        after 1m
        heartbeat cid/laptop active
        list sessions by activity                   -> bob/laptop ann/laptop crm cid/laptop
        list sessions                               -> cid/laptop bob/laptop ann/laptop crm
        list sessions by started                    -> cid/laptop bob/laptop ann/laptop crm
        list sessions by started descending         -> crm ann/laptop bob/laptop cid/laptop
        list sessions by user                       -> ann/laptop bob/laptop cid/laptop crm
        list sessions by user pages of 1            -> ann/laptop | bob/laptop | cid/laptop | crm
        list sessions by activity descending pages of 3 -> cid/laptop crm ann/laptop | bob/laptop
        list sessions in primary                    -> cid/laptop bob/laptop ann/laptop
        list sessions of cid                        -> cid/laptop crm
        list sessions of cid in crm                 -> crm
        list sessions of eve                        -> nobody
        list sessions in ghost                      -> nobody
        list sessions at south                      -> crm
        list sessions at moon                       -> nobody
        after 58m
        list sessions Idle                          -> bob/laptop
        list sessions Active                        -> cid/laptop ann/laptop crm
        list sessions Away                          -> cid/laptop ann/laptop crm
        list sessions by activity first 1           -> bob/laptop, more
        checkin ann/laptop
        bob signs in to primary on laptop           -> yes, renewed
        more                                        -> crm, more
        more                                        -> cid/laptop, more
        more                                        -> bob/laptop
        ",
    );
}

#[test]
fn r15_usage_is_what_is_decided() {
    check(
        "R15 R13 what usage shows is what the next login meets",
        "
        pool primary concurrent 2
        pool crm named 1
        grant primary to ann bob cid
        user root administrator seats primary
        ann signs in to primary on laptop
        root signs in to primary on desk
        usage primary                               -> 1/2, active 2, granted 4
        bob signs in to primary on laptop           -> yes, 2/2, active 3, granted 4
        usage primary                               -> 2/2, active 3, granted 4
        cid signs in to primary on laptop           -> no: SEATS_EXHAUSTED, 2/2, active 3, granted 4
        usage                                       -> license in force, no notice, users 4, administrators 1, pools 2
        usage ghost                                 -> no such pool
        show eve                                    -> refused: NOT_FOUND user
        ",
    );
    check(
        "R18 until somebody looks, an overdue session is shown as live",
        "
        pool primary concurrent 1
        grant primary to ann
        ann signs in to primary on laptop
        after 10m
        usage primary                               -> 1/1
        list sessions                               -> ann/laptop
        sweep
        usage primary                               -> 0/1
        list sessions                               -> nobody
        ",
    );
}
