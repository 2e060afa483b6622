//! The header of a file of users: the meaning of its columns.

use std::borrow::Cow;
use std::str::FromStr;

use super::records::{Record, Records, Wrong};

const ATTRIBUTE: &str = "attributes.";
/// Columns of an export that an import ignores, because the service alone sets them.
const ONLY_READ: [&str; 6] =
    ["block_cause", "status", "default_organization_id", "last_sign_in_at", "last_activity_at", "created_at"];

/// Meaning of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    UserId,
    Email,
    GivenName,
    FamilyName,
    Groups,
    Administrator,
    AccountState,
    Pools,
    Organizations,
    Attribute(String),
    /// Set by the service; the import ignores it.
    Ignored,
    /// Must be empty: spreadsheets add such columns.
    Nameless,
}

impl FromStr for Column {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        // The name of an attribute may contain white space.
        if let Some(key) = name.trim_start().strip_prefix(ATTRIBUTE).filter(|key| !key.is_empty()) {
            return Ok(Column::Attribute(key.to_owned()));
        }
        let name = name.trim();
        Ok(match name {
            "" => Column::Nameless,
            "user_id" => Column::UserId,
            "email" => Column::Email,
            "given_name" => Column::GivenName,
            "family_name" => Column::FamilyName,
            "groups" => Column::Groups,
            "administrator" => Column::Administrator,
            "account_state" => Column::AccountState,
            "pools" => Column::Pools,
            "organizations" => Column::Organizations,
            _ if ONLY_READ.contains(&name) => Column::Ignored,
            _ => return Err(format!("there is no column {name:?}; see `usher users import --help`")),
        })
    }
}

impl Column {
    /// The field of a user that this column sets.
    pub fn field(&self) -> Option<String> {
        Some(match self {
            Column::GivenName => "given_name".to_owned(),
            Column::FamilyName => "family_name".to_owned(),
            Column::Groups => "groups".to_owned(),
            Column::Administrator => "administrator".to_owned(),
            Column::Attribute(name) => format!("{ATTRIBUTE}{name}"),
            Column::UserId
            | Column::Email
            | Column::AccountState
            | Column::Pools
            | Column::Organizations
            | Column::Ignored
            | Column::Nameless => return None,
        })
    }
}

/// A file after its header.
pub struct Table<'t> {
    pub columns: Vec<Column>,
    pub records: Records<'t>,
}

/// Reads the header. `delimiter`: `None` uses that of the `sep=` line, else the one with which the header is valid and
/// has more columns.
///
/// # Errors
/// All mistakes in the header.
pub fn table(text: &str, delimiter: Option<char>) -> Result<Table<'_>, Vec<Wrong>> {
    // Spreadsheets put a byte order mark before UTF-8, and a `sep=` line before the header.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (text, line, message) = match separator(text) {
        Some((separator, rest)) => (rest, 2, Some(separator)),
        None => (text, 1, None),
    };
    if let Some(delimiter) = delimiter.or(message) {
        return if [',', ';'].contains(&delimiter) {
            read(text, delimiter, line)
        } else {
            Err(vec![(1, format!("the delimiter must be , or ;, and is {delimiter:?}"))])
        };
    }
    match (read(text, ',', line), read(text, ';', line)) {
        (Ok(comma), Ok(semicolon)) if semicolon.columns.len() > comma.columns.len() => Ok(semicolon),
        (Ok(comma), _) => Ok(comma),
        (Err(_), Ok(semicolon)) => Ok(semicolon),
        (Err(comma), Err(semicolon)) => {
            let header = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            Err(if header.contains(';') { semicolon } else { comma })
        }
    }
}

/// Parses the line `sep=;`, which tells a spreadsheet the separator. Returns the separator and the text after that
/// line.
fn separator(text: &str) -> Option<(char, &str)> {
    let end = text.find(['\r', '\n']).unwrap_or(text.len());
    let line = text[..end].trim_matches([' ', '"']);
    let (word, rest) = line.split_at_checked(4)?;
    let mut separator = rest.chars();
    let one = (separator.next()?, separator.next());
    let behind = &text[end..];
    let behind = behind.strip_prefix("\r\n").or_else(|| behind.strip_prefix(['\r', '\n'])).unwrap_or(behind);
    (word.eq_ignore_ascii_case("sep=") && one.1.is_none()).then_some((one.0, behind))
}

fn read(text: &str, delimiter: char, line: u64) -> Result<Table<'_>, Vec<Wrong>> {
    let mut records = Records::new(text, delimiter, line);
    match records.next() {
        Some(Ok(header)) => Ok(Table { columns: columns(&header)?, records }),
        Some(Err(wrong)) => Err(vec![wrong]),
        None => Err(vec![(line, "the file is empty: its first line names the columns".to_owned())]),
    }
}

fn columns(header: &Record) -> Result<Vec<Column>, Vec<Wrong>> {
    let mut columns: Vec<Column> = Vec::new();
    let mut wrong = Vec::new();
    let may_repeat = [Column::Ignored, Column::Nameless];
    for name in header.cells.iter().map(Cow::as_ref) {
        match name.parse() {
            Ok(column) if !may_repeat.contains(&column) && columns.contains(&column) => {
                wrong.push((header.line, format!("the column {:?} is there twice", name.trim())));
            }
            Ok(column) => columns.push(column),
            Err(what) => wrong.push((header.line, what)),
        }
    }
    if wrong.is_empty() && !columns.contains(&Column::UserId) && !columns.contains(&Column::Email) {
        wrong.push((header.line, "there is no column `user_id` or `email`".to_owned()));
    }
    if wrong.is_empty() { Ok(columns) } else { Err(wrong) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Result<Vec<Column>, Vec<Wrong>> {
        table(text, None).map(|table| table.columns)
    }

    #[test]
    fn the_delimiter_is_that_by_which_columns_are_known() {
        let desk = |name: &str| Column::Attribute(name.to_owned());
        assert_eq!(found("user_id;groups\n").unwrap(), [Column::UserId, Column::Groups]);
        assert_eq!(found("user_id,groups\n").unwrap(), [Column::UserId, Column::Groups]);
        assert_eq!(found("user_id,attributes.a;b\n").unwrap(), [Column::UserId, desk("a;b")]);
        assert_eq!(found("user_id;attributes.a,b\n").unwrap(), [Column::UserId, desk("a,b")]);
        assert_eq!(found("user_id\n").unwrap(), [Column::UserId]);
        assert_eq!(table("user_id;groups\n", Some(',')).err().unwrap().len(), 1);
    }

    #[test]
    fn what_spreadsheets_add() {
        let two = [Column::Email, Column::Groups];
        for text in ["sep=;\nemail;groups", "\u{feff}SEP=;\r\nemail;groups\r\n", "\"sep=,\"\remail,groups"] {
            assert_eq!(found(text).unwrap(), two, "{text:?}");
        }
        assert_eq!(
            found("\n;;\nemail;groups;;\n").unwrap(),
            [&two[..], &[Column::Nameless, Column::Nameless]].concat()
        );
        let message = found("sep=\t\nemail\n").unwrap_err();
        assert_eq!(message, [(1, "the delimiter must be , or ;, and is '\\t'".to_owned())]);
        assert!(found("sep=;;\nemail\n").is_err());
    }

    #[test]
    fn a_header_that_is_none() {
        let message = |text: &str| found(text).unwrap_err();
        assert_eq!(message(""), [(1, "the file is empty: its first line names the columns".to_owned())]);
        assert_eq!(message("given_name\nAnn\n"), [(1, "there is no column `user_id` or `email`".to_owned())]);
        assert_eq!(
            message("\nuser_id,shoe_size,user_id\n"),
            [
                (2, "there is no column \"shoe_size\"; see `usher users import --help`".to_owned()),
                (2, "the column \"user_id\" is there twice".to_owned())
            ]
        );
        assert_eq!(message("user_id,attributes.\n").len(), 1);
    }
}
