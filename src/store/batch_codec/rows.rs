//! Rows and deletions as bytes: the index of the table in [`TABLES`], with [`DELETION`] for a deletion; then the values
//! of all columns, or of those of the key.

use uuid::Uuid;

use super::bytes::{Bytes, put_value, unreadable};
use crate::ids::{LicenseId, OrganizationNo, PoolNo, SessionNo, TenantNo, TokenId, UserNo};
use crate::ledger::change::Change;
use crate::store::table::{ColumnType, ColumnValue, StoredRow, TABLES, Table, TableInfo};
use crate::store::{StoreError, notifications};

/// Bit that distinguishes a deletion from a row.
const DELETION: u8 = 0x80;

const TENANTS: u8 = 0;
const LICENSES: u8 = 1;
const POOLS: u8 = 2;
const ORGANIZATIONS: u8 = 3;
const USERS: u8 = 4;
const SEATS: u8 = 5;
const SESSIONS: u8 = 6;
const NOTIFICATIONS: u8 = 7;
const TOKENS: u8 = 8;
const LICENSE_FLOORS: u8 = 9;

pub(super) fn put(out: &mut Vec<u8>, change: &Change) {
    let mut values = Vec::new();
    let table = match change {
        Change::PutTenant(row) => write(TENANTS, row, &mut values),
        Change::PutLicense(row) => write(LICENSES, row, &mut values),
        Change::PutPool(row) => write(POOLS, row, &mut values),
        Change::PutOrganization(row) => write(ORGANIZATIONS, row, &mut values),
        Change::PutUser(row) => write(USERS, row, &mut values),
        Change::PutSeat(row) => write(SEATS, row, &mut values),
        Change::PutSession(row) => write(SESSIONS, row, &mut values),
        Change::PutNotification(row) => write(NOTIFICATIONS, row, &mut values),
        Change::PutToken(row) => write(TOKENS, row, &mut values),
        Change::PutLicenseFloor(row) => write(LICENSE_FLOORS, row, &mut values),
        Change::DeleteTenant(no) => key(TENANTS, [u32::value(no.0)], &mut values),
        Change::DeleteLicense(no, id, revision) => {
            let columns = [u32::value(no.0), <&str>::value(id.as_str().into()), u64::value(*revision)];
            key(LICENSES, columns, &mut values)
        }
        Change::DeleteOrganization(no, organization) => {
            key(ORGANIZATIONS, [u32::value(no.0), u32::value(organization.0)], &mut values)
        }
        Change::DeleteUser(no, user) => key(USERS, [u32::value(no.0), u32::value(user.0)], &mut values),
        Change::DeleteSeat(no, user, pool) => {
            key(SEATS, [u32::value(no.0), u32::value(user.0), u16::value(pool.0)], &mut values)
        }
        Change::DeleteSession(no, user, session) => {
            key(SESSIONS, [u32::value(no.0), u32::value(user.0), u16::value(session.0)], &mut values)
        }
        Change::DeleteNotification(no, topic) => {
            key(NOTIFICATIONS, [u32::value(no.0), <&str>::value(topic.to_string().into())], &mut values)
        }
        Change::DeleteToken(id) => key(TOKENS, [u64::value(id.0)], &mut values),
    };
    out.push(table);
    values.iter().for_each(|value| put_value(out, value));
}

/// Appends the values of a row's columns.
fn write<'a, T: Table>(table: u8, row: &'a T, values: &mut Vec<ColumnValue<'a>>) -> u8 {
    row.write(values);
    table
}

/// Appends the values of a key.
fn key<'a, const N: usize>(table: u8, columns: [ColumnValue<'a>; N], values: &mut Vec<ColumnValue<'a>>) -> u8 {
    values.extend(columns);
    table | DELETION
}

pub(super) fn read(bytes: &mut Bytes) -> Result<Change, StoreError> {
    let kind = bytes.byte()?;
    let (index, deleted) = (kind & !DELETION, kind & DELETION != 0);
    let table = TABLES.get(usize::from(index)).ok_or_else(unreadable)?;
    let columns = if deleted { table.key } else { table.columns.len() };
    let values = (0..columns).map(|_| bytes.value()).collect::<Result<_, _>>()?;
    let row = Row { table, values };
    if deleted { deletion(index, &row) } else { (table.read)(&row) }
}

fn deletion(table: u8, row: &Row) -> Result<Change, StoreError> {
    let number = |column| u32::required(row, column);
    let small = |column| u16::required(row, column);
    let tenant = || number(0).map(TenantNo);
    let user = || number(1).map(UserNo);
    Ok(match table {
        TENANTS => Change::DeleteTenant(tenant()?),
        LICENSES => {
            let id = LicenseId::stored(<&str>::required(row, 1)?);
            Change::DeleteLicense(tenant()?, id, u64::required(row, 2)?)
        }
        ORGANIZATIONS => Change::DeleteOrganization(tenant()?, OrganizationNo(number(1)?)),
        USERS => Change::DeleteUser(tenant()?, user()?),
        SEATS => Change::DeleteSeat(tenant()?, user()?, PoolNo(small(2)?)),
        SESSIONS => Change::DeleteSession(tenant()?, user()?, SessionNo(small(2)?)),
        NOTIFICATIONS => Change::DeleteNotification(tenant()?, notifications::topic(<&str>::required(row, 1)?)?),
        TOKENS => Change::DeleteToken(TokenId(u64::required(row, 0)?)),
        // Rows of the other tables are never deleted one by one.
        _ => return Err(unreadable()),
    })
}

/// The values of a row's first columns.
struct Row<'a> {
    table: &'a TableInfo,
    values: Vec<ColumnValue<'a>>,
}

/// Implements the methods of [`StoredRow`]. `None` for NULL; an error for a value of another type.
macro_rules! values {
    ($($method:ident: $Value:ident($value:ident) => $read:expr, $Type:ty;)+) => {
        $(fn $method(&self, column: usize) -> Result<Option<$Type>, StoreError> {
            match self.values.get(column) {
                Some(ColumnValue::Null) => Ok(None),
                Some(ColumnValue::$Value($value)) => Ok(Some($read)),
                _ => Err(StoreError(format!("{}: another type", self.name(column)))),
            }
        })+
    };
}

impl StoredRow for Row<'_> {
    values! {
        code: Code(code) => *code, i16;
        number: Number(number) => *number, u32;
        long: Long(long) => *long, i64;
        flag: Flag(flag) => *flag, bool;
        text: Text(text) => text, &str;
        bytes: Bytes(bytes) => bytes, &[u8];
        uuid: Uuid(uuid) => *uuid, Uuid;
    }

    fn name(&self, column: usize) -> &str {
        self.table.columns.get(column).map_or("?", |column| column.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_indexes_are_those_of_the_tables() {
        let names = TABLES.map(|table| table.name);
        let indexes =
            [TENANTS, LICENSES, POOLS, ORGANIZATIONS, USERS, SEATS, SESSIONS, NOTIFICATIONS, TOKENS, LICENSE_FLOORS];
        let expected = [
            "tenants",
            "licenses",
            "pools",
            "organizations",
            "users",
            "seats",
            "sessions",
            "notifications",
            "tokens",
            "license_floors",
        ];
        assert_eq!(indexes.map(|index| names[usize::from(index)]), expected);
    }
}
