//! Values of a batch's statement: one array per column.

use tokio_postgres::types::ToSql;

use super::batch::{Parts, bit};
use super::bucket::{Buckets, int};
use super::statements::Part;
use crate::ids::{EventNo, ShardId};
use crate::store::audit_block::Block;
use crate::store::table::Table;
use crate::store::{Batch, Owner, continuity};

type Value<'a> = Box<dyn ToSql + Sync + Send + 'a>;

/// The parts of a batch's statement, and its parameters.
pub struct Put<'a> {
    pub parts: Parts,
    pub values: Vec<Value<'a>>,
}

impl<'a> Put<'a> {
    /// `stored` is the last event of earlier batches; `blocks` are the audit blocks that this batch completes.
    pub fn new(shard: ShardId, owner: Owner, batch: &'a Batch, stored: EventNo, blocks: &'a [Block]) -> Self {
        let position = batch.position;
        let fence: Vec<Value> = vec![
            Box::new(shard.0.cast_signed()),
            Box::new(owner.epoch.0),
            Box::new(owner.token.0),
            Box::new(position.seq.0),
            Box::new(position.tick.0.cast_signed()),
            Box::new(position.wall.0),
            Box::new(position.wall_high.0),
            Box::new(int(position.last_tenant.0)),
            Box::new(position.last_event.0.cast_signed()),
            Box::new(continuity::to_bytes(&position.continuity)),
        ];
        let mut this = Self { parts: 0, values: fence };
        this.rows(batch, stored, blocks);
        this
    }

    /// Adds the values in the order of [`Part`], which is the order of the parameters in the statement.
    fn rows(&mut self, batch: &'a Batch, stored: EventNo, blocks: &'a [Block]) {
        let rows = Buckets::sort(&batch.rows);
        self.delete(&rows);
        self.put(Part::PutTenants, &rows.tenants, arrays);
        self.put(Part::PutLicenses, &rows.licenses, arrays);
        self.put(Part::PutPools, &rows.pools, arrays);
        self.put(Part::PutOrganizations, &rows.organizations, arrays);
        self.put(Part::PutUsers, &rows.users, arrays);
        self.put(Part::PutSeats, &rows.seats, arrays);
        self.put(Part::PutSessions, &rows.sessions, arrays);
        self.put(Part::PutNotifications, &rows.notifications, arrays);
        self.put(Part::PutTokens, &rows.tokens, arrays);
        self.put(Part::PutLicenseFloors, &rows.license_floors, arrays);
        let (again, new) = batch.events.split_at(batch.events.partition_point(|event| event.no <= stored));
        self.put(Part::PutEvents, &new.iter().collect::<Vec<_>>(), arrays);
        self.put(Part::PutEventsAgain, &again.iter().collect::<Vec<_>>(), arrays);
        let blocks: Vec<&Block> = blocks.iter().collect();
        self.put(Part::PutBlocks, &blocks, arrays);
    }

    fn delete(&mut self, rows: &Buckets<'a>) {
        for part in [
            Part::DeleteTenants,
            Part::DeleteTenantsLicenses,
            Part::DeleteTenantsPools,
            Part::DeleteTenantsOrganizations,
            Part::DeleteTenantsUsers,
            Part::DeleteTenantsSeats,
            Part::DeleteTenantsSessions,
            Part::DeleteTenantsNotifications,
        ] {
            self.put(part, &rows.gone_tenants, |rows| vec![column(rows, |no| no)]);
        }
        self.put(Part::DeleteLicenses, &rows.gone_licenses, |rows| {
            vec![column(rows, |key| key.0), column(rows, |key| key.1), column(rows, |key| key.2)]
        });
        for (part, keys) in
            [(Part::DeleteOrganizations, &rows.gone_organizations), (Part::DeleteUsers, &rows.gone_users)]
        {
            self.put(part, keys, |rows| vec![column(rows, |key| key.0), column(rows, |key| key.1)]);
        }
        for (part, keys) in [(Part::DeleteSeats, &rows.gone_seats), (Part::DeleteSessions, &rows.gone_sessions)] {
            self.put(part, keys, |rows| {
                vec![column(rows, |key| key.0), column(rows, |key| key.1), column(rows, |key| key.2)]
            });
        }
        self.put(Part::DeleteNotifications, &rows.gone_notifications, |rows| {
            vec![column(rows, |key| key.0), column(rows, |key| key.1.to_string())]
        });
        self.put(Part::DeleteTokens, &rows.gone_tokens, |rows| vec![column(rows, |id| id)]);
    }

    fn put<R: Copy>(&mut self, part: Part, rows: &[R], columns: impl Fn(&[R]) -> Vec<Value<'a>>) {
        if !rows.is_empty() {
            debug_assert!(self.parts < bit(part), "parameters stand in the order of the parts");
            self.parts |= bit(part);
            self.values.extend(columns(rows));
        }
    }
}

fn column<'a, R: Copy, T: ToSql + Sync + Send + 'a>(rows: &[R], value: impl Fn(R) -> T) -> Value<'a> {
    Box::new(rows.iter().map(|row| value(*row)).collect::<Vec<T>>())
}

/// Returns the array of each column.
fn arrays<'a, T: Table>(rows: &[&'a T]) -> Vec<Value<'a>> {
    let mut arrays: Vec<_> = T::COLUMNS.iter().map(|_| Vec::with_capacity(rows.len())).collect();
    let mut values = Vec::with_capacity(T::COLUMNS.len());
    for row in rows {
        row.write(&mut values);
        for (array, value) in arrays.iter_mut().zip(values.drain(..)) {
            array.push(value);
        }
    }
    arrays.into_iter().map(|array| Box::new(array) as Value).collect()
}
