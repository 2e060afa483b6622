//! Values of columns, as PostgreSQL keeps them. Its integers are signed: numbers are stored with the same bits.

use std::error::Error;

use bytes::BytesMut;
use tokio_postgres::Row;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::store::StoreError;
use crate::store::table::{ColumnValue, StoredRow};

impl ToSql for ColumnValue<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            ColumnValue::Null => Ok(IsNull::Yes),
            ColumnValue::Code(code) => code.to_sql(kind, out),
            ColumnValue::Number(number) => number.cast_signed().to_sql(kind, out),
            ColumnValue::Long(long) => long.to_sql(kind, out),
            ColumnValue::Flag(flag) => flag.to_sql(kind, out),
            ColumnValue::Text(text) => text.to_sql(kind, out),
            ColumnValue::Bytes(bytes) => bytes.to_sql(kind, out),
            ColumnValue::Uuid(uuid) => uuid.to_sql(kind, out),
        }
    }

    fn accepts(kind: &Type) -> bool {
        let kinds = [Type::INT2, Type::INT4, Type::INT8, Type::BOOL, Type::TEXT, Type::BYTEA, Type::UUID];
        kinds.contains(kind)
    }

    to_sql_checked!();
}

impl StoredRow for Row {
    fn name(&self, column: usize) -> &str {
        self.columns()[column].name()
    }

    fn code(&self, column: usize) -> Result<Option<i16>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: usize) -> Result<Option<u32>, StoreError> {
        Ok(self.try_get::<_, Option<i32>>(column)?.map(i32::cast_unsigned))
    }

    fn long(&self, column: usize) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn flag(&self, column: usize) -> Result<Option<bool>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn text(&self, column: usize) -> Result<Option<&str>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError> {
        Ok(self.try_get(column)?)
    }

    fn uuid(&self, column: usize) -> Result<Option<Uuid>, StoreError> {
        Ok(self.try_get(column)?)
    }
}
