//! Random names and numbers: few, so that they collide.

use std::time::Duration;

use usher::ids::{DeviceId, OrganizationId, PoolId, SessionId, TenantId, UserId};
use usher::ledger::time::WallTime;

use super::super::naive::Model;
use super::{DAY, Generator, HOUR, MINUTE};

impl Generator {
    pub(super) fn tenant(&mut self) -> TenantId {
        TenantId::stored(self.rng.word(&["acme", "acme", "acme", "bolt", "bolt", "nobody"]))
    }

    pub(super) fn user(&mut self) -> UserId {
        UserId::stored(self.rng.word(&["ann@x", "bob@x", "cid@x", "dee@x", "eve@x", "fay@x", "root@x"]))
    }

    pub(super) fn pool(&mut self) -> PoolId {
        PoolId::stored(self.rng.word(&["primary", "primary", "crm", "crm", "extra"]))
    }

    pub(super) fn device(&mut self) -> DeviceId {
        DeviceId::stored(self.rng.word(&["desk", "desk", "lap", "phone"]))
    }

    pub(super) fn organization_id(&mut self) -> OrganizationId {
        OrganizationId::stored(self.rng.word(&["north", "south", "east"]))
    }

    /// Ordered differently from the ids, and sometimes the same for two.
    pub(super) fn display_name(&mut self) -> Box<str> {
        self.rng.word(&["Alpha", "Beta", "beta", "", "Ärzte", "ärzte"]).into()
    }

    pub(super) fn name(&mut self) -> Box<str> {
        self.rng.word(&["", "Ann", "ann", "Bob", "Zoë", "Ávila"]).into()
    }

    pub(super) fn groups(&mut self) -> Vec<Box<str>> {
        self.rng.some(&["sales".into(), "staff".into(), "staff/eu".into(), "staffing".into()], 0, 2)
    }

    pub(super) fn perhaps<T>(&mut self, percent: u64, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.rng.percent(percent).then(|| value(self))
    }

    pub(super) fn fresh(&mut self) -> SessionId {
        SessionId(uuid::Uuid::from_u64_pair(self.rng.next(), self.rng.next()))
    }

    /// Mostly a live session of the tenant; sometimes one that ended, one of another tenant, or one that never existed.
    pub(super) fn session(&mut self, model: &Model, tenant: &TenantId) -> SessionId {
        let all = model.tenants.iter().flat_map(|tenant| &tenant.sessions);
        let all: Vec<SessionId> = all.map(|session| session.id).collect();
        let own = model.tenant(tenant).map(|tenant| tenant.sessions.iter().map(|session| session.id).collect());
        let own: Vec<SessionId> = own.unwrap_or_default();
        let recent: Vec<SessionId> = model.ended.iter().rev().take(8).map(|ended| ended.session.id).collect();
        match self.rng.below(20) {
            0..=13 if !own.is_empty() => *self.rng.pick(&own),
            14 if !all.is_empty() => *self.rng.pick(&all),
            0..=18 if !recent.is_empty() => *self.rng.pick(&recent),
            _ => self.fresh(),
        }
    }

    pub(super) fn organizations(&mut self) -> Vec<OrganizationId> {
        let all = ["north", "south", "east"].map(OrganizationId::stored);
        if self.rng.percent(60) { Vec::new() } else { self.rng.some(&all, 1, 2) }
    }

    pub(super) fn pools(&mut self, least: u64, most: u64) -> Vec<PoolId> {
        self.rng.some(&["primary", "primary", "crm", "extra"].map(PoolId::stored), least, most)
    }

    pub(super) fn users(&mut self) -> Vec<UserId> {
        let count = 1 + self.rng.below(4);
        (0..count).map(|_| self.user()).collect()
    }

    pub(super) fn version(&mut self) -> Option<u64> {
        self.perhaps(15, |this| 1 + this.rng.below(4))
    }

    pub(super) fn length(&mut self, of: &[u64]) -> Duration {
        Duration::from_millis(*self.rng.pick(of))
    }

    /// A date near the wall clock, or near the shard's time.
    pub(super) fn date(&mut self) -> WallTime {
        let near = if self.rng.percent(70) { self.now.wall.0 } else { self.now.tick.0 as i64 };
        let far = *self.rng.pick(&[MINUTE, HOUR, 3 * DAY, 40 * DAY]);
        WallTime(near + self.rng.below(far) as i64 - (far / 4) as i64)
    }
}
