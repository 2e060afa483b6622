//! The clients: their memory, and the command for each step.

use std::collections::BTreeMap;

use usher::ids::{LicenseId, SessionId, TenantId, TokenId, TokenName};
use usher::ledger::access::{Roles, Tenants};
use usher::ledger::command::{
    BlockUser, CheckIn, CheckOut, CloseIdle, CloseSession, Command, CreateToken, DeleteLicense, DeleteUser, GetUsage,
    GrantSeats, Heartbeat, InstallLicense, LicenseGrant, ListSessions, Query, RenameUser, RevokeLicense, RevokeSeats,
    RevokeToken, UnblockUser,
};
use usher::ledger::time::WallTime;

use super::call::{CallRequest, Login};
use super::node_call::CallLog;
use super::step::{Operation, OperationKind};
use super::test_data;

/// Number of sessions that the clients of a tenant remember, live or not.
const REMEMBERED: usize = 24;

#[derive(Default)]
pub struct Clients {
    call_log: CallLog,
    heard: BTreeMap<TenantId, Vec<SessionId>>,
    /// Every session id that was ever drawn, by a client or by a node for an attempt at a call, with its login.
    pub issued: BTreeMap<SessionId, Login>,
    /// Every license that was ever sent.
    pub sent: BTreeMap<(TenantId, LicenseId, u64), LicenseGrant>,
    /// Each tenant's lease, in milliseconds.
    pub ttl: BTreeMap<TenantId, u64>,
    last_revision: u64,
    /// Number of tokens that were asked for; their ids are the numbers up to this one.
    tokens: u64,
}

impl Clients {
    pub fn new(call_log: CallLog) -> Self {
        Self { call_log, ..Self::default() }
    }

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

    /// One of the remembered sessions, more often a recent one.
    fn remembered(&self, tenant: &TenantId, pick: usize) -> SessionId {
        let heard = self.heard.get(tenant).map(Vec::as_slice).unwrap_or_default();
        let young = if pick.is_multiple_of(4) { heard } else { &heard[heard.len().saturating_sub(6)..] };
        if young.is_empty() { test_data::session(0) } else { young[pick / 4 % young.len()] }
    }

    fn fresh(&mut self, login: Login) -> SessionId {
        let session = self.call_log.fresh_session();
        self.issued.insert(session, login);
        session
    }

    pub fn license(&mut self, tenant: &TenantId, license: LicenseId, make: impl Fn(u64) -> LicenseGrant) -> Command {
        self.last_revision += 1;
        let grant = make(self.last_revision);
        self.sent.insert((tenant.clone(), license.clone(), grant.revision), grant.clone());
        InstallLicense { license, grant }.into()
    }

    /// Repeats the request of a client that got no answer. A check-out gets a fresh session id each time.
    pub fn again(&mut self, request: &CallRequest) -> CallRequest {
        let CallRequest::Command(Command::CheckOut(operation)) = request else { return request.clone() };
        let login = self.issued[&operation.fresh].clone();
        CallRequest::Command(CheckOut { fresh: self.fresh(login), ..operation.clone() }.into())
    }

    /// The request for an operation. `wall`: the client's own clock.
    pub fn make(&mut self, operation: &Operation, wall: WallTime) -> (TenantId, CallRequest) {
        let tenant = test_data::tenant(operation.tenant);
        let others = test_data::tenant(operation.tenant + 1 + operation.pick % 2);
        let request = match operation.what {
            OperationKind::CreateToken => return (TenantId::installation(), CallRequest::Command(self.create_token())),
            OperationKind::RevokeToken => {
                let id = TokenId(1 + operation.pick as u64 % self.tokens.max(1));
                let revoke = RevokeToken { id, within: Tenants::All };
                return (TenantId::installation(), CallRequest::Command(revoke.into()));
            }
            OperationKind::CheckOut | OperationKind::CheckOnly => self.check_out(&tenant, operation),
            OperationKind::Heartbeat => self.heartbeat(&tenant, operation),
            OperationKind::StrayHeartbeat => self.heartbeat(&others, operation),
            OperationKind::CheckIn => CheckIn { session: self.remembered(&tenant, operation.pick) }.into(),
            OperationKind::StrayCheckIn => CheckIn { session: self.remembered(&others, operation.pick) }.into(),
            OperationKind::License if test_data::is_licensed(&tenant) => {
                self.license(&tenant, test_data::main_license(), |revision| {
                    test_data::main_grant(revision, operation.pick)
                })
            }
            OperationKind::ExtraLicense if test_data::is_licensed(&tenant) => self.extra(&tenant, operation, wall),
            OperationKind::Usage | OperationKind::License | OperationKind::ExtraLicense => {
                return (tenant, CallRequest::Query(GetUsage.into()));
            }
            OperationKind::List => {
                let list = ListSessions { limit: 100, ..ListSessions::default() };
                return (tenant, CallRequest::Query(Query::ListSessions(list)));
            }
            OperationKind::Grant
            | OperationKind::Revoke
            | OperationKind::Block
            | OperationKind::Unblock
            | OperationKind::DeleteUser => administer(operation),
            OperationKind::Rename => rename(operation),
            OperationKind::Close => {
                let session = self.remembered(&tenant, operation.pick);
                CloseSession { session, force: !operation.pick.is_multiple_of(3), own_session: None, own_user: None }
                    .into()
            }
            OperationKind::CloseIdle => CloseIdle { pool: None, own_user: None }.into(),
        };
        (tenant, CallRequest::Command(request))
    }

    fn check_out(&mut self, tenant: &TenantId, operation: &Operation) -> Command {
        let user = test_data::user(test_data::USERS[operation.user]);
        let (pool, device) = (test_data::pool(test_data::POOLS[operation.pool]), test_data::device(operation.device));
        let login = Login { tenant: tenant.clone(), user: user.clone(), device: device.clone() };
        let others = test_data::POOLS.map(test_data::pool).into_iter().filter(|other| *other != pool);
        let alternatives = others.take(if operation.pick.is_multiple_of(4) { operation.pick % 3 } else { 0 }).collect();
        let (client, check_only) = (client(tenant), operation.what == OperationKind::CheckOnly);
        CheckOut { pool, user, device, organization: None, client, check_only, fresh: self.fresh(login), alternatives }
            .into()
    }

    /// A heartbeat for one session, or for two.
    fn heartbeat(&self, tenant: &TenantId, operation: &Operation) -> Command {
        let mut heartbeats = vec![(self.remembered(tenant, operation.pick), !operation.pick.is_multiple_of(3))];
        let other = self.remembered(tenant, operation.pick / 7);
        if operation.pick.is_multiple_of(5) && other != heartbeats[0].0 {
            heartbeats.push((other, true));
        }
        Heartbeat { heartbeats }.into()
    }

    fn create_token(&mut self) -> Command {
        self.tokens += 1;
        let id = TokenId(self.tokens);
        CreateToken {
            id,
            name: TokenName::stored(&format!("token-{id}")),
            hash: test_data::token(id).hash(),
            roles: Roles::ALL,
            tenants: Tenants::All,
            within: Tenants::All,
            ttl: None,
        }
        .into()
    }

    fn extra(&mut self, tenant: &TenantId, operation: &Operation, wall: WallTime) -> Command {
        let license = test_data::extra_license();
        if operation.pick.is_multiple_of(12) {
            // A revocation list of the vendor names all revisions that were sent so far.
            return RevokeLicense { license, up_to_revision: self.last_revision, why: "theft".into() }.into();
        }
        if operation.pick.is_multiple_of(3) {
            return DeleteLicense { license }.into();
        }
        let expires = WallTime(wall.0 + 1 + (operation.pick % 60_000) as i64);
        self.license(tenant, license, |revision| test_data::extra_grant(revision, expires))
    }
}

/// The client text of every session of a tenant, which identifies a session in an answer to another tenant (I6).
pub fn client(tenant: &TenantId) -> usher::ids::Text {
    format!("of {tenant}").into()
}

/// Renames a user from one of two ids to the other; or grants a seat to one of the ids, so that it can be taken.
fn rename(operation: &Operation) -> Command {
    let [user, new] = [operation.pick % 2, 1 - operation.pick % 2].map(|at| test_data::user(test_data::RENAMED[at]));
    if operation.pick % 5 < 2 {
        let (pools, users) = (vec![test_data::pool(test_data::POOLS[operation.pool])], vec![user]);
        return GrantSeats { pools, users, organizations: Vec::new() }.into();
    }
    RenameUser { user, new }.into()
}

fn administer(operation: &Operation) -> Command {
    let user = test_data::user(test_data::USERS[operation.user]);
    let (pools, users) = (vec![test_data::pool(test_data::POOLS[operation.pool])], vec![user.clone()]);
    let often = operation.pick.is_multiple_of(2);
    match operation.what {
        OperationKind::Grant => GrantSeats { pools, users, organizations: Vec::new() }.into(),
        OperationKind::Revoke => RevokeSeats { pools, users, organizations: Vec::new(), end_sessions: often }.into(),
        OperationKind::Block => BlockUser { user, end_sessions: often }.into(),
        OperationKind::Unblock => UnblockUser { user }.into(),
        // A deleted administrator would be created again by a grant, as an ordinary user.
        _ if user == test_data::user(test_data::ADMINISTRATOR) => BlockUser { user, end_sessions: false }.into(),
        _ => DeleteUser { user }.into(),
    }
}
