//! A CSV file of users, from an export or a spreadsheet. It is read and checked as a whole before anything is sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::access::want_seats;
use super::columns::{Column, Table, table};
use super::records::{Record, Wrong, breaks};
use crate::cells::{unguarded, values};
use crate::commands::output::words;
use crate::ids::UserId;
use crate::proto::v1::{SyncEntry, User, UserState};

/// Users in a file.
#[derive(Debug, PartialEq)]
pub struct UsersFile {
    /// Each entry with the number of its line, counted from 1.
    pub entries: Vec<(u64, SyncEntry)>,
    /// Fields that the import sets: those of the file's columns.
    pub fields: Vec<String>,
}

/// Reads a file. `delimiter`: `None` uses the `sep=` line, or else the delimiter with which the names of the columns
/// are known.
///
/// # Errors
/// All wrong lines, with the reasons.
pub fn read(bytes: &[u8], delimiter: Option<u8>) -> Result<UsersFile, Vec<String>> {
    let text = text(bytes).map_err(|wrong| message(vec![wrong]))?;
    let Table { columns, records } = table(text, delimiter.map(char::from)).map_err(message)?;
    let mut entries = Vec::new();
    let mut wrong: Vec<Wrong> = Vec::new();
    let mut seen = BTreeMap::new();
    for record in records {
        let read = record.and_then(|record| {
            let line = record.line;
            entry(&columns, &record).map(|(id, entry)| (line, id, entry)).map_err(|what| (line, what))
        });
        match read {
            Err(what) => wrong.push(what),
            Ok((line, id, entry)) => match seen.insert(id, line) {
                Some(first) => wrong.push((line, format!("the user stands in line {first} already"))),
                None => entries.push((line, entry)),
            },
        }
    }
    let fields = columns.iter().filter_map(Column::field).collect();
    if wrong.is_empty() { Ok(UsersFile { entries, fields }) } else { Err(message(wrong)) }
}

fn message(wrong: Vec<Wrong>) -> Vec<String> {
    wrong.into_iter().map(|(line, what)| format!("line {line}: {what}")).collect()
}

fn text(bytes: &[u8]) -> Result<&str, Wrong> {
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Err((1, "it is UTF-16 text: save the file as UTF-8".to_owned()));
    }
    str::from_utf8(bytes).map_err(|error| {
        let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
        (1 + breaks(&good), "it is not UTF-8 text".to_owned())
    })
}

fn entry(columns: &[Column], record: &Record) -> Result<(UserId, SyncEntry), String> {
    check_width(columns, record)?;
    let mut user = User::default();
    let mut entry = SyncEntry::default();
    let (mut id, mut pools, mut organizations) = (None, "", "");
    for (column, cell) in columns.iter().zip(record.cells.iter().map(Cow::as_ref)) {
        let cell = unguarded(cell);
        match column {
            Column::UserId | Column::Email => id = Some(user_id(id, cell)?),
            Column::GivenName => user.given_name = one_line("given_name", cell)?,
            Column::FamilyName => user.family_name = one_line("family_name", cell)?,
            Column::Groups => user.groups = values(&one_line("groups", cell)?),
            Column::Administrator => user.administrator = yes_or_no("administrator", cell)?.unwrap_or(false),
            Column::AccountState => entry.set_account_state(state(cell)?),
            Column::Pools => pools = cell,
            Column::Organizations => organizations = cell,
            Column::Attribute(key) if !cell.is_empty() => drop(user.attributes.insert(key.clone(), cell.to_owned())),
            Column::Nameless if !cell.trim().is_empty() => return Err(nameless(cell)),
            Column::Attribute(_) | Column::Ignored | Column::Nameless => {}
        }
    }
    let id = id.ok_or("no user_id")?;
    want_seats(&mut entry, pools, organizations)?;
    user.user_id = id.as_str().to_owned();
    entry.user = Some(user);
    Ok((id, entry))
}

/// Cells beyond the header must be empty.
fn check_width(columns: &[Column], record: &Record) -> Result<(), String> {
    let surplus = record.cells.get(columns.len()..);
    match surplus {
        None => {
            let cells = words::count(record.cells.len() as u64, "cell");
            Err(format!("{cells}, and the header has {}", columns.len()))
        }
        Some(surplus) => surplus.iter().find(|cell| !cell.trim().is_empty()).map_or(Ok(()), |cell| Err(nameless(cell))),
    }
}

fn nameless(cell: &str) -> String {
    format!("{cell:?} stands in a column without a name")
}

/// `before`: the id from the other column; one of the two cells may be empty.
fn user_id(before: Option<UserId>, cell: &str) -> Result<UserId, String> {
    match before {
        Some(before) if cell.trim().is_empty() => Ok(before),
        before => {
            let id = UserId::parse(cell).map_err(|error| format!("user_id {error}"))?;
            if before.is_none_or(|before| before == id) {
                Ok(id)
            } else {
                Err("user_id and email are two users".to_owned())
            }
        }
    }
}

/// A cell with line breaks usually results from a quote that was not closed.
fn one_line(column: &str, cell: &str) -> Result<String, String> {
    if cell.contains(['\r', '\n']) {
        return Err(format!("{column} goes over several lines: is a quote missing?"));
    }
    Ok(cell.to_owned())
}

fn yes_or_no(column: &str, cell: &str) -> Result<Option<bool>, String> {
    match cell.trim().to_lowercase().as_str() {
        "yes" | "true" | "1" => Ok(Some(true)),
        "no" | "false" | "0" => Ok(Some(false)),
        "" => Ok(None),
        _ => Err(format!("{column} must be yes or no, and is {cell:?}")),
    }
}

/// An empty cell leaves the state unchanged.
fn state(cell: &str) -> Result<UserState, String> {
    Ok(match yes_or_no("account_state", cell)? {
        None => UserState::Unspecified,
        Some(true) => UserState::Active,
        Some(false) => UserState::Blocked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Vec<String> {
        read(text.as_bytes(), None).unwrap_err()
    }

    #[test]
    fn a_file_with_everything() {
        let text = "\u{feff}email;given_name;administrator;pools;organizations;attributes.desk;account_state;;\r\n\
                    Ann@acme.example;\"Ann; A.\";yes;primary | crm;north;'=12;yes;;\r\n\
                    ;;;;;;;;\r\n\
                    bob@acme.example;;;;*;;no;;;\r\n\
                    cid@acme.example;;;primary|crm;crm=north;;;;\r\n";
        let file = read(text.as_bytes(), None).unwrap();
        assert_eq!(file.fields, ["given_name", "administrator", "attributes.desk"]);
        let (line, ann) = &file.entries[0];
        let user = ann.user.as_ref().unwrap();
        assert_eq!((*line, user.user_id.as_str(), user.given_name.as_str()), (2, "ann@acme.example", "Ann; A."));
        assert_eq!((user.administrator, user.attributes["desk"].as_str()), (true, "=12"));
        assert_eq!(
            (&ann.pool_ids[..], &ann.organization_ids[..], ann.account_state()),
            (&["primary".into(), "crm".into()][..], &["north".into()][..], UserState::Active)
        );
        let (line, bob) = &file.entries[1];
        assert_eq!((*line, bob.pool_ids.len(), bob.organization_ids.len()), (4, 0, 0));
        assert_eq!((bob.user.as_ref().unwrap().attributes.len(), bob.account_state()), (0, UserState::Blocked));
        let (_, cid) = &file.entries[2];
        assert_eq!((&cid.pool_ids[..], cid.seats.len()), (&["primary".into()][..], 1));
        assert_eq!(cid.account_state(), UserState::Unspecified);
    }

    #[test]
    fn every_wrong_line_is_reported() {
        let text = "user_id,administrator,pools\n\
                    ann,perhaps,\n\
                    \"two\nlines\",no,\n\
                    bob,no,crm\n\
                    cid,no\n\
                    BOB,no,\n\
                    dee,no,a b|c\u{7}d\n\
                    eve,no,,,x\n\
                    gus\n\
                    \"fay,no,\n";
        assert_eq!(
            wrong(text),
            [
                "line 2: administrator must be yes or no, and is \"perhaps\"",
                "line 3: user_id must not contain control characters",
                "line 6: 2 cells, and the header has 3",
                "line 7: the user stands in line 5 already",
                "line 8: pools: \"c\\u{7}d\" must not contain control characters",
                "line 9: \"x\" stands in a column without a name",
                "line 10: 1 cell, and the header has 3",
                "line 11: a quote is opened that nothing closes",
            ]
        );
    }

    #[test]
    fn what_a_quote_swallows_is_not_sent() {
        let text = "user_id,given_name,groups\nann,\"Ann,\nbob,Bob,\ncid,Cid\",\ndee,Dee,\"a\nb\"\n";
        assert_eq!(
            wrong(text),
            [
                "line 2: given_name goes over several lines: is a quote missing?",
                "line 5: groups goes over several lines: is a quote missing?"
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text() {
        assert_eq!(wrong(""), ["line 1: the file is empty: its first line names the columns"]);
        assert_eq!(read(b"user_id\n\xff\n", None).unwrap_err(), ["line 2: it is not UTF-8 text"]);
        assert_eq!(read(b"\xff\xfeu\0", None).unwrap_err(), ["line 1: it is UTF-16 text: save the file as UTF-8"]);
    }

    #[test]
    fn a_user_may_stand_in_two_columns() {
        let ids = |text: &str| read(text.as_bytes(), None).map(|file| file.entries.len());
        assert_eq!(ids("user_id,email\nann@x,ANN@x\nbob@x,\n"), Ok(2));
        assert_eq!(ids("email,user_id\nann@x,bob@x\n"), Err(vec!["line 2: user_id and email are two users".into()]));
    }

    #[test]
    fn the_delimiter_is_given_or_found() {
        let groups = |text: &str, delimiter| {
            let file = read(text.as_bytes(), delimiter).unwrap();
            file.entries[0].1.user.as_ref().unwrap().groups.clone()
        };
        assert_eq!(groups("user_id;groups\na;x|y\n", None), ["x", "y"]);
        assert_eq!(groups("user_id,groups\na,x;y\n", Some(b',')), ["x;y"]);
        assert_eq!(groups("sep=;\nuser_id;groups\na;x\\|y\n", None), ["x|y"]);
    }
}
