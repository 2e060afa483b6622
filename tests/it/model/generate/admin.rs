//! Commands of administrators: tenants, policies, users, organizations.

use usher::ids::{EventNo, LicenseId, TenantId, UserId};
use usher::ledger::change::Profile;
use usher::ledger::command::{
    BeginDelivery, BlockUser, Command, CreateOrganization, CreateTenant, CreateUser, DeleteOrganization, DeleteUser,
    EndDelivery, PolicyPatch, RedeliverNotification, RenameUser, UnblockUser, UpdateOrganization, UpdateTenant,
    UpdateUser, UserPatch,
};
use usher::ledger::notification::{Attempt, Channel, Topic};
use usher::ledger::policy::{CloseActive, Policy, UnknownUsers, WhenAlreadySignedIn, WhenFull};

use super::super::naive::{Model, User};
use super::{Generator, HOUR, MINUTE, SECOND};

impl Generator {
    pub(super) fn create_tenant(&mut self) -> Command {
        let patch = self.policy();
        let (away_after, idle_after) = (self.length(&[500, SECOND, MINUTE]), self.length(&[2 * SECOND, 2 * MINUTE]));
        let default = Policy { away_after: away_after.min(idle_after / 2), idle_after, ..Policy::default() };
        let policy = Policy {
            lease_ttl: patch.lease_ttl.unwrap_or(default.lease_ttl),
            max_session: patch.max_session.unwrap_or(default.max_session),
            max_devices_per_user: patch.max_devices_per_user.unwrap_or(1),
            when_full: patch.when_full.unwrap_or_default(),
            when_already_signed_in: patch.when_already_signed_in.unwrap_or_default(),
            ..default
        };
        CreateTenant { display_name: self.display_name(), contact: "".into(), policy }.into()
    }

    pub(super) fn policy(&mut self) -> PolicyPatch {
        PolicyPatch {
            lease_ttl: self.perhaps(25, |this| this.length(&[0, 10 * SECOND, 3 * MINUTE, 10 * MINUTE, HOUR])),
            max_session: self.perhaps(20, |this| this.length(&[30 * SECOND, HOUR, 10 * HOUR])),
            away_after: self.perhaps(15, |this| this.length(&[SECOND, 20 * SECOND, 5 * MINUTE])),
            idle_after: self.perhaps(25, |this| this.length(&[SECOND, 3 * SECOND, MINUTE, HOUR])),
            idle_timeout: self
                .perhaps(20, |this| this.perhaps(35, |this| this.length(&[10 * SECOND, 10 * MINUTE, 2 * HOUR]))),
            max_devices_per_user: self.perhaps(25, |this| 1 + this.rng.below(3) as u32),
            when_already_signed_in: self.perhaps(30, |this| match this.rng.percent(50) {
                true => WhenAlreadySignedIn::TakeOver,
                false => WhenAlreadySignedIn::Deny,
            }),
            when_full: self.perhaps(30, |this| match this.rng.percent(70) {
                true => WhenFull::ReclaimIdle,
                false => WhenFull::Deny,
            }),
            close_active: self.perhaps(20, |this| match this.rng.percent(50) {
                true => CloseActive::Allow,
                false => CloseActive::Refuse,
            }),
            unknown_users: self.perhaps(25, |this| match this.rng.percent(60) {
                true => UnknownUsers::Admit,
                false => UnknownUsers::Deny,
            }),
            administrators_count_in_named: self.perhaps(25, |this| this.rng.percent(50)),
            administrators_count_in_concurrent: self.perhaps(25, |this| this.rng.percent(50)),
            responsible_person: self.perhaps(25, |this| this.rng.word(&["boss@x", "boss@x", ""]).into()),
            warn_at_percent: self.perhaps(15, |this| this.rng.some(&[50, 75, 90, 100], 0, 3).into()),
            seat_request_step: self.perhaps(5, |this| 1 + this.rng.below(9) as u32),
        }
    }

    pub(super) fn update_tenant(&mut self) -> Command {
        UpdateTenant {
            version: self.version(),
            display_name: self.perhaps(10, Self::display_name),
            contact: self.perhaps(5, |_| "a letter".into()),
            policy: self.policy(),
        }
        .into()
    }

    pub(super) fn create_user(&mut self) -> Command {
        let (given_name, family_name, groups) = (self.name(), self.name(), self.groups());
        let user = self.user();
        CreateUser {
            administrator: user.as_str() == "root@x" || self.rng.percent(10),
            user,
            profile: Profile { given_name, family_name, groups, attributes: Vec::new() },
            pools: self.pools(0, 2),
        }
        .into()
    }

    pub(super) fn update_user(&mut self) -> Command {
        let patch = UserPatch {
            administrator: self.perhaps(60, |this| this.rng.percent(40)),
            given_name: self.perhaps(20, Self::name),
            family_name: self.perhaps(20, Self::name),
            groups: self.perhaps(20, Self::groups),
            attributes: self.perhaps(10, |this| vec![("desk".into(), this.name())]),
            some_attributes: self.some_attributes(),
        };
        UpdateUser { user: self.user(), version: self.version(), patch }.into()
    }

    pub(super) fn other_user(&mut self, model: &Model, tenant: &TenantId) -> Command {
        let blocked = model.tenant(tenant).and_then(|tenant| tenant.users.iter().find(|user| user.blocked.is_some()));
        let user = match blocked {
            Some(blocked) if self.rng.percent(60) => blocked.id.clone(),
            _ => self.user(),
        };
        match self.rng.below(24) {
            20.. => self.rename_user(model, tenant, user),
            0..=5 => BlockUser { user, end_sessions: self.rng.percent(30) }.into(),
            6..=17 => UnblockUser { user }.into(),
            _ => DeleteUser { user }.into(),
        }
    }

    /// Renames a user, sometimes one whose id the generator does not choose otherwise, so that an id comes back;
    /// sometimes to an id that is taken.
    fn rename_user(&mut self, model: &Model, tenant: &TenantId, user: UserId) -> Command {
        let odd = |user: &&User| user.id.as_str().ends_with("@y");
        let renamed = model.tenant(tenant).and_then(|tenant| tenant.users.iter().find(odd));
        let user = renamed.filter(|_| self.rng.percent(50)).map_or(user, |user| user.id.clone());
        let new = if self.rng.percent(30) { UserId::stored(self.rng.word(&["ann@y", "bob@y"])) } else { self.user() };
        RenameUser { user, new }.into()
    }

    pub(super) fn organization(&mut self) -> Command {
        let organization = self.organization_id();
        match self.rng.below(10) {
            0..=4 => CreateOrganization { organization, display_name: self.display_name() }.into(),
            5..=6 => UpdateOrganization {
                organization,
                version: self.version(),
                display_name: self.perhaps(80, Self::display_name),
            }
            .into(),
            _ => DeleteOrganization { organization }.into(),
        }
    }

    /// A command about a delivery. No delivery is ever under way here: the model has no channels.
    pub(super) fn delivery(&mut self) -> Command {
        let topic = match self.rng.below(3) {
            0 => Topic::Exceeded(self.pool()),
            1 => Topic::Warning(75, self.pool()),
            _ => Topic::LicenseExpired(LicenseId::stored("base"), self.rng.below(50)),
        };
        let (event, channel) = (EventNo(self.rng.below(1_000)), *self.rng.pick(&Channel::ALL));
        match self.rng.below(3) {
            0 => BeginDelivery { topic, event, channel }.into(),
            1 => EndDelivery { topic, event, channel, attempt: 1, result: Attempt::Answered }.into(),
            _ => RedeliverNotification { topic }.into(),
        }
    }
}
