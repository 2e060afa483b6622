//! Commands of a directory sync (R33).

use usher::ids::{EventNo, TenantId, UserId};
use usher::ledger::change::BlockCause;
use usher::ledger::command::{
    ActivateUsers, BlockUnlisted, Command, SyncEntry, SyncUsers, UserPatch, Waiting, WantedSeat, WhatIf, WhenFull,
};

use super::super::naive::Model;
use super::Generator;

impl Generator {
    pub(super) fn sync(&mut self, model: &Model, tenant: &TenantId) -> Command {
        match self.rng.below(10) {
            0..=5 => {
                let entries = self.few_users(3).into_iter().map(|user| self.entry(user)).collect();
                let when_full = if self.rng.percent(25) { WhenFull::Refuse } else { WhenFull::Block };
                SyncUsers { entries, when_full, what_if: self.what_if() }.into()
            }
            6..=8 => {
                let users = model.tenant(tenant).map(|tenant| tenant.users.clone()).unwrap_or_default();
                let waiting = users.into_iter().filter(|user| user.blocked == Some(BlockCause::LicenseLimit));
                let waiting: Vec<UserId> = waiting.map(|user| user.id).collect();
                let what_if = self.what_if();
                // A dry run needs the pools in the command; a real run knows them.
                let waiting = if what_if.is_some() { Vec::new() } else { waiting };
                let since = EventNo(0);
                let waiting = waiting.into_iter().map(|user| Waiting { user, since, pools: Vec::new() });
                ActivateUsers { waiting: waiting.collect(), what_if }.into()
            }
            _ => BlockUnlisted { users: self.few_users(2), what_if: self.what_if() }.into(),
        }
    }

    /// Up to `most` different users.
    fn few_users(&mut self, most: usize) -> Vec<UserId> {
        let mut users: Vec<UserId> = (0..most).map(|_| self.user()).collect();
        users.sort();
        users.dedup();
        users
    }

    fn entry(&mut self, user: UserId) -> SyncEntry {
        SyncEntry {
            user,
            patch: UserPatch {
                administrator: self.perhaps(15, |this| this.rng.percent(40)),
                given_name: self.perhaps(20, Self::name),
                family_name: self.perhaps(20, Self::name),
                groups: self.perhaps(10, Self::groups),
                attributes: None,
                some_attributes: self.some_attributes(),
            },
            seats: self.wanted_seats(),
            blocked: self.perhaps(20, |this| this.rng.percent(40)),
        }
    }

    /// An attribute that is removed as often as it is set.
    pub(super) fn some_attributes(&mut self) -> Vec<(Box<str>, Box<str>)> {
        let desk = self.perhaps(10, |this| if this.rng.percent(50) { "".into() } else { this.name() });
        desk.into_iter().map(|value| ("desk".into(), value)).collect()
    }

    fn wanted_seats(&mut self) -> Vec<WantedSeat> {
        let pools = self.pools(0, 2);
        let seat = |pool| {
            let organizations = if self.rng.percent(20) { vec![self.organization_id()] } else { Vec::new() };
            WantedSeat { pool, organizations }
        };
        pools.into_iter().map(seat).collect()
    }

    fn what_if(&mut self) -> Option<WhatIf> {
        self.perhaps(25, |_| WhatIf::default())
    }
}
