//! The tables whose rows the ledger writes. Each has a file with its list of columns: their names and types, how a
//! value is written, and how it is read. Both stores make their statements, their parameters and their parsers from
//! these lists, so a new column is a line there and a migration in each store.

mod audit;
mod audit_blocks;
mod column;
mod license_floors;
mod licenses;
mod macros;
mod notifications;
mod organizations;
mod pools;
mod seats;
mod sessions;
mod tenants;
mod tokens;
mod users;

use self::macros::table;
use super::StoreError;
use crate::ledger::change::{Change, OrganizationRow, PoolRow, SeatRow, SessionRow, TenantRow, UserRow};
use crate::ledger::license::LicenseRow;
use crate::ledger::license_floors::LicenseFloor;
use crate::ledger::notification::NotificationRow;
use crate::ledger::token::TokenRow;
pub use column::{Column, ColumnType, ColumnValue, Reader, StoredRow};

/// A type of row. Its table has the column `shard_id`, which is the first one of the key, and the columns of the list.
pub trait Table: Sized {
    const NAME: &'static str;
    /// Number of columns that form the key, without the shard: the first ones of the list.
    const KEY: usize;
    const COLUMNS: &'static [Column];

    /// Appends the values of the columns, in their order.
    fn write<'a>(&'a self, values: &mut Vec<ColumnValue<'a>>);

    /// # Errors
    /// A value means nothing to this release.
    fn read(row: &dyn StoredRow) -> Result<Self, StoreError>;
}

/// A table, for loading.
#[derive(Debug, Clone, Copy)]
pub struct TableInfo {
    pub name: &'static str,
    pub key: usize,
    pub columns: &'static [Column],
    /// Parses a row whose columns are those of the list.
    pub read: fn(&dyn StoredRow) -> Result<Change, StoreError>,
}

impl TableInfo {
    const fn of<T: Table>(read: fn(&dyn StoredRow) -> Result<Change, StoreError>) -> Self {
        Self { name: T::NAME, key: T::KEY, columns: T::COLUMNS, read }
    }

    /// Start of a statement that selects all columns but the shard.
    #[must_use]
    pub fn select(&self) -> String {
        format!("SELECT {} FROM {}", names(self.columns), self.name)
    }
}

/// The tables in the order in which a load sends their rows.
pub const TABLES: [TableInfo; 10] = [
    TableInfo::of::<TenantRow>(|row| Table::read(row).map(Change::PutTenant)),
    TableInfo::of::<LicenseRow>(|row| Table::read(row).map(Change::PutLicense)),
    TableInfo::of::<PoolRow>(|row| Table::read(row).map(Change::PutPool)),
    TableInfo::of::<OrganizationRow>(|row| Table::read(row).map(Change::PutOrganization)),
    TableInfo::of::<UserRow>(|row| Table::read(row).map(Change::PutUser)),
    TableInfo::of::<SeatRow>(|row| Table::read(row).map(Change::PutSeat)),
    TableInfo::of::<SessionRow>(|row| Table::read(row).map(Change::PutSession)),
    TableInfo::of::<NotificationRow>(|row| Table::read(row).map(Change::PutNotification)),
    TableInfo::of::<TokenRow>(|row| Table::read(row).map(Change::PutToken)),
    TableInfo::of::<LicenseFloor>(|row| Table::read(row).map(Change::PutLicenseFloor)),
];

/// Start of a statement that selects all columns of a table but the shard.
#[must_use]
pub fn select<T: Table>() -> String {
    format!("SELECT {} FROM {}", names(T::COLUMNS), T::NAME)
}

/// Names of columns, separated by commas.
#[must_use]
pub fn names(columns: &[Column]) -> String {
    columns.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}
