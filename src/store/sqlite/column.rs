//! Values of columns, as SQLite keeps them. Its integers are signed and have 64 bits; a UUID is its 16 bytes.

use rusqlite::Row;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use uuid::Uuid;

use super::row_error;
use crate::store::StoreError;
use crate::store::table::{ColumnValue, StoredRow};

impl ToSql for ColumnValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            ColumnValue::Null => ValueRef::Null,
            ColumnValue::Code(code) => ValueRef::Integer((*code).into()),
            ColumnValue::Number(number) => ValueRef::Integer((*number).into()),
            ColumnValue::Long(long) => ValueRef::Integer(*long),
            ColumnValue::Flag(flag) => ValueRef::Integer((*flag).into()),
            ColumnValue::Text(text) => ValueRef::Text(text.as_bytes()),
            ColumnValue::Bytes(bytes) => ValueRef::Blob(bytes),
            ColumnValue::Uuid(uuid) => ValueRef::Blob(uuid.as_bytes()),
        }))
    }
}

impl StoredRow for Row<'_> {
    fn name(&self, column: usize) -> &str {
        row_error::name(self, column)
    }

    fn code(&self, column: usize) -> Result<Option<i16>, StoreError> {
        Ok(self.get(column)?)
    }

    fn number(&self, column: usize) -> Result<Option<u32>, StoreError> {
        Ok(self.get(column)?)
    }

    fn long(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.get(column)?)
    }

    fn flag(&self, column: usize) -> Result<Option<bool>, StoreError> {
        Ok(self.get(column)?)
    }

    /// The text is borrowed from SQLite's memory.
    fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        let text = self.get_ref(column)?.as_str_or_null();
        text.map_err(|error| StoreError(format!("{}: {error}", self.name(column))))
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        let bytes = self.get_ref(column)?.as_blob_or_null();
        bytes.map_err(|error| StoreError(format!("{}: {error}", self.name(column))))
    }

    fn uuid(&self, column: usize) -> Result<Option<Uuid>, StoreError> {
        Ok(self.get::<_, Option<[u8; 16]>>(column)?.map(Uuid::from_bytes))
    }
}
