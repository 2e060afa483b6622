//! Renders answers of DirectoryService.

use super::seat::{denial, organization_id, pool_usage, seat};
use super::time::timestamp;
use crate::ids::UserId;
use crate::ledger::change::Plan;
use crate::ledger::command::Page;
use crate::ledger::outcome::{Denial, DenialReason, OrganizationView, PoolUsage, UserView};
use crate::proto::v1;
use crate::service::names::{user_state, user_status};
use crate::service::page::Shape;
use crate::unicode::scripts;

pub fn created_user((decision, usage): (Result<UserView, Denial>, Vec<PoolUsage>)) -> v1::CreateUserResponse {
    use v1::create_user_response::Outcome;
    let outcome = match decision {
        Ok(view) => Outcome::User(user(view)),
        Err(denied) => {
            let full_pool = full_pool(denied.reason, &usage);
            Outcome::Denial(denial(denied, full_pool))
        }
    };
    v1::CreateUserResponse { outcome: Some(outcome), usage: usage.into_iter().map(pool_usage).collect() }
}

pub fn unblocked_user((decision, usage): (Result<UserView, Denial>, Vec<PoolUsage>)) -> v1::UnblockUserResponse {
    use v1::unblock_user_response::Outcome;
    let outcome = match decision {
        Ok(view) => Outcome::User(user(view)),
        Err(denied) => {
            let full_pool = full_pool(denied.reason, &usage);
            Outcome::Denial(denial(denied, full_pool))
        }
    };
    v1::UnblockUserResponse { outcome: Some(outcome), usage: usage.into_iter().map(pool_usage).collect() }
}

/// Returns the pool that a denial concerns: the first given named pool without room (R15).
fn full_pool(reason: DenialReason, usage: &[PoolUsage]) -> Option<&PoolUsage> {
    if reason != DenialReason::SeatsExhausted {
        return None;
    }
    usage.iter().find(|pool| pool.plan == Plan::Named && !pool.limit.has_room(pool.in_use))
}

pub fn list_users(page: Page<UserView>, shape: &Shape) -> v1::ListUsersResponse {
    v1::ListUsersResponse {
        users: page.rows.into_iter().map(user).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

pub fn user(view: UserView) -> v1::User {
    let (state, block_cause) = user_state(view.blocked);
    let user_id_warnings = warnings(&view.id).into_iter().map(i32::from).collect();
    let profile = view.profile;
    v1::User {
        user_id: view.id.as_str().to_owned(),
        given_name: profile.given_name.into(),
        family_name: profile.family_name.into(),
        groups: profile.groups.into_iter().map(String::from).collect(),
        administrator: view.administrator,
        state: state.into(),
        block_cause: block_cause.into(),
        seats: view.seats.into_iter().map(seat).collect(),
        status: view.status.map_or(v1::UserStatus::Unspecified, user_status).into(),
        default_organization_id: organization_id(view.default_organization.as_ref()),
        last_sign_in_at: view.last_sign_in.map(timestamp),
        last_activity_at: view.last_activity.map(timestamp),
        created_at: Some(timestamp(view.created)),
        attributes: profile.attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect(),
        etag: view.version.to_string(),
        user_id_warnings,
    }
}

fn warnings(id: &UserId) -> Vec<v1::UserIdWarning> {
    let mixed = scripts::mixes(id.as_str()).then_some(v1::UserIdWarning::MixedScripts);
    let earlier = id.renewed().is_some().then_some(v1::UserIdWarning::NotFolded);
    mixed.into_iter().chain(earlier).collect()
}

pub fn list_organizations(page: Page<OrganizationView>, shape: &Shape) -> v1::ListOrganizationsResponse {
    v1::ListOrganizationsResponse {
        organizations: page.rows.into_iter().map(organization).collect(),
        next_page_token: page.next.map_or_else(String::new, |next| shape.token(&next)),
    }
}

pub fn organization(view: OrganizationView) -> v1::Organization {
    v1::Organization {
        organization_id: view.id.as_str().to_owned(),
        display_name: view.display_name.into(),
        created_at: Some(timestamp(view.created)),
        etag: view.version.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{OrganizationId, PoolId};
    use crate::ledger::change::{BlockCause, Limit, Profile};
    use crate::ledger::outcome::{SeatView, Status};
    use crate::ledger::time::WallTime;

    fn ann(seats: Vec<SeatView>) -> UserView {
        UserView {
            id: UserId::stored("ann"),
            profile: Profile { attributes: vec![("a".into(), "1".into())], ..Profile::default() },
            administrator: false,
            blocked: None,
            seats,
            status: Some(Status::Idle),
            default_organization: None,
            last_sign_in: None,
            last_activity: Some(WallTime(1)),
            created: WallTime(0),
            version: 4,
        }
    }

    fn seat_in(organizations: Option<&[&str]>, active: bool) -> SeatView {
        SeatView {
            user: UserId::stored("ann"),
            pool: PoolId::stored("crm"),
            active,
            over_limit: false,
            organizations: organizations.map(|list| list.iter().map(|id| OrganizationId::stored(id)).collect()),
            organization_count: organizations.map_or(0, <[&str]>::len),
            granted: WallTime(0),
        }
    }

    fn usage(pool: &str, plan: Plan, in_use: u64, limit: Limit) -> PoolUsage {
        let pool = PoolId::stored(pool);
        PoolUsage { in_use, ..PoolUsage::unused(pool, plan, limit) }
    }

    #[test]
    fn a_status_is_blank_where_access_is_off() {
        assert_eq!(user(ann(vec![])).status(), v1::UserStatus::Idle);
        assert_eq!(user(UserView { status: None, ..ann(vec![]) }).status(), v1::UserStatus::Unspecified);
    }

    #[test]
    fn an_odd_id_has_a_warning() {
        use v1::UserIdWarning::{MixedScripts, NotFolded};
        let rendered = |id: &str| user(UserView { id: UserId::stored(id), ..ann(vec![]) }).user_id_warnings;
        assert_eq!(rendered("ann@acme.example"), Vec::<i32>::new());
        assert_eq!(rendered("\u{430}nn@acme.example"), [i32::from(MixedScripts)], "a Cyrillic a");
        assert_eq!(rendered("οδυσσευς@x"), [i32::from(NotFolded)]);
    }

    #[test]
    fn a_user_who_never_signed_in_has_no_time_of_it() {
        let rendered = user(ann(vec![]));
        assert_eq!((rendered.last_sign_in_at, rendered.last_activity_at.is_some()), (None, true));
        assert_eq!((rendered.state(), rendered.block_cause()), (v1::UserState::Active, v1::BlockCause::Unspecified));
        assert_eq!((rendered.etag.as_str(), rendered.attributes["a"].as_str()), ("4", "1"));
        let rendered = user(UserView { blocked: Some(BlockCause::LicenseLimit), ..ann(vec![]) });
        assert_eq!((rendered.state(), rendered.block_cause()), (v1::UserState::Blocked, v1::BlockCause::LicenseLimit));
    }

    #[test]
    fn a_denial_names_the_pool_that_is_full() {
        let denied = Err(Denial::because(DenialReason::SeatsExhausted));
        let usage = vec![
            usage("primary", Plan::Concurrent, 5, Limit::Seats(5)),
            usage("basic", Plan::Named, 2, Limit::Seats(3)),
            usage("crm", Plan::Named, 3, Limit::Seats(3)),
        ];
        let rendered = created_user((denied.clone(), usage.clone()));
        let Some(v1::create_user_response::Outcome::Denial(denial)) = rendered.outcome else {
            panic!("must be denied")
        };
        assert_eq!(denial.message, "All seats of \"crm\" are assigned (3 of 3). Contact your administrator.");
        assert_eq!(rendered.usage.len(), 3);
        let rendered = unblocked_user((denied, usage));
        let Some(v1::unblock_user_response::Outcome::Denial(again)) = rendered.outcome else {
            panic!("must be denied")
        };
        assert_eq!(again.message, denial.message);
    }

    #[test]
    fn a_seat_names_its_organizations_or_all() {
        let rendered = seat(seat_in(None, true));
        assert_eq!((rendered.all_organizations, rendered.organization_ids.len()), (true, 0));
        let rendered = seat(seat_in(Some(&["north"]), true));
        assert_eq!((rendered.all_organizations, rendered.organization_ids), (false, vec!["north".to_owned()]));
    }
}
