//! Errors for inconsistent rows, with the table and the key of the row.

use std::fmt::Display;

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::store::{ReadError, StoreError};

/// Maximum length of a key's text in an error, in characters.
const MAX_TEXT: usize = 80;

/// `key`: the columns that form the key of the row.
pub fn damaged(table: &str, row: &Row<'_>, key: &[usize], why: &impl Display) -> ReadError {
    let columns: Vec<String> = key.iter().map(|column| column_of(row, *column)).collect();
    ReadError::Damaged(StoreError(format!("{table} ({}): {why}", columns.join(", "))))
}

fn column_of(row: &Row<'_>, column: usize) -> String {
    let value = match row.get_ref(column) {
        Ok(ValueRef::Integer(value)) => value.to_string(),
        Ok(ValueRef::Real(value)) => value.to_string(),
        Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).chars().take(MAX_TEXT).collect(),
        Ok(ValueRef::Blob(bytes)) => bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect(),
        Ok(ValueRef::Null) | Err(_) => "NULL".to_owned(),
    };
    format!("{} {value}", name(row, column))
}

pub fn name<'a>(row: &'a Row<'_>, column: usize) -> &'a str {
    row.as_ref().column_name(column).unwrap_or("?")
}
