//! Cells of CSV files. The service writes them and the client reads them, and both must agree, so that an exported file
//! can be imported unchanged.
//!
//! Spreadsheets interpret a cell that begins like a formula as one, so such a cell gets a leading apostrophe. Several
//! values in a cell are separated by `|`. A backslash escapes a character that has a meaning.

/// Separates several values in a cell.
pub const BETWEEN: char = '|';
/// Separates a pool and an organization.
pub const OF: char = '=';
/// Stands for every organization.
pub const EVERY: &str = "*";

const ESCAPE: char = '\\';

/// True if a spreadsheet interprets the cell as a formula, also after apostrophes. A cell that already looks guarded
/// gets an apostrophe, too, so that removing one apostrophe always restores the cell.
fn is_formula(cell: &str) -> bool {
    cell.trim_start_matches('\'').starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// The cell with a leading apostrophe, if a spreadsheet would interpret it as a formula; else `None`.
pub fn guarded(cell: &str) -> Option<String> {
    is_formula(cell).then(|| format!("'{cell}"))
}

/// Restores a cell that was guarded.
pub fn unguarded(cell: &str) -> &str {
    if is_formula(cell) { cell.strip_prefix('\'').unwrap_or(cell) } else { cell }
}

/// Escapes a value for a cell of several. `also`: characters that have a meaning in this cell, in addition to the usual
/// ones.
pub fn escaped(value: &str, also: &[char]) -> String {
    let last = value.char_indices().next_back().map_or(0, |(at, _)| at);
    let mut text = String::with_capacity(value.len());
    for (at, c) in value.char_indices() {
        let is_edge = (at == 0 || at == last) && c.is_whitespace();
        if is_edge || c == BETWEEN || c == ESCAPE || also.contains(&c) {
            text.push(ESCAPE);
        }
        text.push(c);
    }
    text
}

/// Joins several values to one cell.
pub fn joined<'v>(values: impl IntoIterator<Item = &'v str>) -> String {
    let mut cell = String::new();
    for value in values {
        if !cell.is_empty() {
            cell.push(BETWEEN);
        }
        cell.push_str(&escaped(value, &[]));
    }
    cell
}

/// Splits a cell at separators that are not escaped. The parts are still escaped.
pub fn parts(cell: &str, between: char) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    cell.split(move |c| {
        let ends = c == between && !escaped;
        escaped = c == ESCAPE && !escaped;
        ends
    })
}

/// Splits a part at the first separator that is not escaped.
pub fn halves(part: &str, between: char) -> Option<(&str, &str)> {
    let first = parts(part, between).next()?;
    let rest = part.get(first.len()..)?.strip_prefix(between)?;
    Some((first, rest))
}

/// Unescapes a part, and trims white space around it.
pub fn value(part: &str) -> String {
    let mut value = String::new();
    // Length of `value` up to which it was escaped, and is not trimmed.
    let mut kept = 0;
    let mut chars = part.trim_start().chars();
    while let Some(c) = chars.next() {
        let mut rest = chars.clone();
        match rest.next().filter(|next| c == ESCAPE && has_meaning(*next)) {
            Some(next) => {
                value.push(next);
                kept = value.len();
                chars = rest;
            }
            None => value.push(c),
        }
    }
    let end = value.trim_end().len().max(kept);
    value.truncate(end);
    value
}

/// True if a backslash escapes this character. Before any other character a backslash is just a backslash.
fn has_meaning(c: char) -> bool {
    matches!(c, BETWEEN | OF | ESCAPE | '*') || c.is_whitespace()
}

/// The values of a cell, without empty ones.
pub fn values(cell: &str) -> Vec<String> {
    parts(cell, BETWEEN).map(value).filter(|value| !value.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_every_cell_comes_back() {
        for (cell, expected) in [
            ("=1+1", Some("'=1+1")),
            ("+1", Some("'+1")),
            ("-1", Some("'-1")),
            ("@SUM(A1)", Some("'@SUM(A1)")),
            ("\tx", Some("'\tx")),
            ("\r=1", Some("'\r=1")),
            ("'=1", Some("''=1")),
            ("''=1", Some("'''=1")),
            ("a=1", None),
            ("'quoted'", None),
            ("'", None),
            ("", None),
        ] {
            let written = guarded(cell);
            assert_eq!(written.as_deref(), expected, "{cell:?}");
            assert_eq!(unguarded(written.as_deref().unwrap_or(cell)), cell);
        }
    }

    #[test]
    fn values_come_back_whatever_is_in_them() {
        let odd = [
            "a|b",
            "|",
            "\\",
            "a\\",
            "\\|",
            "CORP\\sales",
            " a ",
            " ",
            "\u{a0}x\u{3000}",
            "a  b",
            "\\ ",
            "*",
            "a=b",
            "x\\=y",
        ];
        assert_eq!(values(&joined(odd)), odd);
        for one in odd {
            assert_eq!(values(&joined([one])), [one]);
            for other in odd {
                assert_eq!(values(&joined([one, other])), [one, other]);
                let pair = format!("{}={}", escaped(one, &[OF]), escaped(other, &[]));
                let (before, behind) = halves(&pair, OF).unwrap();
                assert_eq!([value(before), value(behind)], [one, other], "{pair}");
            }
        }
    }

    #[test]
    fn people_write_values_as_they_like() {
        for (cell, expected) in [
            ("", &[][..]),
            (" | |", &[]),
            ("press | sales", &["press", "sales"]),
            ("CORP\\sales|b\\", &["CORP\\sales", "b\\"]),
            ("a\\|b|c", &["a|b", "c"]),
        ] {
            assert_eq!(values(cell), expected, "{cell:?}");
        }
        assert_eq!(halves("north", OF), None);
        assert_eq!(halves("a\\=b", OF), None);
        assert_eq!(halves("a\\=b=c=d", OF), Some(("a\\=b", "c=d")));
    }
}
