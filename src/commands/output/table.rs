//! Tables for people, with columns as wide as their content. Widths are cells of a terminal: most East Asian letters and
//! emoji take two, and combining accents none.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A column: its heading and its alignment.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    right: bool,
}

/// A column of words, aligned to the left.
pub const fn left(name: &'static str) -> Column {
    Column { name, right: false }
}

/// A column of numbers, aligned to the right.
pub const fn right(name: &'static str) -> Column {
    Column { name, right: true }
}

/// A table that is written in parts. The heading is above the first part; a column can become wider with each part, and
/// never narrower.
#[derive(Debug)]
pub struct Table {
    columns: &'static [Column],
    widths: Vec<usize>,
    headed: bool,
}

impl Table {
    pub fn new(columns: &'static [Column]) -> Self {
        Self { columns, widths: columns.iter().map(|column| column.name.width()).collect(), headed: false }
    }

    /// Makes a column at least as wide as these texts, which later parts will contain.
    pub fn expect<'t>(&mut self, column: usize, texts: impl IntoIterator<Item = &'t String>) {
        let widest = texts.into_iter().map(|text| text.width()).max().unwrap_or_default();
        self.widths[column] = widest.max(self.widths[column]);
    }

    /// Formats one line for each row, with a cell for each column; an additional cell stands after the last column.
    /// Columns are separated by two spaces. `max_width`: the longest line.
    pub fn lines(&mut self, rows: &[Vec<String>], max_width: Option<usize>) -> String {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| plain(cell)).collect()).collect();
        for (row, at) in rows.iter().flat_map(|row| row.iter().enumerate().map(move |(at, _)| (row, at))) {
            if let Some(width) = self.widths.get_mut(at) {
                *width = row[at].width().max(*width);
            }
        }
        let heading: Vec<String> = self.columns.iter().map(|column| column.name.to_owned()).collect();
        let heading = (!self.headed).then_some(&heading);
        let text = heading.into_iter().chain(&rows).map(|row| self.line(row, max_width)).collect();
        self.headed = true;
        text
    }

    fn line(&self, row: &[String], max_width: Option<usize>) -> String {
        let cell = |(at, cell): (usize, &String)| {
            let (Some(column), Some(width)) = (self.columns.get(at), self.widths.get(at)) else { return cell.clone() };
            let padding = " ".repeat(width.saturating_sub(cell.width()));
            if column.right { padding + cell } else { cell.clone() + &padding }
        };
        let line = row.iter().enumerate().map(cell).collect::<Vec<_>>().join("  ");
        cut(line.trim_end(), max_width) + "\n"
    }
}

/// Cuts a line; an ellipsis shows that something is missing.
fn cut(line: &str, max_width: Option<usize>) -> String {
    match max_width {
        Some(max_width) if line.width() > max_width => {
            let mut left = max_width.saturating_sub(1);
            let fits = |letter: &char| {
                let width = letter.width().unwrap_or_default();
                let fits = width <= left;
                left = if fits { left - width } else { 0 };
                fits
            };
            line.chars().take_while(fits).chain(['…']).collect()
        }
        _ => line.to_owned(),
    }
}

/// Replaces control characters, and those that change the direction of writing, because applications choose names and
/// devices, and a terminal must not execute what is in them. A row stays one line.
pub fn plain(text: &str) -> String {
    let odd = |c: char| {
        let directs =
            matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c.is_control() || directs
    };
    if text.contains(odd) { text.replace(odd, "\u{fffd}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [left("pool"), right("seats"), left("by")];

    fn row(cells: &[&str]) -> Vec<String> {
        cells.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn columns_are_as_wide_as_they_must_be() {
        let mut table = Table::new(&COLUMNS);
        let rows = [row(&["räder", "5", "ann"]), row(&["x", "unlimited", ""])];
        assert_eq!(table.lines(&rows, None), "pool       seats  by\nräder          5  ann\nx      unlimited\n");
        let more = [row(&["a pool of many", "7", "bob", "  over by 2"])];
        assert_eq!(table.lines(&more, None), "a pool of many          7  bob    over by 2\n");
        assert_eq!(Table::new(&COLUMNS).lines(&[], None), "pool  seats  by\n");
    }

    #[test]
    fn a_column_is_as_wide_as_it_is_on_a_terminal() {
        let rows = [row(&["日本", "5", "ann"]), row(&["e\u{301}", "7", "bob"])];
        let text = Table::new(&COLUMNS).lines(&rows, None);
        assert_eq!(text, "pool  seats  by\n日本      5  ann\ne\u{301}         7  bob\n");
        assert_eq!(Table::new(&COLUMNS).lines(&rows[..1], Some(4)), "poo…\n日…\n");
    }

    #[test]
    fn lines_are_cut_to_the_terminal() {
        let rows = [row(&["räder", "5", "ann"])];
        assert_eq!(Table::new(&COLUMNS).lines(&rows, Some(13)), "pool   seats…\nräder      5…\n");
        assert_eq!(Table::new(&COLUMNS).lines(&rows, Some(17)), "pool   seats  by\nräder      5  ann\n");
        assert_eq!(Table::new(&COLUMNS).lines(&rows, Some(0)), "…\n…\n");
    }

    #[test]
    fn a_name_sends_no_commands_to_a_terminal() {
        assert_eq!(plain("a\u{1b}[2Jb\nc\u{202e}d\u{9b}"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d\u{fffd}");
        assert_eq!(plain("a\u{200f}b\u{61c}"), "a\u{fffd}b\u{fffd}");
        assert_eq!(plain("Zoë Åström"), "Zoë Åström");
    }
}
