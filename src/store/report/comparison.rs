//! Compares rows with the audit: the last event about a subject determines whether its row exists, and in which state.
//! Memory grows with the rows; a subject without a row takes none.

use std::collections::{HashMap, HashSet};

use super::discrepancies::Discrepancies;
use super::renamings::Renamings;
use super::subjects::{Key, Kind, State, hash_of, subject_of};
use crate::ids::{EventNo, PoolNo, TenantNo, UserId, UserNo};
use crate::ledger::change::{Action, AuditEvent, Change, Reason, TenantState};
use crate::ledger::former_id;
use crate::ledger::license::Standing;
use crate::ledger::time::Tick;
use crate::store::Position;

/// Comparison for one shard. It takes all rows, in the order of a load, and then all events, in ascending order.
#[derive(Debug)]
pub struct AuditComparison {
    position: Position,
    /// The audit is complete from the first event: then each row must have an event.
    whole: bool,
    tenants: HashMap<TenantNo, Tenant>,
    /// Grant events that order the seats, each with the hash of the seat's user.
    orders: HashMap<EventNo, (TenantNo, u64)>,
    /// Grant events that name another user than the seat's row, who may have been renamed since: event, tenant, hash of
    /// the row's user, hash of the event's user.
    others: Vec<(EventNo, TenantNo, u64, u64)>,
    renamings: Renamings,
    last_tenant: TenantNo,
}

#[derive(Debug, Default)]
struct Tenant {
    row: Option<TenantState>,
    last: Option<(EventNo, Option<TenantState>)>,
    users: HashMap<UserNo, Box<str>>,
    pools: HashMap<PoolNo, Box<str>>,
    pool_ids: HashSet<Box<str>>,
    /// Revision of each license that is compared: the newest.
    revisions: HashMap<Key, u64>,
    subjects: HashMap<Key, Subject>,
}

#[derive(Debug)]
struct Subject {
    kind: Kind,
    row: Option<State>,
    /// Numbers of the row's key without the tenant, for messages.
    row_key: (u32, u16),
    last: Option<(EventNo, State)>,
}

impl AuditComparison {
    pub fn new(position: Position, floor: EventNo) -> Self {
        let whole = floor <= EventNo(1);
        Self {
            position,
            whole,
            tenants: HashMap::new(),
            orders: HashMap::new(),
            others: Vec::new(),
            renamings: Renamings::default(),
            last_tenant: TenantNo(0),
        }
    }

    /// Adds a row that was checked against the rows before it.
    pub fn row(&mut self, row: &Change, problems: &mut Discrepancies) {
        self.ticks(row, problems);
        let there = State::There(0, 0);
        match row {
            Change::PutTenant(row) => self.tenants.entry(row.no).or_default().row = Some(row.state),
            Change::PutPool(row) => {
                let tenant = self.tenants.entry(row.tenant).or_default();
                tenant.pools.insert(row.no, row.id.as_str().into());
                tenant.pool_ids.insert(row.id.as_str().into());
            }
            Change::PutOrganization(row) => {
                self.put(row.tenant, Kind::Organization, &[row.id.as_str()], there, (row.no.0, 0));
            }
            Change::PutUser(row) => {
                let blocked = State::There(row.blocked.is_some().into(), 0);
                self.put(row.tenant, Kind::User, &[row.id.as_str()], blocked, (row.no.0, 0));
                self.tenants.entry(row.tenant).or_default().users.insert(row.no, row.id.as_str().into());
            }
            Change::PutSeat(row) => {
                let Some((user, pool)) = self.names(row.tenant, row.user, row.pool) else { return };
                self.put(row.tenant, Kind::Seat, &[&user, &pool], there, (row.user.0, row.pool.0));
                self.orders.insert(row.order, (row.tenant, hash_of(&[&user])));
            }
            Change::PutSession(row) => {
                let Some((user, pool)) = self.names(row.tenant, row.user, row.pool) else { return };
                let ended = row.ended.map_or(0, |(_, reason)| reason.code());
                let state = State::There(ended, hash_of(&[&user, &pool]));
                self.put(row.tenant, Kind::Session, &[&row.id.to_string()], state, (row.user.0, row.no.0));
            }
            Change::PutLicense(row) => {
                let newest = self.tenants.entry(row.tenant).or_default().revisions.entry(license(row.id.as_str()));
                let newest = newest.or_default();
                if *newest > row.revision {
                    return;
                }
                *newest = row.revision;
                let deleted = State::There((row.standing == Standing::Deleted).into(), 0);
                self.put(row.tenant, Kind::License, &[row.id.as_str()], deleted, (0, 0));
            }
            Change::PutNotification(row) => {
                let state = State::There(row.cleared.into(), row.event.0);
                self.put(row.tenant, Kind::Notification, &[&row.topic.to_string()], state, (0, 0));
            }
            Change::PutToken(row) => {
                let revoked = State::There(row.revoked.is_some().into(), 0);
                self.put(TenantNo(0), Kind::Token, &[&row.id.to_string()], revoked, (0, 0));
            }
            _ => {}
        }
    }

    fn put(&mut self, tenant: TenantNo, kind: Kind, names: &[&str], state: State, row_key: (u32, u16)) {
        let subject = Subject { kind, row: Some(state), row_key, last: None };
        self.tenants.entry(tenant).or_default().subjects.insert(Key::of(kind, names), subject);
    }

    fn names(&self, tenant: TenantNo, user: UserNo, pool: PoolNo) -> Option<(Box<str>, Box<str>)> {
        let tenant = self.tenants.get(&tenant)?;
        Some((tenant.users.get(&user)?.clone(), tenant.pools.get(&pool)?.clone()))
    }

    /// Checks that no time in a row is later than the shard's last batch.
    fn ticks(&self, row: &Change, problems: &mut Discrepancies) {
        let latest = match row {
            Change::PutTenant(row) => row.created,
            Change::PutLicense(row) => row.installed.max(row.changed),
            Change::PutOrganization(row) => row.created,
            Change::PutUser(row) => row.created,
            Change::PutSeat(row) => row.granted,
            Change::PutSession(row) => row.started.max(row.last_activity).max(row.ended.map_or(Tick(0), |(at, _)| at)),
            Change::PutNotification(row) => row.raised,
            _ => return,
        };
        if latest > self.position.tick {
            let (now, table) = (self.position.tick.0, super::table(row));
            problems.add(format!("{table}: a row of the tick {}, and the shard stands at {now}", latest.0));
        }
    }

    /// Adds an event, and checks it against the state so far.
    pub fn event(&mut self, event: &AuditEvent, problems: &mut Discrepancies) {
        let (no, denied) = (event.no, matches!(event.reason, Some(Reason::Denied(_))));
        if event.count == 0 || (event.count > 1 && !denied) {
            problems.add(format!("audit: event {no} stands for {} events", event.count));
        }
        self.order(event, problems);
        if denied {
            return;
        }
        if let Some(state) = tenant_state(event.action) {
            return self.tenant(event, state);
        }
        let tenant = self.tenants.entry(event.tenant).or_default();
        if self.whole && event.tenant != TenantNo(0) && !matches!(tenant.last, Some((_, Some(_)))) {
            problems.add(format!("audit: event {no} is of tenant number {}, which is not there then", event.tenant));
        }
        if let (Action::UserRenamed, Some(old)) = (event.action, &event.user) {
            return self.renamed(event, old, problems);
        }
        let subject = subject_of(event);
        if let (Some((Kind::Session | Kind::Seat, ..)), Some(pool)) = (subject, &event.pool)
            && !tenant.pool_ids.contains(pool.as_str())
            && tenant.row.is_some()
        {
            problems.add(format!("pools (tenant_no {}): pool {pool} of event {no} is not there", event.tenant));
        }
        tenant.event(event, subject);
    }

    /// Checks that a seat's order number is that of the event that granted the seat or restored it.
    fn order(&mut self, event: &AuditEvent, problems: &mut Discrepancies) {
        let Some((tenant, user)) = self.orders.remove(&event.no) else { return };
        let gives = matches!(event.action, Action::SeatGranted | Action::UserUnblocked | Action::UserBlocked);
        let named = event.user.as_ref().filter(|_| gives && event.tenant == tenant).map(|id| hash_of(&[id.as_str()]));
        match named {
            Some(named) if named == user => {}
            Some(named) => self.others.push((event.no, tenant, user, named)),
            None => problems.add(not_given(tenant, event.no)),
        }
    }

    /// Handles a renaming: what is known of the user and the user's seats now belongs to the new id.
    fn renamed(&mut self, event: &AuditEvent, old: &UserId, problems: &mut Discrepancies) {
        let Some(new) = former_id::new_id(&event.detail) else {
            return problems.add(format!("audit: event {} does not name the new id of a user", event.no));
        };
        let (old, new) = (old.as_str(), new.as_str());
        let tenant = self.tenants.entry(event.tenant).or_default();
        tenant.rename(Kind::User, &[old], &[new]);
        self.renamings.note(event.tenant, event.no, hash_of(&[old]), hash_of(&[new]));
        for pool in tenant.pools.values().cloned().collect::<Vec<_>>() {
            tenant.rename(Kind::Seat, &[old, &pool], &[new, &pool]);
            self.renamings.note(event.tenant, event.no, hash_of(&[old, &pool]), hash_of(&[new, &pool]));
        }
    }

    fn tenant(&mut self, event: &AuditEvent, state: Option<TenantState>) {
        let tenant = self.tenants.entry(event.tenant).or_default();
        if state.is_none() {
            // All rows of the tenant were deleted, without an event for each.
            for subject in tenant.subjects.values_mut() {
                subject.last = Some((event.no, State::Gone));
            }
            tenant.subjects.retain(|_, subject| subject.row.is_some());
        }
        tenant.last = Some((event.no, state));
        if event.action == Action::TenantCreated {
            self.last_tenant = self.last_tenant.max(event.tenant);
        }
    }

    /// Compares all rows with the last events, and adds a message for each difference.
    pub fn finish(mut self, problems: &mut Discrepancies) {
        if self.whole && self.last_tenant != self.position.last_tenant {
            let (stored, made) = (self.position.last_tenant, self.last_tenant);
            problems.add(format!("shards: last_tenant_no is {stored}, and {made} is the last tenant that was made"));
        }
        let mut lost: Vec<_> = self.orders.drain().filter(|_| self.whole).collect();
        lost.sort_unstable();
        for (event, (tenant, _)) in lost {
            problems.add(format!("seats (tenant_no {tenant}): event {event} is not there, which gave a seat"));
        }
        for (event, tenant, user, named) in self.others {
            if self.renamings.now(tenant, event, named) != user {
                problems.add(not_given(tenant, event));
            }
        }
        let mut tenants: Vec<_> = self.tenants.into_iter().collect();
        tenants.sort_unstable_by_key(|(no, _)| *no);
        for (no, tenant) in tenants {
            tenant.finish(no, self.whole, &self.renamings, problems);
        }
    }
}

impl Tenant {
    fn event(&mut self, event: &AuditEvent, subject: Option<(Kind, Key, State)>) {
        let Some((kind, key, state)) = subject else { return };
        if kind == Kind::User && state == State::Gone {
            self.drop_seats(event);
        }
        let subject = self.subjects.entry(key).or_insert(Subject { kind, row: None, row_key: (0, 0), last: None });
        subject.last = Some((event.no, state));
        // The rest of a seat may have its row under the user's later id.
        let waits = kind == Kind::Seat && state == State::Either;
        if subject.row.is_none() && !matches!(state, State::There(..)) && !waits {
            self.subjects.remove(&key);
        }
    }

    /// Moves the last event from the old names to the new ones. Another row may have the old names by now.
    fn rename(&mut self, kind: Kind, old: &[&str], new: &[&str]) {
        let (old, new) = (Key::of(kind, old), Key::of(kind, new));
        let last = self.subjects.get_mut(&old).and_then(|subject| subject.last.take());
        if self.subjects.get(&old).is_some_and(|subject| subject.row.is_none()) {
            self.subjects.remove(&old);
        }
        if last.is_some() || self.subjects.contains_key(&new) {
            self.subjects.entry(new).or_insert(Subject { kind, row: None, row_key: (0, 0), last: None }).last = last;
        }
    }

    /// Deleting a user removes the user's seats without events of their own.
    fn drop_seats(&mut self, event: &AuditEvent) {
        let Some(user) = &event.user else { return };
        for pool in self.pools.values() {
            let key = Key::of(Kind::Seat, &[user.as_str(), pool]);
            if let Some(subject) = self.subjects.get_mut(&key) {
                subject.last = Some((event.no, State::Gone));
                if subject.row.is_none() {
                    self.subjects.remove(&key);
                }
            }
        }
    }

    fn finish(self, no: TenantNo, whole: bool, renamings: &Renamings, problems: &mut Discrepancies) {
        match (self.row, self.last) {
            (None, Some((event, Some(_)))) => {
                problems.add(format!("tenants (tenant_no {no}): the row that event {event} left is not there"));
            }
            // The rows of a deleted tenant are removed one after another, without events of their own; the tenant's row
            // is the last (decision 35).
            (Some(TenantState::Deleted), Some((_, None))) => return,
            (Some(_), Some((event, None))) => {
                problems.add(format!("tenants (tenant_no {no}): event {event} deleted it, and the row is there"));
            }
            (Some(row), Some((event, Some(state)))) if row != state => {
                problems.add(format!("tenants (tenant_no {no}): it is {row:?}, and event {event} left it {state:?}"));
            }
            (Some(_), None) if whole => problems.add(format!("tenants (tenant_no {no}): no event mentions it")),
            _ => {}
        }
        let mut subjects: Vec<&Subject> = self.subjects.values().collect();
        subjects.sort_unstable_by_key(|subject| {
            (subject.kind.table(), subject.row_key, subject.last.map(|(event, _)| event))
        });
        subjects
            .into_iter()
            .filter_map(|subject| subject.wrong(no, whole, renamings))
            .for_each(|what| problems.add(what));
    }
}

impl Subject {
    /// Message if the row does not match the last event about it.
    fn wrong(&self, tenant: TenantNo, whole: bool, renamings: &Renamings) -> Option<String> {
        let (table, (one, two)) = (self.kind.table(), self.row_key);
        let key = match self.kind {
            Kind::User | Kind::Organization => format!("{table} (tenant_no {tenant}, number {one})"),
            Kind::Seat => format!("{table} (tenant_no {tenant}, user_no {one}, pool_no {two})"),
            Kind::Session => format!("{table} (tenant_no {tenant}, user_no {one}, slot {two})"),
            Kind::License | Kind::Notification | Kind::Token => format!("{table} (tenant_no {tenant})"),
        };
        match (self.row, self.last) {
            (None, Some((event, State::There(..)))) => {
                Some(format!("{table} (tenant_no {tenant}): the row that event {event} left is not there"))
            }
            (Some(_), Some((event, State::Gone))) => {
                Some(format!("{key}: event {event} removed it, and the row is there"))
            }
            (Some(State::There(row, whose)), Some((event, State::There(left, of) | State::MayBeGone(left, of)))) => {
                let other = match self.kind {
                    Kind::Notification => whose != of && left != 1,
                    Kind::Session => whose != of && renamings.now(tenant, event, of) != whose,
                    _ => whose != of,
                };
                (row != left || other).then(|| format!("{key}: the row is not as event {event} left it"))
            }
            (Some(_), None) if whole => Some(format!("{key}: no event mentions the row")),
            _ => None,
        }
    }
}

fn not_given(tenant: TenantNo, event: EventNo) -> String {
    format!("seats (tenant_no {tenant}): event {event} did not give the seat that says so")
}

fn license(id: &str) -> Key {
    Key::of(Kind::License, &[id])
}

/// State of a tenant after an event about it; inner `None`: deleted. `None`: the event does not change the tenant's
/// state.
fn tenant_state(action: Action) -> Option<Option<TenantState>> {
    match action {
        Action::TenantCreated | Action::TenantResumed => Some(Some(TenantState::Active)),
        Action::TenantSuspended => Some(Some(TenantState::Suspended)),
        Action::TenantDeleted => Some(None),
        _ => None,
    }
}
