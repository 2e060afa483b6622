//! Rows that are printed as they arrive: for people a table, in JSON one document with a list. No row is kept in
//! memory.

use serde_json::Value;

use super::Printer;
use super::table::{Column, Table};
use crate::commands::error::Error;

/// Writer of rows.
pub struct Rows<'a> {
    printer: &'a mut Printer,
    /// Name of the list in JSON.
    name: &'static str,
    table: Table,
    count: u64,
}

impl<'a> Rows<'a> {
    /// `name`: name of the list in JSON.
    pub fn new(printer: &'a mut Printer, name: &'static str, columns: &'static [Column]) -> Self {
        Self { printer, name, table: Table::new(columns), count: 0 }
    }

    /// See [`Table::expect`].
    pub fn expecting<'t>(mut self, column: usize, texts: impl IntoIterator<Item = &'t String>) -> Self {
        self.table.expect(column, texts);
        self
    }

    /// Number of rows written so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Writes rows: `cells` for people, `json` for programs.
    ///
    /// # Errors
    /// [`Error::Unwritten`]
    pub fn write<T>(
        &mut self,
        rows: &[T],
        cells: impl Fn(&T) -> Vec<String>,
        json: impl Fn(&T) -> Value,
    ) -> Result<(), Error> {
        let text = if self.printer.json {
            let row = |(at, row): (u64, &T)| format!("{}\n{}", self.before(at), json(row));
            (self.count..).zip(rows).map(row).collect()
        } else if rows.is_empty() {
            String::new()
        } else {
            let cells: Vec<_> = rows.iter().map(cells).collect();
            self.table.lines(&cells, self.printer.width)
        };
        self.count += rows.len() as u64;
        self.printer.text(&text)
    }

    /// JSON text before a row, or before the end.
    fn before(&self, row: u64) -> String {
        if row == 0 { format!("{{\"{}\": [", self.name) } else { ",".into() }
    }

    /// Ends the JSON document, with its other members; or prints a text for people.
    ///
    /// # Errors
    /// [`Error::Unwritten`]
    pub fn end(self, members: &[(&str, Value)], for_people: &str) -> Result<(), Error> {
        if !self.printer.json {
            return self.printer.text(for_people);
        }
        let start = if self.count == 0 { self.before(0) } else { "\n".into() };
        let members: String = members.iter().map(|(name, value)| format!(", \"{name}\": {value}")).collect();
        self.printer.text(&format!("{start}]{members}}}\n"))
    }
}
