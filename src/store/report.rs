//! Recounts a store from the chunks of a snapshot: what it contains, whether it is consistent, and whether a copy is
//! equal.

mod audit;
mod comparison;
mod discrepancies;
mod renamings;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use self::audit::Trail;
use self::comparison::AuditComparison;
use self::discrepancies::Discrepancies;
use super::snapshot::SnapshotChunk;
use super::{Installation, Position};
use crate::ids::{EventNo, ShardId, TenantNo};
use crate::ledger::change::Change;
use crate::ledger::notification::Channels;
use crate::ledger::rates::RateLimits;
use crate::ledger::time::{Moment, WallTime};
use crate::ledger::{Config, FormerIdKept, Ledger, Restore, Seed, Totals};

/// No decision is made here, and the map keys do not come from an attacker, so the seed is fixed.
const CONFIG: Config = Config {
    demo_seats: 0,
    channels: Channels { email: false, webhook: false },
    rates: RateLimits::DEFAULT,
    seed: Seed(0),
};

/// Number of items, and the sum of their hashes: independent of the order, because stores may return rows in different
/// orders. It detects accidental changes, not attacks, and is shown to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    pub count: u64,
    hashes: u64,
}

impl Sum {
    fn add(&mut self, what: &impl Hash) {
        // `DefaultHasher` has fixed keys, so both counts of a process are comparable.
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        self.count += 1;
        self.hashes = self.hashes.wrapping_add(hasher.finish());
    }

    fn differs(self, what: &str, copy: Sum) -> Option<String> {
        let (one, other) = (self.count, copy.count);
        match self == copy {
            true => None,
            false if one == other => Some(format!("{what}: {one}, and not the same")),
            false => Some(format!("{what}: {one}, and {other} in the copy")),
        }
    }
}

/// Contents of one shard.
#[derive(Debug, PartialEq, Eq)]
pub struct Shard {
    pub id: ShardId,
    pub position: Position,
    /// Number of the first event that must exist.
    pub floor: EventNo,
    /// By table.
    pub rows: BTreeMap<&'static str, Sum>,
    pub blocks: Sum,
    pub events: Sum,
    /// Time of the last event.
    pub last_event: Option<WallTime>,
    /// Totals of a ledger that was loaded from the rows.
    pub totals: Totals,
    /// Inconsistencies.
    pub problems: Vec<String>,
    /// Consistent data about which an administrator has to decide.
    pub notes: Vec<String>,
}

/// Contents of a store.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct StoreReport {
    pub installation: Option<Installation>,
    /// Messages about rows that belong to no shard.
    pub unowned: Vec<String>,
    pub shards: Vec<Shard>,
}

impl StoreReport {
    /// All inconsistencies, each with its shard.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let messages =
            |shard: &Shard| shard.problems.iter().map(|what| format!("shard {}: {what}", shard.id)).collect::<Vec<_>>();
        self.unowned.iter().cloned().chain(self.shards.iter().flat_map(messages)).collect()
    }

    /// All notes for an administrator.
    #[must_use]
    pub fn notes(&self) -> Vec<String> {
        self.shards.iter().flat_map(|shard| shard.notes.clone()).collect()
    }

    /// Differences between this store and a copy of it.
    #[must_use]
    pub fn differences(&self, copy: &StoreReport) -> Vec<String> {
        if self.installation != copy.installation || self.shards.len() != copy.shards.len() {
            return vec!["the id or the secret of the installation, or the number of shards".into()];
        }
        let messages = |(source, copy): (&Shard, &Shard)| {
            let found = source.differences(copy).into_iter();
            found.map(|what| format!("shard {}: {what}", source.id)).collect::<Vec<_>>()
        };
        self.shards.iter().zip(&copy.shards).flat_map(messages).collect()
    }
}

impl Shard {
    fn differences(&self, copy: &Shard) -> Vec<String> {
        let tables: BTreeSet<_> = self.rows.keys().chain(copy.rows.keys()).copied().collect();
        let sum = |shard: &Shard, table| shard.rows.get(table).copied().unwrap_or_default();
        let rows = tables.into_iter().map(|table| (table, sum(self, table), sum(copy, table)));
        let audit = [("audit events", self.events, copy.events), ("audit blocks", self.blocks, copy.blocks)];
        let mut found: Vec<String> =
            rows.chain(audit).filter_map(|(what, one, other)| one.differs(what, other)).collect();
        for (what, same) in [
            ("its position", self.position == copy.position),
            ("where its audit begins", self.floor == copy.floor),
            ("what is in use", self.totals == copy.totals),
            ("what does not add up", self.problems == copy.problems),
        ] {
            found.extend((!same).then(|| what.to_owned()));
        }
        found
    }
}

/// Counts the chunks of a snapshot as they arrive.
#[derive(Debug, Default)]
pub struct Counter {
    done: StoreReport,
    shard: Option<Counting>,
}

#[derive(Debug)]
struct Counting {
    shard: Shard,
    restore: Restore,
    trail: Trail,
    comparison: AuditComparison,
    problems: Discrepancies,
}

impl Counter {
    /// Adds a chunk; chunks must come in the order of a snapshot.
    pub fn take(&mut self, chunk: &SnapshotChunk) {
        match chunk {
            SnapshotChunk::Installation(installation) => self.done.installation = *installation,
            SnapshotChunk::UnownedRows(table, rows) => {
                self.done.unowned.push(format!("{table}: {rows} rows of no shard"));
            }
            SnapshotChunk::Shard(id, _, position, floor) => {
                self.close();
                self.shard = Some(Counting::new(*id, **position, *floor));
            }
            SnapshotChunk::Rows(rows) => self.with(|shard, shards| rows.iter().for_each(|row| shard.row(row, shards))),
            SnapshotChunk::Blocks(blocks) => self.with(|shard, _| {
                for block in blocks {
                    shard.shard.blocks.add(block);
                    shard.trail.block(block, &mut shard.problems);
                }
            }),
            SnapshotChunk::Events(events) => self.with(|shard, _| {
                for event in events {
                    shard.shard.events.add(event);
                    shard.shard.last_event = Some(event.at);
                    shard.trail.event(event, &mut shard.problems);
                    shard.comparison.event(event, &mut shard.problems);
                }
            }),
        }
    }

    /// Returns the report, once all chunks were added.
    #[must_use]
    pub fn finish(mut self) -> StoreReport {
        self.close();
        self.done
    }

    fn with(&mut self, count: impl FnOnce(&mut Counting, u16)) {
        let shards = self.done.installation.map_or(0, |installation| installation.shards);
        if let Some(shard) = &mut self.shard {
            count(shard, shards);
        }
    }

    fn close(&mut self) {
        self.done.shards.extend(self.shard.take().map(Counting::finish));
    }
}

impl Counting {
    fn new(id: ShardId, position: Position, floor: EventNo) -> Self {
        let (now, Position { last_tenant, last_event, wall_high, .. }) = (moment(&position), position);
        let shard = Shard {
            id,
            position,
            floor,
            rows: BTreeMap::new(),
            blocks: Sum::default(),
            events: Sum::default(),
            last_event: None,
            totals: Totals::default(),
            problems: Vec::new(),
            notes: Vec::new(),
        };
        // Limited by the number of events, so that a damaged number cannot make Usher allocate memory for billions of
        // tenants.
        let max = TenantNo(u32::try_from(last_event.0).unwrap_or(u32::MAX));
        let restore = Ledger::restore(CONFIG, last_tenant.min(max), last_event, wall_high, now, Duration::ZERO);
        let mut problems = Discrepancies::default();
        if let Some(what) = position.implausible() {
            problems.add(format!("shards: {what}"));
        }
        let (trail, comparison) = (Trail::new(floor, last_event), AuditComparison::new(position, floor));
        Self { shard, restore, trail, comparison, problems }
    }

    fn row(&mut self, row: &Change, shards: u16) {
        self.shard.rows.entry(table(row)).or_default().add(row);
        if let Change::PutTenant(tenant) = row {
            let home = tenant.id.shard(shards);
            if home != self.shard.id {
                self.problems.add(format!("tenant {} belongs to shard {home}", tenant.id));
            }
        }
        if let Change::PutSeat(seat) = row
            && seat.order > self.shard.position.last_event
        {
            self.problems.add(format!("a seat was granted by event {}, which is not there yet", seat.order));
        }
        match self.restore.validate_row(row) {
            Some(what) => self.problems.add(what),
            None => {
                self.comparison.row(row, &mut self.problems);
                self.restore.put(row.clone());
            }
        }
    }

    fn finish(self) -> Shard {
        let Self { mut shard, restore, trail, comparison, mut problems } = self;
        let now = moment(&shard.position);
        trail.finish(&mut problems);
        comparison.finish(&mut problems);
        if let Some(what) = restore.gap() {
            // A ledger cannot be built from these rows.
            problems.add(what);
            shard.problems = problems.into_messages();
            return shard;
        }
        let mut ledger = restore.finish();
        if let Err(what) = ledger.check(now) {
            problems.add(what);
        }
        shard.totals = ledger.totals(now);
        shard.notes = ledger.kept_ids().into_iter().map(note).collect();
        shard.problems = problems.into_messages();
        shard
    }
}

fn note(FormerIdKept { tenant, user, other }: FormerIdKept) -> String {
    format!("tenant {tenant}: users {user} and {other} have one id by now; rename or delete one of them")
}

/// Moment of the last batch: no row is later.
fn moment(position: &Position) -> Moment {
    position.continuity.moment((position.tick, position.wall))
}

/// Table of a row.
fn table(row: &Change) -> &'static str {
    match row {
        Change::PutTenant(_) | Change::DeleteTenant(_) => "tenants",
        Change::PutLicense(_) | Change::DeleteLicense(..) => "licenses",
        Change::PutPool(_) => "pools",
        Change::PutOrganization(_) | Change::DeleteOrganization(..) => "organizations",
        Change::PutUser(_) | Change::DeleteUser(..) => "users",
        Change::PutSeat(_) | Change::DeleteSeat(..) => "seats",
        Change::PutSession(_) | Change::DeleteSession(..) => "sessions",
        Change::PutNotification(_) | Change::DeleteNotification(..) => "notifications",
        Change::PutToken(_) | Change::DeleteToken(..) => "tokens",
        Change::PutLicenseFloor(_) => "license_floors",
    }
}
