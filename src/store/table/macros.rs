//! The notation for a list of columns.

/// Implements [`super::Table`]. Each line of the list is a column: its name, its type (see [`super::ColumnType`]), and
/// the value that is written. After the list follows the row as it is read; there, each column's name is a variable
/// with its value. The first `key` columns form the key.
macro_rules! table {
    (
        $table:literal, key $key:literal,
        $row:ident: $Row:ty { $($column:ident: $Type:ty = $value:expr,)+ },
        $read:expr
    ) => {
        impl $crate::store::table::Table for $Row {
            const NAME: &'static str = $table;
            const KEY: usize = $key;
            const COLUMNS: &'static [$crate::store::table::Column] =
                &[$($crate::store::table::Column::of::<$Type>(stringify!($column)),)+];

            fn write<'a>(&'a self, values: &mut Vec<$crate::store::table::ColumnValue<'a>>) {
                let $row = self;
                $(values.push(<$Type as $crate::store::table::ColumnType>::value($value));)+
            }

            fn read(row: &dyn $crate::store::table::StoredRow) -> Result<Self, $crate::store::StoreError> {
                let mut columns = $crate::store::table::Reader::new(row);
                $(let $column: $Type = columns.next()?;)+
                Ok($read)
            }
        }
    };
}

pub(super) use table;
