//! A CSV file of users, as an export writes it or a spreadsheet: read whole, and checked, before anything is sent.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::super::words;
use crate::ids::{OrganizationId, PoolId, UserId};
use crate::proto::v1::{SyncEntry, User};

/// Between several values in a cell.
const BETWEEN: char = '|';
const ATTRIBUTE: &str = "attributes.";
/// All of the tenant.
const EVERYWHERE: &str = "*";
/// What an export writes and the service alone decides.
const ONLY_READ: [&str; 7] = [
    "account_state",
    "block_cause",
    "status",
    "default_organization_id",
    "last_sign_in_at",
    "last_activity_at",
    "created_at",
];

/// What a column decides of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    UserId,
    GivenName,
    FamilyName,
    Groups,
    Administrator,
    Pools,
    Organizations,
    Attribute(String),
    Ignored,
}

impl FromStr for Column {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match name {
            "user_id" | "email" => Column::UserId,
            "given_name" => Column::GivenName,
            "family_name" => Column::FamilyName,
            "groups" => Column::Groups,
            "administrator" => Column::Administrator,
            "pools" => Column::Pools,
            "organizations" => Column::Organizations,
            _ if ONLY_READ.contains(&name) => Column::Ignored,
            _ => match name.strip_prefix(ATTRIBUTE) {
                Some(key) if !key.is_empty() => Column::Attribute(key.to_owned()),
                _ => return Err(format!("line 1: there is no column {name:?}; see `usher users import --help`")),
            },
        })
    }
}

impl Column {
    /// The field of a user that the file decides by this column.
    fn field(&self) -> Option<&'static str> {
        Some(match self {
            Column::GivenName => "given_name",
            Column::FamilyName => "family_name",
            Column::Groups => "groups",
            Column::Administrator => "administrator",
            Column::Attribute(_) => "attributes",
            Column::UserId | Column::Pools | Column::Organizations | Column::Ignored => return None,
        })
    }
}

/// The users of a file.
#[derive(Debug, PartialEq)]
pub struct UsersFile {
    /// With the number of the line, from 1 on.
    pub entries: Vec<(u64, SyncEntry)>,
    /// The fields that the file decides: those of its columns.
    pub fields: Vec<String>,
}

/// Reads a file. `delimiter`: `None` is `;` if the first line has one, else `,`.
///
/// # Errors
/// Every line that is wrong, and why.
pub fn read(bytes: &[u8], delimiter: Option<u8>) -> Result<UsersFile, Vec<String>> {
    // Spreadsheets put a mark in front of UTF-8.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let header = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let delimiter = delimiter.unwrap_or(if header.contains(&b';') { b';' } else { b',' });
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.delimiter(delimiter).has_headers(false).flexible(true).from_reader(bytes);
    let mut records = reader.records();
    let header = match records.next() {
        Some(Ok(header)) => header,
        Some(Err(_)) => return Err(vec![unreadable(1)]),
        None => return Err(vec!["the file is empty: its first line names the columns".to_owned()]),
    };
    let columns = columns(&header)?;
    let mut lines = Lines { bytes, at: 0, line: 1 };
    let mut entries = Vec::new();
    let mut wrong = Vec::new();
    let mut seen = BTreeMap::new();
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                wrong.push(unreadable(lines.at(error.position().map_or(0, csv::Position::byte))));
                continue;
            }
        };
        let line = lines.at(record.position().map_or(0, csv::Position::byte));
        match entry(&columns, &record) {
            Err(what) => wrong.push(format!("line {line}: {what}")),
            Ok((id, entry)) => match seen.insert(id, line) {
                Some(first) => wrong.push(format!("line {line}: the user stands in line {first} already")),
                None => entries.push((line, entry)),
            },
        }
    }
    let mut fields: Vec<String> = columns.iter().filter_map(Column::field).map(str::to_owned).collect();
    fields.dedup();
    if wrong.is_empty() { Ok(UsersFile { entries, fields }) } else { Err(wrong) }
}

fn unreadable(line: u64) -> String {
    format!("line {line}: it is not UTF-8 text")
}

/// Numbers of lines, as editors count them: the reader's own are one behind when lines end with CR LF.
struct Lines<'a> {
    bytes: &'a [u8],
    /// Up to here lines are counted.
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line in which a record begins; called in the order of the records. A record may come with the end of the line
    /// before it.
    fn at(&mut self, record: u64) -> u64 {
        let record = usize::try_from(record).unwrap_or(usize::MAX).min(self.bytes.len());
        let breaks = self.bytes[record..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        // A lone CR ends a line, too.
        let ends = |at: &usize| match self.bytes[*at] {
            b'\n' => true,
            b'\r' => self.bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        };
        self.line += (self.at..record + breaks).filter(ends).count() as u64;
        self.at = self.at.max(record + breaks);
        self.line
    }
}

fn columns(header: &csv::StringRecord) -> Result<Vec<Column>, Vec<String>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut wrong = Vec::new();
    for name in header {
        match name.trim().parse() {
            Ok(column) if column != Column::Ignored && columns.contains(&column) => {
                wrong.push(format!("line 1: the column {:?} is there twice", name.trim()));
            }
            Ok(column) => columns.push(column),
            Err(what) => wrong.push(what),
        }
    }
    if wrong.is_empty() && !columns.contains(&Column::UserId) {
        wrong.push("line 1: there is no column `user_id` or `email`".to_owned());
    }
    if wrong.is_empty() { Ok(columns) } else { Err(wrong) }
}

fn entry(columns: &[Column], record: &csv::StringRecord) -> Result<(UserId, SyncEntry), String> {
    if record.len() != columns.len() {
        let cells = words::count(record.len() as u64, "cell");
        return Err(format!("{cells}, and the first line has {}", columns.len()));
    }
    let mut user = User::default();
    let mut id = None;
    let mut entry = SyncEntry::default();
    for (column, cell) in columns.iter().zip(record) {
        let cell = unguarded(cell);
        match column {
            Column::UserId => id = Some(UserId::parse(cell).map_err(|error| format!("user_id {error}"))?),
            Column::GivenName => user.given_name = cell.to_owned(),
            Column::FamilyName => user.family_name = cell.to_owned(),
            Column::Groups => user.groups = several(cell),
            Column::Administrator => user.administrator = yes_or_no(cell)?,
            Column::Pools => entry.pool_ids = ids("pools", cell, PoolId::parse)?,
            Column::Organizations if cell.trim() == EVERYWHERE => {}
            Column::Organizations => entry.organization_ids = ids("organizations", cell, OrganizationId::parse)?,
            Column::Attribute(key) if !cell.is_empty() => drop(user.attributes.insert(key.clone(), cell.to_owned())),
            Column::Attribute(_) | Column::Ignored => {}
        }
    }
    let id = id.ok_or("no user_id")?;
    user.user_id = id.as_str().to_owned();
    entry.user = Some(user);
    Ok((id, entry))
}

/// A cell without the apostrophe that an export puts before what a spreadsheet would take for a formula.
fn unguarded(cell: &str) -> &str {
    let formula = cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r']);
    if formula { cell.strip_prefix('\'').unwrap_or(cell) } else { cell }
}

fn several(cell: &str) -> Vec<String> {
    cell.split(BETWEEN).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
}

fn ids<T, E: ToString>(column: &str, cell: &str, parse: fn(&str) -> Result<T, E>) -> Result<Vec<String>, String> {
    let values = several(cell);
    for value in &values {
        parse(value).map_err(|error| format!("{column}: {value:?} {}", error.to_string()))?;
    }
    Ok(values)
}

fn yes_or_no(cell: &str) -> Result<bool, String> {
    match cell.trim().to_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(true),
        "no" | "false" | "0" | "" => Ok(false),
        _ => Err(format!("administrator must be yes or no, and is {cell:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        read(text.as_bytes(), None).unwrap_err()
    }

    #[test]
    fn a_file_with_everything() {
        let text = "\u{feff}email;given_name;administrator;pools;organizations;attributes.desk;account_state\r\n\
                    Ann@acme.example;\"Ann; A.\";yes;primary | crm;north;'=12;yes\r\n\
                    bob@acme.example;;;;*;;no\r\n";
        let file = read(text.as_bytes(), None).unwrap();
        assert_eq!(file.fields, ["given_name", "administrator", "attributes"]);
        let (line, ann) = &file.entries[0];
        let user = ann.user.as_ref().unwrap();
        assert_eq!((*line, user.user_id.as_str(), user.given_name.as_str()), (2, "ann@acme.example", "Ann; A."));
        assert_eq!((user.administrator, user.attributes["desk"].as_str()), (true, "=12"));
        assert_eq!(
            (&ann.pool_ids[..], &ann.organization_ids[..]),
            (&["primary".into(), "crm".into()][..], &["north".into()][..])
        );
        let (_, bob) = &file.entries[1];
        assert_eq!(
            (bob.pool_ids.len(), bob.organization_ids.len(), bob.user.as_ref().unwrap().attributes.len()),
            (0, 0, 0)
        );
    }

    #[test]
    fn every_wrong_line_is_told() {
        let text = "user_id,administrator,pools\n\
                    ann,perhaps,\n\
                    \"two\nlines\",no,\n\
                    bob,no,crm\n\
                    cid,no\n\
                    BOB,no,\n\
                    dee,no,a b|c\u{7}d\n\
                    eve\n";
        assert_eq!(
            wrong(text),
            [
                "line 2: administrator must be yes or no, and is \"perhaps\"",
                "line 3: user_id must not contain control characters",
                "line 6: 2 cells, and the first line has 3",
                "line 7: the user stands in line 5 already",
                "line 8: pools: \"c\\u{7}d\" must not contain control characters",
                "line 9: 1 cell, and the first line has 3",
            ]
        );
    }

    #[test]
    fn a_header_that_is_none() {
        assert_eq!(wrong(""), ["the file is empty: its first line names the columns"]);
        assert_eq!(wrong("given_name\nAnn\n"), ["line 1: there is no column `user_id` or `email`"]);
        assert_eq!(
            wrong("user_id,shoe_size,email\n"),
            [
                "line 1: there is no column \"shoe_size\"; see `usher users import --help`",
                "line 1: the column \"email\" is there twice"
            ]
        );
        assert_eq!(read(b"user_id\n\xff\n", None).unwrap_err(), ["line 2: it is not UTF-8 text"]);
    }

    #[test]
    fn the_delimiter_is_given_or_found() {
        assert_eq!(
            read(b"user_id;groups\na;x|y\n", None).unwrap().entries[0].1.user.as_ref().unwrap().groups,
            ["x", "y"]
        );
        assert_eq!(
            read(b"user_id,groups\na,x;y\n", Some(b',')).unwrap().entries[0].1.user.as_ref().unwrap().groups,
            ["x;y"]
        );
    }
}
