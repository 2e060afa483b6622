//! Writes rows as CSV (RFC 4180) into memory; no cell is evaluated as a formula.

use crate::cells;
use crate::status::FieldViolations;

/// Delimiter between two cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delimiter {
    #[default]
    Comma,
    /// For spreadsheets of countries that write the decimal separator as a comma.
    Semicolon,
}

impl Delimiter {
    fn byte(self) -> u8 {
        match self {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
        }
    }
}

/// Parses the field `delimiter` of an export: `,` or `;`; empty means `,`.
pub fn delimiter(problems: &mut FieldViolations, text: &str) -> Delimiter {
    match text {
        "" | "," => Delimiter::Comma,
        ";" => Delimiter::Semicolon,
        _ => {
            problems.add("delimiter", "must be \",\" or \";\"");
            Delimiter::default()
        }
    }
}

/// Maximum number of columns of one file: several times the number of different ones.
const MAX_COLUMNS: usize = 100;

/// Parses the field `columns` of an export: names in the order of the file, each at most once; empty means `usual`.
/// `column` parses a name; `known` lists the valid names for the error.
pub fn columns<C>(
    problems: &mut FieldViolations,
    names: Vec<String>,
    usual: &[&str],
    known: &str,
    column: impl Fn(&str) -> Option<C>,
) -> Vec<(String, C)> {
    if names.len() > MAX_COLUMNS {
        problems.add("columns", format!("must hold at most {MAX_COLUMNS} items"));
        return Vec::new();
    }
    let names = if names.is_empty() { usual.iter().map(|name| (*name).to_owned()).collect() } else { names };
    let mut columns: Vec<(String, C)> = Vec::with_capacity(names.len());
    for (at, name) in names.into_iter().enumerate() {
        if columns.iter().any(|(known, _)| *known == name) {
            problems.add(format!("columns[{at}]"), "must not be there twice");
        } else if let Some(column) = column(&name) {
            columns.push((name, column));
        } else {
            problems.add(format!("columns[{at}]"), format!("must be one of {known}"));
        }
    }
    columns
}

/// Writes rows into memory; the caller takes them in chunks.
pub struct CsvWriter {
    delimiter: Delimiter,
    rows: csv::Writer<Vec<u8>>,
}

/// Byte order mark, by which spreadsheets recognize UTF-8.
const BYTE_ORDER_MARK: &str = "\u{feff}";

impl CsvWriter {
    /// `mark`: the file begins with a byte order mark.
    #[must_use]
    pub fn new(delimiter: Delimiter, mark: bool) -> Self {
        let first = if mark { BYTE_ORDER_MARK } else { "" };
        Self { delimiter, rows: rows(delimiter, first.into()) }
    }

    /// Adds a row. The first row contains the names of the columns.
    ///
    /// # Panics
    /// Never: writing to memory does not fail, and rows may differ in length.
    pub fn row<C: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = C>) {
        for cell in cells {
            let cell = cell.as_ref();
            let guarded = cells::guarded(cell);
            self.rows.write_field(guarded.as_deref().unwrap_or(cell)).expect("memory takes every cell");
        }
        self.rows.write_record(None::<&[u8]>).expect("memory takes every row");
    }

    /// Takes all rows that were added since the last call.
    ///
    /// # Panics
    /// Never: writing to memory does not fail.
    pub fn take(&mut self) -> Vec<u8> {
        let mut rows = std::mem::replace(&mut self.rows, rows(self.delimiter, Vec::new()));
        rows.flush().expect("memory takes every row");
        rows.into_inner().expect("memory takes every row")
    }
}

fn rows(delimiter: Delimiter, before: Vec<u8>) -> csv::Writer<Vec<u8>> {
    csv::WriterBuilder::new()
        .delimiter(delimiter.byte())
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(before)
}

#[cfg(test)]
mod tests {
    use super::super::parse::testing::fields;
    use super::*;

    fn written(delimiter: Delimiter, rows: &[&[&str]]) -> String {
        let mut csv = CsvWriter::new(delimiter, false);
        rows.iter().for_each(|row| csv.row(*row));
        String::from_utf8(csv.take()).unwrap()
    }

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        let check = |cell: &str, expected: &str| {
            let text = written(Delimiter::Comma, &[&["a", cell]]);
            assert_eq!(text, format!("a,{expected}\r\n"));
        };
        check("", "");
        check("plain text", "plain text");
        check("a,b", "\"a,b\"");
        check("a;b", "a;b");
        check("say \"a\"", "\"say \"\"a\"\"\"");
        check("two\nlines", "\"two\nlines\"");
        check("two\r\nlines", "\"two\r\nlines\"");
        check("Ångström", "Ångström");
        assert_eq!(written(Delimiter::Semicolon, &[&["a;b", "a,b"]]), "\"a;b\";a,b\r\n");
        assert_eq!(written(Delimiter::Comma, &[&[""], &["", ""]]), "\"\"\r\n,\r\n");
    }

    #[test]
    fn no_cell_is_a_formula() {
        let check = |cell: &str, expected: &str| {
            assert_eq!(written(Delimiter::Comma, &[&[cell]]), format!("{expected}\r\n"), "{cell:?}");
        };
        check("=1+1", "'=1+1");
        check("\r=1", "\"'\r=1\"");
        check("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
        check("'=1", "''=1");
        check("a=1", "a=1");
    }

    #[test]
    fn a_mark_stands_before_the_first_row_only() {
        let mut csv = CsvWriter::new(Delimiter::Comma, true);
        csv.row(["a"]);
        assert_eq!(csv.take(), b"\xef\xbb\xbfa\r\n");
        csv.row(["b"]);
        assert_eq!(csv.take(), b"b\r\n");
    }

    #[test]
    fn rows_are_taken_a_piece_at_a_time_and_nothing_is_lost() {
        let mut csv = CsvWriter::new(Delimiter::Comma, false);
        let mut taken = Vec::new();
        for no in 0..1_000 {
            csv.row([no.to_string(), "x".repeat(no % 50)]);
            if no % 77 == 0 {
                taken.extend(csv.take());
                assert!(taken.ends_with(b"\r\n"));
            }
        }
        taken.extend(csv.take());
        assert_eq!(csv.take(), b"");
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(&taken[..]);
        for (no, record) in reader.records().enumerate() {
            assert_eq!(record.unwrap(), vec![no.to_string(), "x".repeat(no % 50)]);
        }
        assert_eq!(taken.iter().filter(|byte| **byte == b'\n').count(), 1_000);
    }

    #[test]
    fn a_delimiter_is_one_of_two() {
        for (text, expected, bad) in [
            ("", Delimiter::Comma, &[][..]),
            (",", Delimiter::Comma, &[]),
            (";", Delimiter::Semicolon, &[]),
            ("\t", Delimiter::Comma, &["delimiter"]),
            (",;", Delimiter::Comma, &["delimiter"]),
        ] {
            let mut problems = FieldViolations::default();
            assert_eq!(delimiter(&mut problems, text), expected, "{text:?}");
            assert_eq!(fields(problems), bad, "{text:?}");
        }
    }

    #[test]
    fn columns_are_chosen_and_ordered() {
        let check = |names: &[&str], expected: &[&str], bad: &[&str]| {
            let mut problems = FieldViolations::default();
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let chosen = columns(&mut problems, names, &["a", "b"], "a, b or c", |name| "abc".find(name));
            assert!(chosen.iter().all(|(name, column)| "abc".find(name.as_str()) == Some(*column)), "{chosen:?}");
            assert_eq!(chosen.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), expected);
            assert_eq!(fields(problems), bad);
        };
        check(&[], &["a", "b"], &[]);
        check(&["c", "a"], &["c", "a"], &[]);
        check(&["a", "x", "a"], &["a"], &["columns[1]", "columns[2]"]);
        check(&["a"; 101], &[], &["columns"]);
    }
}
