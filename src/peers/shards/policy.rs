//! Policies of tenants in messages between nodes.

use std::time::Duration;

use crate::ledger::policy::{CloseActive, Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};
use crate::peers::access::Unknown;
use crate::proto::peer::v1 as wire;

/// Every setting, so that a new one is not forgotten here.
pub fn policy(policy: Policy) -> wire::Policy {
    let Policy {
        lease_ttl,
        max_session,
        away_after,
        idle_after,
        idle_timeout,
        max_devices_per_user,
        when_already_signed_in,
        when_full,
        close_active,
        unknown_users,
        administrators_count_in_named,
        administrators_count_in_concurrent,
        responsible_person,
        seat_request_step,
        warn_at_percent,
    } = policy;
    wire::Policy {
        lease_ttl_ms: millis(lease_ttl),
        max_session_ms: millis(max_session),
        away_after_ms: millis(away_after),
        idle_after_ms: millis(idle_after),
        idle_timeout_ms: idle_timeout.map(millis),
        max_devices_per_user,
        when_already_signed_in: match when_already_signed_in {
            WhenAlreadySignedIn::Deny => wire::WhenAlreadySignedIn::Deny,
            WhenAlreadySignedIn::TakeOver => wire::WhenAlreadySignedIn::TakeOver,
        }
        .into(),
        when_full: match when_full {
            WhenFull::Deny => wire::WhenFull::Deny,
            WhenFull::ReclaimIdle => wire::WhenFull::ReclaimIdle,
        }
        .into(),
        close_active: match close_active {
            CloseActive::Refuse => wire::CloseActive::Refuse,
            CloseActive::Allow => wire::CloseActive::Allow,
        }
        .into(),
        unknown_users: match unknown_users {
            UnknownUsers::Deny => wire::UnknownUsers::Deny,
            UnknownUsers::Admit => wire::UnknownUsers::Admit,
        }
        .into(),
        administrators_count_in_named,
        administrators_count_in_concurrent,
        responsible_person: responsible_person.into(),
        seat_request_step,
        warn_at_percent: warn_at_percent.into(),
    }
}

pub fn parse(policy: wire::Policy) -> Result<Policy, Unknown> {
    use wire::{CloseActive as Close, UnknownUsers as Users, WhenAlreadySignedIn as SignedIn, WhenFull as Full};
    let unknown = || Unknown("a policy that this release does not know");
    Ok(Policy {
        lease_ttl: Duration::from_millis(policy.lease_ttl_ms),
        max_session: Duration::from_millis(policy.max_session_ms),
        away_after: Duration::from_millis(policy.away_after_ms),
        idle_after: Duration::from_millis(policy.idle_after_ms),
        idle_timeout: policy.idle_timeout_ms.map(Duration::from_millis),
        max_devices_per_user: policy.max_devices_per_user,
        when_already_signed_in: match SignedIn::try_from(policy.when_already_signed_in) {
            Ok(SignedIn::Deny) => WhenAlreadySignedIn::Deny,
            Ok(SignedIn::TakeOver) => WhenAlreadySignedIn::TakeOver,
            Ok(SignedIn::Unspecified) | Err(_) => return Err(unknown()),
        },
        when_full: match Full::try_from(policy.when_full) {
            Ok(Full::Deny) => WhenFull::Deny,
            Ok(Full::ReclaimIdle) => WhenFull::ReclaimIdle,
            Ok(Full::Unspecified) | Err(_) => return Err(unknown()),
        },
        close_active: match Close::try_from(policy.close_active) {
            Ok(Close::Refuse) => CloseActive::Refuse,
            Ok(Close::Allow) => CloseActive::Allow,
            Ok(Close::Unspecified) | Err(_) => return Err(unknown()),
        },
        unknown_users: match Users::try_from(policy.unknown_users) {
            Ok(Users::Deny) => UnknownUsers::Deny,
            Ok(Users::Admit) => UnknownUsers::Admit,
            Ok(Users::Unspecified) | Err(_) => return Err(unknown()),
        },
        administrators_count_in_named: policy.administrators_count_in_named,
        administrators_count_in_concurrent: policy.administrators_count_in_concurrent,
        responsible_person: policy.responsible_person.into(),
        seat_request_step: policy.seat_request_step,
        warn_at_percent: policy.warn_at_percent.into(),
    })
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_arrives_as_it_is() {
        let ms = Duration::from_millis;
        let other = Policy {
            lease_ttl: ms(1),
            max_session: ms(2),
            away_after: ms(3),
            idle_after: ms(4),
            idle_timeout: Some(ms(5)),
            max_devices_per_user: 6,
            when_already_signed_in: WhenAlreadySignedIn::TakeOver,
            when_full: WhenFull::ReclaimIdle,
            close_active: CloseActive::Allow,
            unknown_users: UnknownUsers::Admit,
            administrators_count_in_named: false,
            administrators_count_in_concurrent: true,
            responsible_person: "ann@example.com".into(),
            seat_request_step: 7,
            warn_at_percent: [80, 95].into(),
        };
        for known in [Policy::default(), other] {
            assert_eq!(parse(policy(known.clone())), Ok(known));
        }
    }

    #[test]
    fn a_setting_that_is_missing_or_of_a_later_release_is_an_error() {
        for value in [0, 3] {
            for set in [
                (|policy, value| wire::Policy { when_already_signed_in: value, ..policy })
                    as fn(wire::Policy, i32) -> wire::Policy,
                |policy, value| wire::Policy { when_full: value, ..policy },
                |policy, value| wire::Policy { close_active: value, ..policy },
                |policy, value| wire::Policy { unknown_users: value, ..policy },
            ] {
                assert!(parse(set(policy(Policy::default()), value)).is_err());
            }
        }
    }
}
