//! Records of a CSV file, strictly as RFC 4180 defines them, because a misread file does harm: after a quote that is
//! not closed, the rest of the file would be one cell.

use std::borrow::Cow;

/// The line, counted from 1, and the mistake in it.
pub type Wrong = (u64, String);

/// A record: one line of the file, or several if a cell contains line breaks.
#[derive(Debug, PartialEq)]
pub struct Record<'t> {
    /// Number of its first line.
    pub line: u64,
    pub cells: Vec<Cow<'t, str>>,
}

/// Iterates over the records of a text, except empty ones. Lines end with LF, CR LF or CR.
pub struct Records<'t> {
    text: &'t str,
    delimiter: char,
    at: usize,
    line: u64,
}

impl<'t> Records<'t> {
    /// `line`: the number of the first line of `text`.
    pub fn new(text: &'t str, delimiter: char, line: u64) -> Self {
        Self { text, delimiter, at: 0, line }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Skips a line break, if one is next.
    fn skip_line_break(&mut self) -> bool {
        let length = break_length(self.rest());
        self.at += length;
        self.line += u64::from(length > 0);
        length > 0
    }

    fn record(&mut self) -> Result<Record<'t>, Wrong> {
        let mut record = Record { line: self.line, cells: Vec::new() };
        loop {
            record.cells.push(self.cell()?);
            if self.rest().starts_with(self.delimiter) {
                self.at += self.delimiter.len_utf8();
            } else {
                self.skip_line_break();
                return Ok(record);
            }
        }
    }

    fn cell(&mut self) -> Result<Cow<'t, str>, Wrong> {
        let rest = self.rest();
        if rest.starts_with('"') {
            return self.quoted().map(Cow::Owned);
        }
        let end = rest.find([self.delimiter, '\r', '\n']).unwrap_or(rest.len());
        let cell = &rest[..end];
        if cell.contains('"') {
            let what = "a quote stands within a cell: put the whole cell in quotes, and write this one twice";
            return Err((self.line, what.to_owned()));
        }
        self.at += end;
        Ok(Cow::Borrowed(cell))
    }

    /// Reads a quoted cell. After a mistake, the position is still before the cell.
    fn quoted(&mut self) -> Result<String, Wrong> {
        let mut cell = String::new();
        let mut at = self.at + 1;
        loop {
            let Some(end) = self.text[at..].find('"') else {
                self.at = self.text.len();
                return Err((self.line, "a quote is opened that nothing closes".to_owned()));
            };
            cell.push_str(&self.text[at..at + end]);
            at += end + 1;
            if !self.text[at..].starts_with('"') {
                break;
            }
            cell.push('"');
            at += 1;
        }
        let behind = &self.text[at..];
        let closed = self.line + breaks(&self.text[self.at..at]);
        if !behind.is_empty() && !behind.starts_with(self.delimiter) && break_length(behind) == 0 {
            let what = if closed == self.line {
                "text stands behind the quote that closes a cell".to_owned()
            } else {
                format!("a quote is opened, and the next one, in line {closed}, does not end a cell")
            };
            return Err((self.line, what));
        }
        (self.at, self.line) = (at, closed);
        Ok(cell)
    }

    /// Skips the rest of a wrong line, so that mistakes in other lines are reported, too.
    fn skip_line(&mut self) {
        let rest = self.rest();
        self.at += rest.find(['\r', '\n']).unwrap_or(rest.len());
        self.skip_line_break();
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Result<Record<'t>, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest().is_empty() {
            match self.record() {
                // Spreadsheets write delimiters into empty lines.
                Ok(record) if record.cells.iter().all(|cell| cell.trim().is_empty()) => {}
                Ok(record) => return Some(Ok(record)),
                Err(wrong) => {
                    self.skip_line();
                    return Some(Err(wrong));
                }
            }
        }
        None
    }
}

/// Length in bytes of the line break at the beginning of a text, or 0.
fn break_length(text: &str) -> usize {
    match text.as_bytes() {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// Number of line breaks in a text, of all kinds.
pub fn breaks(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let ends = |(at, byte): (usize, &u8)| match byte {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    bytes.iter().enumerate().filter(|it| ends(*it)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Result<(u64, Vec<String>), Wrong>> {
        let plain = |record: Record| (record.line, record.cells.into_iter().map(Cow::into_owned).collect());
        Records::new(text, ',', 1).map(|record| record.map(plain)).collect()
    }

    fn good(text: &str) -> Vec<(u64, Vec<String>)> {
        read(text).into_iter().map(|record| record.unwrap()).collect()
    }

    fn row(line: u64, cells: &[&str]) -> (u64, Vec<String>) {
        (line, cells.iter().map(|cell| (*cell).to_owned()).collect())
    }

    #[test]
    fn cells_as_they_are_written() {
        assert_eq!(good("a,b\r\nc,d"), [row(1, &["a", "b"]), row(2, &["c", "d"])]);
        assert_eq!(good("a\rb\nc\r\n"), [row(1, &["a"]), row(2, &["b"]), row(3, &["c"])]);
        assert_eq!(good("\"a,b\",\"say \"\"c\"\"\",\"\"\n"), [row(1, &["a,b", "say \"c\"", ""])]);
        assert_eq!(
            good("\"two\r\nlines\",\"\n\"\nnext, x \n"),
            [row(1, &["two\r\nlines", "\n"]), row(4, &["next", " x "])]
        );
        assert_eq!(good("a,"), [row(1, &["a", ""])]);
    }

    #[test]
    fn empty_lines_are_none() {
        assert_eq!(good("\n\na\n\r\n , ,\n\"\"\nb\n\n"), [row(3, &["a"]), row(7, &["b"])]);
        assert_eq!(good(""), []);
    }

    #[test]
    fn quotes_that_are_wrong_swallow_nothing() {
        let open = "a quote is opened that nothing closes";
        assert_eq!(read("a\n\"b\nc\n"), [Ok(row(1, &["a"])), Err((2, open.to_owned()))]);
        let message = |text: &str| -> Vec<Wrong> { read(text).into_iter().filter_map(Result::err).collect() };
        let next = "a quote is opened, and the next one, in line 3, does not end a cell";
        assert_eq!(message("x\n\"ann,1\nbob,\"Bob\"\ncid,2\n"), [(2, next.to_owned())]);
        let behind = "text stands behind the quote that closes a cell";
        assert_eq!(message("\"a\"b,c\nd\n"), [(1, behind.to_owned())]);
        let within = "a quote stands within a cell: put the whole cell in quotes, and write this one twice";
        assert_eq!(message("a,5\" wide\nb, \"c\"\n"), [(1, within.to_owned()), (2, within.to_owned())]);
        assert_eq!(read("a,5\" wide\nb\n")[1], Ok(row(2, &["b"])), "the next line is read");
    }
}
