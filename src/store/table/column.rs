//! Types of columns, and the values between a row and a store.

use std::borrow::Cow;

use uuid::Uuid;

use crate::store::StoreError;

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    /// Name of the type in PostgreSQL.
    pub sql_type: &'static str,
}

impl Column {
    pub(super) const fn of<'a, T: ColumnType<'a>>(name: &'static str) -> Self {
        Self { name, sql_type: T::SQL }
    }
}

/// A value to write.
#[derive(Debug, Clone, PartialEq)]
pub enum ColumnValue<'a> {
    Null,
    Code(i16),
    Number(u32),
    Long(i64),
    Flag(bool),
    Text(Cow<'a, str>),
    Bytes(&'a [u8]),
    Uuid(Uuid),
}

/// A row that a store has read. `None`: the column is NULL.
pub trait StoredRow {
    fn name(&self, column: usize) -> &str;
    fn code(&self, column: usize) -> Result<Option<i16>, StoreError>;
    fn number(&self, column: usize) -> Result<Option<u32>, StoreError>;
    fn long(&self, column: usize) -> Result<Option<i64>, StoreError>;
    fn flag(&self, column: usize) -> Result<Option<bool>, StoreError>;
    fn text(&self, column: usize) -> Result<Option<&str>, StoreError>;
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;
    fn uuid(&self, column: usize) -> Result<Option<Uuid>, StoreError>;
}

/// A Rust type as the type of a column. Ticks and versions have 64 bits, and are stored as signed integers with the same
/// bits.
pub trait ColumnType<'a>: Sized {
    /// Name of the type in PostgreSQL.
    const SQL: &'static str;
    /// A value before it is written.
    type Written;

    fn value(written: Self::Written) -> ColumnValue<'a>;

    /// Returns the value of a column, or `None` if it is NULL.
    fn read(row: &'a dyn StoredRow, column: usize) -> Result<Option<Self>, StoreError>;

    /// Returns the value of a column.
    fn required(row: &'a dyn StoredRow, column: usize) -> Result<Self, StoreError> {
        Self::read(row, column)?.ok_or_else(|| StoreError(format!("{}: is empty", row.name(column))))
    }
}

/// Implements [`ColumnType`] for a type that is written as it is.
macro_rules! column_type {
    ($Type:ty, $sql:literal, $Value:ident, $read:ident) => {
        impl<'a> ColumnType<'a> for $Type {
            const SQL: &'static str = $sql;
            type Written = Self;

            fn value(written: Self) -> ColumnValue<'a> {
                ColumnValue::$Value(written)
            }

            fn read(row: &'a dyn StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
                row.$read(column)
            }
        }
    };
}

column_type!(i16, "smallint", Code, code);
column_type!(u32, "integer", Number, number);
column_type!(i64, "bigint", Long, long);
column_type!(bool, "boolean", Flag, flag);
column_type!(&'a [u8], "bytea", Bytes, bytes);
column_type!(Uuid, "uuid", Uuid, uuid);

impl<'a> ColumnType<'a> for u16 {
    const SQL: &'static str = "integer";
    type Written = Self;

    fn value(written: Self) -> ColumnValue<'a> {
        ColumnValue::Number(written.into())
    }

    fn read(row: &'a dyn StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
        let Some(number) = row.number(column)? else { return Ok(None) };
        let out_of_range = |_| StoreError(format!("{}: {number} is out of range", row.name(column)));
        Self::try_from(number).map(Some).map_err(out_of_range)
    }
}

impl<'a> ColumnType<'a> for u64 {
    const SQL: &'static str = "bigint";
    type Written = Self;

    fn value(written: Self) -> ColumnValue<'a> {
        ColumnValue::Long(written.cast_signed())
    }

    fn read(row: &'a dyn StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
        Ok(row.long(column)?.map(i64::cast_unsigned))
    }
}

impl<'a> ColumnType<'a> for &'a str {
    const SQL: &'static str = "text";
    type Written = Cow<'a, str>;

    fn value(written: Cow<'a, str>) -> ColumnValue<'a> {
        ColumnValue::Text(written)
    }

    fn read(row: &'a dyn StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
        row.text(column)
    }
}

/// A column that may be NULL.
impl<'a, T: ColumnType<'a>> ColumnType<'a> for Option<T> {
    const SQL: &'static str = T::SQL;
    type Written = Option<T::Written>;

    fn value(written: Option<T::Written>) -> ColumnValue<'a> {
        written.map_or(ColumnValue::Null, T::value)
    }

    fn read(row: &'a dyn StoredRow, column: usize) -> Result<Option<Self>, StoreError> {
        T::read(row, column).map(Some)
    }
}

/// Reads the columns of a row one after the other.
pub struct Reader<'a> {
    row: &'a dyn StoredRow,
    column: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(row: &'a dyn StoredRow) -> Self {
        Self { row, column: 0 }
    }

    pub(super) fn next<T: ColumnType<'a>>(&mut self) -> Result<T, StoreError> {
        let column = self.column;
        self.column += 1;
        T::required(self.row, column)
    }
}
