//! Random queries, with all kinds of filters and pages.

use std::time::Duration;

use usher::ledger::access::Tenants;
use usher::ledger::change::{BlockCause, TenantState};
use usher::ledger::command::{
    AllTokens, DueNotifications, FormerIds, GetEntitlements, GetLicenseInformation, GetTenant, GetUsage, GetUser,
    ListLicenses, ListNotifications, ListOrganizations, ListSessions, ListTenants, ListUsers, OrganizationOrder,
    Period, Query, SessionOrder, UserOrder,
};
use usher::ledger::notification::Channel;
use usher::ledger::outcome::Status;
use usher::ledger::time::WallTime;

use super::{Generator, HOUR};

impl Generator {
    pub(super) fn statuses(&mut self) -> Vec<Status> {
        if self.rng.percent(60) {
            return Vec::new();
        }
        self.rng.some(&[Status::Active, Status::Away, Status::Idle, Status::Inactive], 1, 2)
    }

    pub(super) fn query(&mut self) -> Query {
        let limit = 1 + self.rng.below(5) as usize;
        match self.rng.below(10) {
            0..=2 => ListSessions {
                pool: self.perhaps(30, Self::pool),
                user: self.perhaps(20, Self::user),
                organization: self.perhaps(20, Self::organization_id),
                statuses: self.statuses(),
                session: None,
                device: self.perhaps(10, Self::device),
                client: self.rng.word(&["", "", "", "10.0", "zzz"]).to_owned(),
                started: self.period(),
                idle: self.perhaps(10, |this| Duration::from_millis(this.rng.below(2 * HOUR))),
                order: *self.rng.pick(&[SessionOrder::LastActivity, SessionOrder::Started, SessionOrder::User]),
                descending: self.rng.percent(50),
                after: None,
                limit,
            }
            .into(),
            3..=5 => self.list_users(limit).into(),
            6 => ListOrganizations {
                text: self.rng.word(&["", "", "a", "orth", "ä"]).to_owned(),
                order: *self.rng.pick(&[OrganizationOrder::DisplayName, OrganizationOrder::OrganizationId]),
                descending: self.rng.percent(50),
                after: None,
                limit,
            }
            .into(),
            7 => ListTenants {
                text: self.rng.word(&["", "", "b", "letter"]).to_owned(),
                state: self.perhaps(30, |this| *this.rng.pick(&[TenantState::Active, TenantState::Suspended])),
                among: self.perhaps(30, |this| Tenants::Only([this.tenant()].into())).unwrap_or_default(),
                after: None,
                limit,
            }
            .into(),
            8 if self.rng.percent(30) => GetTenant.into(),
            8 if self.rng.percent(20) => ListLicenses { limit, after: None }.into(),
            8 if self.rng.percent(20) => GetLicenseInformation.into(),
            8 if self.rng.percent(20) => GetEntitlements.into(),
            8 if self.rng.percent(20) => ListNotifications { state: None, after: None, limit }.into(),
            8 if self.rng.percent(10) => DueNotifications { channel: Channel::Webhook, limit }.into(),
            8 if self.rng.percent(20) => self.list_tokens(limit).into(),
            8 if self.rng.percent(10) => AllTokens.into(),
            8 if self.rng.percent(20) => FormerIds { user: self.user() }.into(),
            8 => GetUser { user: self.user(), organization: self.perhaps(40, Self::organization_id) }.into(),
            _ => GetUsage.into(),
        }
    }

    /// Mostly all of time, sometimes a bound within the last hours.
    fn period(&mut self) -> Period {
        let before = |this: &mut Self| WallTime(this.now.wall.0 - this.rng.below(12 * HOUR) as i64);
        Period { from: self.perhaps(5, before), until: self.perhaps(5, before) }
    }

    /// Statuses to filter by, the blank one included.
    fn shown_statuses(&mut self) -> Vec<Option<Status>> {
        let blank = self.rng.percent(20).then_some(None);
        self.statuses().into_iter().map(Some).chain(blank).collect()
    }

    pub(super) fn list_users(&mut self, limit: usize) -> ListUsers {
        let words = ["ann", "o", "x", "zoe", "nobody"].map(str::to_owned);
        ListUsers {
            words: if self.rng.percent(60) { Vec::new() } else { self.rng.some(&words, 1, 2) },
            any_word: self.rng.percent(50),
            blocked: self.perhaps(20, |this| this.rng.percent(50)),
            statuses: self.shown_statuses(),
            organization: self.perhaps(20, Self::organization_id),
            group: self.perhaps(10, |_| "staff".to_owned()),
            pool: self.perhaps(20, Self::pool),
            administrator: self.perhaps(10, |this| this.rng.percent(50)),
            never_signed_in: self.rng.percent(10),
            id: self.rng.word(&["", "", "", "an", "@x"]).to_owned(),
            name: self.rng.word(&["", "", "", "", "ann", "b a", "nobody"]).to_owned(),
            cause: self.perhaps(5, |this| {
                *this.rng.pick(&[BlockCause::Administrator, BlockCause::LicenseLimit, BlockCause::Directory])
            }),
            signed_in: self.period(),
            created: self.period(),
            order: *self.rng.pick(&[UserOrder::LastSignIn, UserOrder::UserId, UserOrder::Name]),
            descending: self.rng.percent(50),
            after: None,
            limit,
        }
    }
}
