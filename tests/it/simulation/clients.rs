//! The clients: what they remember, and how a step becomes a command.

use std::collections::BTreeMap;

use usher::ids::{LicenseId, SessionId, TenantId};
use usher::ledger::command::{
    BlockUser, CheckIn, CheckOut, CloseIdle, CloseSession, Command, DeleteLicense, DeleteUser, GetUsage, GrantSeats,
    Heartbeat, InstallLicense, LicenseGrant, ListSessions, Query, RenameUser, RevokeLicense, RevokeSeats, UnblockUser,
};
use usher::ledger::time::Wall;

use super::call::{Asked, Login};
use super::cast;
use super::step::{Ask, What};

/// Sessions of a tenant that clients remember, live or not.
const REMEMBERED: usize = 24;

#[derive(Default)]
pub struct Clients {
    heard: BTreeMap<TenantId, Vec<SessionId>>,
    /// Every session id that was ever offered, and for which login.
    pub issued: BTreeMap<SessionId, Login>,
    /// Every license that was ever sent.
    pub sent: BTreeMap<(TenantId, LicenseId, u64), LicenseGrant>,
    /// Each tenant's lease, in milliseconds.
    pub ttl: BTreeMap<TenantId, u64>,
    last_session: u64,
    last_revision: u64,
}

impl Clients {
    /// A client got a session.
    pub fn hear(&mut self, tenant: &TenantId, session: SessionId) {
        let heard = self.heard.entry(tenant.clone()).or_default();
        if heard.contains(&session) {
            return;
        }
        if heard.len() >= REMEMBERED {
            heard.remove(0);
        }
        heard.push(session);
    }

    /// One of the sessions that they remember; young ones more often.
    fn remembered(&self, tenant: &TenantId, pick: usize) -> SessionId {
        let heard = self.heard.get(tenant).map(Vec::as_slice).unwrap_or_default();
        let young = if pick.is_multiple_of(4) { heard } else { &heard[heard.len().saturating_sub(6)..] };
        if young.is_empty() { cast::session(0) } else { young[pick / 4 % young.len()] }
    }

    fn fresh(&mut self, login: Login) -> SessionId {
        self.last_session += 1;
        let session = cast::session(self.last_session);
        self.issued.insert(session, login);
        session
    }

    pub fn license(&mut self, tenant: &TenantId, license: LicenseId, make: impl Fn(u64) -> LicenseGrant) -> Command {
        self.last_revision += 1;
        let grant = make(self.last_revision);
        self.sent.insert((tenant.clone(), license.clone(), grant.revision), grant.clone());
        InstallLicense { license, grant }.into()
    }

    /// The same again, by a client that never heard the answer. A login gets a fresh session id each time.
    pub fn again(&mut self, asked: &Asked) -> Asked {
        let Asked::Command(Command::CheckOut(ask)) = asked else { return asked.clone() };
        let login = self.issued[&ask.fresh].clone();
        Asked::Command(CheckOut { fresh: self.fresh(login), ..ask.clone() }.into())
    }

    /// `wall`: what the client's own clock says.
    pub fn make(&mut self, ask: &Ask, wall: Wall) -> (TenantId, Asked) {
        let tenant = cast::tenant(ask.tenant);
        let others = cast::tenant(ask.tenant + 1 + ask.pick % 2);
        let asked = match ask.what {
            What::CheckOut | What::CheckOnly => self.check_out(&tenant, ask),
            What::Heartbeat => self.heartbeat(&tenant, ask),
            What::StrayHeartbeat => self.heartbeat(&others, ask),
            What::CheckIn => CheckIn { session: self.remembered(&tenant, ask.pick) }.into(),
            What::StrayCheckIn => CheckIn { session: self.remembered(&others, ask.pick) }.into(),
            What::License if cast::is_licensed(&tenant) => {
                self.license(&tenant, cast::main_license(), |revision| cast::main_grant(revision, ask.pick))
            }
            What::ExtraLicense if cast::is_licensed(&tenant) => self.extra(&tenant, ask, wall),
            What::Usage | What::License | What::ExtraLicense => return (tenant, Asked::Query(GetUsage.into())),
            What::List => {
                let list = ListSessions { limit: 100, ..ListSessions::default() };
                return (tenant, Asked::Query(Query::ListSessions(list)));
            }
            What::Grant | What::Revoke | What::Block | What::Unblock | What::DeleteUser => administer(ask),
            What::Rename => rename(ask),
            What::Close => {
                let session = self.remembered(&tenant, ask.pick);
                CloseSession { session, force: !ask.pick.is_multiple_of(3), own_session: None, own_user: None }.into()
            }
            What::CloseIdle => CloseIdle { pool: None, own_user: None }.into(),
        };
        (tenant, Asked::Command(asked))
    }

    fn check_out(&mut self, tenant: &TenantId, ask: &Ask) -> Command {
        let user = cast::user(cast::USERS[ask.user]);
        let (pool, device) = (cast::pool(cast::POOLS[ask.pool]), cast::device(ask.device));
        let login = Login { tenant: tenant.clone(), user: user.clone(), pool: pool.clone(), device: device.clone() };
        let (client, check_only) = (client(tenant), ask.what == What::CheckOnly);
        CheckOut { pool, user, device, organization: None, client, check_only, fresh: self.fresh(login) }.into()
    }

    /// For one session, or for two.
    fn heartbeat(&self, tenant: &TenantId, ask: &Ask) -> Command {
        let mut beats = vec![(self.remembered(tenant, ask.pick), !ask.pick.is_multiple_of(3))];
        let other = self.remembered(tenant, ask.pick / 7);
        if ask.pick.is_multiple_of(5) && other != beats[0].0 {
            beats.push((other, true));
        }
        Heartbeat { beats }.into()
    }

    fn extra(&mut self, tenant: &TenantId, ask: &Ask, wall: Wall) -> Command {
        let license = cast::extra_license();
        if ask.pick.is_multiple_of(12) {
            // A list of the vendor names whatever was sent so far.
            return RevokeLicense { license, up_to_revision: self.last_revision, why: "theft".into() }.into();
        }
        if ask.pick.is_multiple_of(3) {
            return DeleteLicense { license }.into();
        }
        let expires = Wall(wall.0 + 1 + (ask.pick % 60_000) as i64);
        self.license(tenant, license, |revision| cast::extra_grant(revision, expires))
    }
}

/// Stands in every session of a tenant, so that one that strays is seen (I6).
pub fn client(tenant: &TenantId) -> usher::ids::Text {
    format!("of {tenant}").into()
}

/// Or gives a seat to whoever has one of the ids, so that it may be taken.
fn rename(ask: &Ask) -> Command {
    let [user, new] = [ask.pick % 2, 1 - ask.pick % 2].map(|at| cast::user(cast::RENAMED[at]));
    if ask.pick % 5 < 2 {
        let (pools, users) = (vec![cast::pool(cast::POOLS[ask.pool])], vec![user]);
        return GrantSeats { pools, users, organizations: Vec::new() }.into();
    }
    RenameUser { user, new }.into()
}

fn administer(ask: &Ask) -> Command {
    let user = cast::user(cast::USERS[ask.user]);
    let (pools, users) = (vec![cast::pool(cast::POOLS[ask.pool])], vec![user.clone()]);
    let often = ask.pick.is_multiple_of(2);
    match ask.what {
        What::Grant => GrantSeats { pools, users, organizations: Vec::new() }.into(),
        What::Revoke => RevokeSeats { pools, users, organizations: Vec::new(), end_sessions: often }.into(),
        What::Block => BlockUser { user, end_sessions: often }.into(),
        What::Unblock => UnblockUser { user }.into(),
        // A grant would bring an administrator back as somebody else.
        _ if user == cast::user(cast::ADMINISTRATOR) => BlockUser { user, end_sessions: false }.into(),
        _ => DeleteUser { user }.into(),
    }
}
