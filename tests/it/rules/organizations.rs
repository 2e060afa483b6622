//! Organizations share the tenant's seats (R3); access is on or off in each (R7); a login lands in one of them (R8).

use super::check;

#[test]
fn r3_organizations_share_the_pool() {
    check(
        "R3 R2 one user in several organizations is one user with one seat",
        "
        organization north
        organization south
        pool crm named 2
        grant crm to ann at north               -> yes, 1/2, at north
        grant crm to ann at south               -> yes, 1/2, at north south
        grant crm to bob at south               -> yes, 2/2
        grant crm to cid at north               -> no: SEATS_EXHAUSTED, 2/2
        usage crm                               -> 2/2, granted 2
        ",
    );
    check(
        "R3 sessions of all organizations count together",
        "
        organization north
        organization south
        pool primary concurrent 1
        grant primary to ann at north
        grant primary to bob at south
        ann signs in to primary on laptop       -> yes, at north, 1/1
        bob signs in to primary on laptop       -> no: SEATS_EXHAUSTED, 1/1
        ",
    );
}

#[test]
fn r7_access() {
    check(
        "R7 a seat without naming organizations gives access to all of them, also to later ones",
        "
        organization north
        pool crm named 1
        grant crm to ann                        -> yes, at all
        ann signs in to crm on laptop at north  -> yes, at north
        organization south
        ann signs in to crm on laptop at south  -> yes, renewed, at south
        ann signs in to crm on laptop at ghost  -> no: ORGANIZATION_ACCESS_OFF
        ",
    );
    check(
        "R7 a tenant may have no organization at all",
        "
        pool crm named 1
        grant crm to ann
        show ann                                -> Inactive, at none
        ann signs in to crm on laptop           -> yes, at none
        ann signs in to crm on laptop at north  -> no: ORGANIZATION_ACCESS_OFF
        ",
    );
    check(
        "R7 naming organizations limits the seat to those",
        "
        organization north
        organization south
        pool crm named 1
        grant crm to ann at north
        ann signs in to crm on laptop at south  -> no: ORGANIZATION_ACCESS_OFF
        ann signs in to crm on laptop at north  -> yes
        organization west
        ann signs in to crm on laptop at west   -> no: ORGANIZATION_ACCESS_OFF
        grant crm to ann at moon                -> refused: NOT_FOUND organization
        revoke crm from ann at moon             -> refused: NOT_FOUND organization
        ",
    );
    check(
        "R7 access is per pool",
        "
        organization north
        organization south
        pool crm named 1
        pool cms named 1
        grant crm to ann at north
        grant cms to ann at south
        ann signs in to crm on laptop at south  -> no: ORGANIZATION_ACCESS_OFF
        ann signs in to cms on laptop at south  -> yes
        ",
    );
    check(
        "R7 a grant only adds: some organizations to a seat for all leave it so",
        "
        organization north
        organization south
        pool crm named 1
        grant crm to ann at north               -> yes, at north
        grant crm to ann at south north         -> yes, at north south
        grant crm to ann                        -> yes, at all
        grant crm to ann at north               -> yes, at all
        ",
    );
    check(
        "R7 taking one organization from all leaves the others, but not those to come",
        "
        organization north
        organization south
        organization west
        pool crm named 1
        grant crm to ann
        revoke crm from ann at south            -> yes, 1/1, at north west
        show ann                                -> Inactive, seat crm at north west
        organization east
        ann signs in to crm on laptop at south  -> no: ORGANIZATION_ACCESS_OFF
        ann signs in to crm on laptop at east   -> no: ORGANIZATION_ACCESS_OFF
        ann signs in to crm on laptop at west   -> yes
        ",
    );
    check(
        "R7 organizations of a seat are told in their order, whenever they were created",
        "
        organization south
        organization west
        organization north
        pool crm named 2
        grant crm to ann at west south north    -> yes, at north south west
        grant crm to ann                        -> yes, at all
        revoke crm from ann at west             -> yes, at north south
        grant crm to bob at south               -> yes, at south
        grant crm to bob at north               -> yes, at north south
        show bob                                -> Inactive, seat crm at north south
        crash
        show bob                                -> Inactive, seat crm at north south
        ",
    );
    check(
        "R7 a seat that is left with no organization is revoked whole",
        "
        organization north
        organization south
        pool crm named 1
        grant crm to ann at north south
        revoke crm from ann at south            -> yes, 1/1, taken
        revoke crm from ann at south            -> yes, 1/1, nothing taken, at north
        revoke crm from ann at north            -> yes, 0/1, no seat, taken
        revoke crm from ann                     -> yes, 0/1, no seat, nothing taken
        show ann                                -> blank, seats 0
        ann signs in to crm on laptop           -> no: SEAT_NOT_GRANTED
        ",
    );
    check(
        "R7 taking the only organization from all takes the seat",
        "
        organization north
        pool crm named 1
        grant crm to ann
        revoke crm from ann at north            -> yes, 0/1
        show ann                                -> blank, seats 0
        ",
    );
    check(
        "R7 a deleted organization leaves every seat; one for it alone is revoked",
        "
        organization north
        organization south
        pool crm named 3
        grant crm to ann at north
        grant crm to bob at north south
        grant crm to cid
        organization north deleted
        organization north deleted              -> refused: NOT_FOUND organization
        usage crm                               -> 2/3
        show ann                                -> blank, seats 0
        show bob                                -> Inactive, seat crm at south
        show cid                                -> Inactive, seat crm at all
        organization south deleted
        usage crm                               -> 1/3
        cid signs in to crm on laptop           -> yes, at none
        ",
    );
}

#[test]
fn r6_access_acts_at_once_for_new_logins() {
    check(
        "R6 revoking an organization lets a live session be, unless asked",
        "
        organization north
        organization south
        policy max_devices_per_user 3
        pool crm named 1
        pool cms named 1
        grant crm cms to ann
        ann signs in to crm on laptop at north
        ann signs in to crm on phone at south
        ann signs in to cms on tablet at north
        revoke crm from ann at north
        heartbeat ann/laptop                    -> kept, at north
        ann signs in to crm on laptop at north  -> no: ORGANIZATION_ACCESS_OFF
        revoke crm from ann at north ending sessions
        heartbeat ann/laptop, ann/phone, ann/tablet -> ended: CLOSED; kept; kept
        revoke crm from ann ending sessions
        heartbeat ann/phone, ann/tablet         -> ended: CLOSED; kept
        ",
    );
    check(
        "R6 deleting an organization ends no session; it is nowhere then",
        "
        organization north
        organization south
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop at south
        organization south deleted
        heartbeat ann/laptop                    -> kept, at none
        list sessions at south                  -> nobody
        ann signs in to crm on laptop           -> yes, renewed, at north
        ",
    );
}

#[test]
fn r8_where_a_login_lands() {
    check(
        "R8 the requested one, if access is on",
        "
        organization alpha
        organization beta
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop at beta   -> yes, at beta
        ",
    );
    check(
        "R8 the only one with access",
        "
        organization alpha
        organization beta
        pool crm named 1
        grant crm to ann at beta
        show ann                                -> Inactive, at beta
        ann signs in to crm on laptop           -> yes, at beta
        ",
    );
    check(
        "R8 the only one with access now, whatever was used last",
        "
        organization alpha
        organization beta
        pool crm named 1
        grant crm to ann at alpha beta
        ann signs in to crm on laptop at alpha  -> yes
        checkin ann/laptop
        revoke crm from ann at alpha
        ann signs in to crm on laptop           -> yes, at beta
        ",
    );
    check(
        "R8 the last one used, if access is still on, else the alphabetically first",
        "
        organization alpha
        organization beta
        organization gamma
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop           -> yes, at alpha
        ann signs in to crm on laptop at gamma  -> yes, renewed, at gamma
        checkin ann/laptop
        show ann                                -> Inactive, at gamma
        ann signs in to crm on laptop           -> yes, at gamma
        checkin ann/laptop
        crash
        ann signs in to crm on laptop           -> yes, at gamma
        checkin ann/laptop
        revoke crm from ann at gamma
        show ann                                -> Inactive, at alpha
        ann signs in to crm on laptop           -> yes, at alpha
        ",
    );
    check(
        "R8 the last one used in another pool counts, too",
        "
        organization alpha
        organization beta
        pool crm named 1
        pool cms named 1
        grant crm cms to ann
        ann signs in to crm on laptop at beta as crm
        ann signs in to cms on laptop as cms    -> yes, at beta
        ",
    );
    check(
        "R8 alphabetically: by display name, then by id; letters count, not their case",
        "
        organization one \"Zeta\"
        organization two \"eta\"
        organization three \"Theta\"
        organization four \"Eta\"
        pool crm named 2
        grant crm to ann
        grant crm to bob at one two three four
        ann could sign in to crm on laptop      -> yes, at four
        bob could sign in to crm on laptop      -> yes, at four
        organization four renamed \"Zz\"
        ann could sign in to crm on laptop      -> yes, at two
        bob could sign in to crm on laptop      -> yes, at two
        organization two renamed \"Zz\"
        ann could sign in to crm on laptop      -> yes, at three
        organization three deleted
        ann could sign in to crm on laptop      -> yes, at one
        organization one deleted
        ann could sign in to crm on laptop      -> yes, at four
        bob could sign in to crm on laptop      -> yes, at four
        ",
    );
    check(
        "R8 alphabetically: as in a register of all countries, and not by the numbers of the letters",
        "
        organization one \"Zoo\"
        organization two \"Éclair\"
        pool crm named 2
        grant crm to ann
        grant crm to bob at one two
        ann could sign in to crm on laptop      -> yes, at two
        bob could sign in to crm on laptop      -> yes, at two
        organization one renamed \"Zürich\"
        organization two renamed \"Ängelholm\"
        ann could sign in to crm on laptop      -> yes, at two
        list organizations                      -> two one
        list organizations by name descending   -> one two
        ",
    );
    check(
        "R8 the last one used was deleted",
        "
        organization alpha
        organization beta
        organization gamma
        pool crm named 1
        grant crm to ann
        ann signs in to crm on laptop at beta
        checkin ann/laptop
        ann signs in to crm on laptop at gamma
        checkin ann/laptop
        organization gamma deleted
        ann could sign in to crm on laptop      -> yes, at alpha
        organization gamma
        ann could sign in to crm on laptop      -> yes, at alpha
        crash
        ann could sign in to crm on laptop      -> yes, at alpha
        ",
    );
    check(
        "R8 where a user lands by default is told of the first seat, also after a restart",
        "
        organization alpha
        organization beta
        pool crm named 1
        pool cms named 1
        grant cms to ann at beta
        grant crm to ann at alpha
        show ann                                -> Inactive, at beta
        crash
        show ann                                -> Inactive, at beta
        user ann blocked
        user ann unblocked                      # all seats are granted anew, at once
        show ann                                -> Inactive, at alpha
        crash
        show ann                                -> Inactive, at alpha
        ",
    );
}

#[test]
fn r35_changing_organizations() {
    check(
        "R35 R3 an organization is created once, and an update loses no other",
        "
        organization north \"North\"
        organization north                      -> refused: ALREADY_EXISTS organization
        organization north renamed \"Nord\" if version 2 -> refused: STALE_ETAG
        organization north renamed \"Nord\" if version 1 -> yes
        organization north renamed \"Nord\" if version 1 -> refused: STALE_ETAG
        organization south renamed \"South\"    -> refused: NOT_FOUND organization
        audit
        - OrganizationCreated at north
        - OrganizationUpdated at north (display_name)
        ",
    );
}
