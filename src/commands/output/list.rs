//! Lists of any length: read page by page, and printed as they arrive. No page is kept in memory.

use prost::Name;

use super::rows::Rows;
use super::table::Column;
use super::{Printer, json};
use crate::commands::error::Error;

/// Rows on a page. A thousand users with all possible attributes would exceed the largest answer.
pub const PAGE_ROWS: i32 = 500;

/// Layout of a list.
pub struct List<T: 'static> {
    /// Name of the list's field in the JSON output.
    pub name: &'static str,
    pub columns: &'static [Column],
    pub row: fn(&T) -> Vec<String>,
    /// Text for an empty list.
    pub none: &'static str,
}

/// A page: its rows, and the token of the next page.
pub type Page<T> = (Vec<T>, String);

impl<T: Name> List<T> {
    /// Prints the list. `page` requests at most so many rows, after a token.
    ///
    /// # Errors
    /// [`Error`] of a page; the rows that were printed before stay.
    pub async fn print(
        &self,
        printer: &mut Printer,
        limit: Option<u64>,
        mut page: impl AsyncFnMut(i32, String) -> Result<Page<T>, Error>,
    ) -> Result<(), Error> {
        let mut rows = Rows::new(printer, self.name, self.columns);
        let mut token = String::new();
        loop {
            let left = limit.map_or(u64::MAX, |limit| limit.saturating_sub(rows.count()));
            let max = i32::try_from(left).unwrap_or(PAGE_ROWS).min(PAGE_ROWS);
            let (page, next) = page(max, token).await?;
            rows.write(&page, self.row, json::of)?;
            token = next;
            if token.is_empty() || limit.is_some_and(|limit| limit <= rows.count()) {
                return self.end(rows, token);
            }
        }
    }

    /// Ends the output like one answer: with the token of the rows that were left out.
    fn end(&self, rows: Rows, token: String) -> Result<(), Error> {
        if !token.is_empty() {
            eprintln!("these are the first {}; there are more, see --limit", rows.count());
        }
        let none = if rows.count() == 0 { format!("{}\n", self.none) } else { String::new() };
        rows.end(&[("next_page_token", token.into())], &none)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::io::{self, Write};
    use std::rc::Rc;

    use super::super::table::{left, right};
    use super::*;
    use crate::proto::v1::PoolUsage;

    const POOLS: List<PoolUsage> = List {
        name: "pools",
        columns: &[left("pool"), right("limit")],
        row: |pool| vec![pool.pool_id.clone(), pool.limit.to_string()],
        none: "no pool",
    };

    #[derive(Clone, Default)]
    struct Buffer(Rc<RefCell<Vec<u8>>>);

    impl Write for Buffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Output for a list of so many pools, on pages of two.
    async fn written(json: bool, pools: usize, limit: Option<u64>) -> String {
        let paper = Buffer::default();
        let mut printer = Printer::new(json, None, paper.clone());
        let page = async |max: i32, token: String| {
            let start: usize = token.parse().unwrap_or_default();
            let end = pools.min(start + usize::try_from(max).unwrap().min(2));
            let pool = |at: usize| PoolUsage { pool_id: format!("p{at}"), limit: 9 + at as u64, ..Default::default() };
            Ok(((start..end).map(pool).collect(), if end < pools { end.to_string() } else { String::new() }))
        };
        POOLS.print(&mut printer, limit, page).await.expect("a list");
        let written = paper.0.borrow().clone();
        String::from_utf8(written).expect("text")
    }

    #[tokio::test]
    async fn pages_are_one_table() {
        assert_eq!(written(false, 0, None).await, "no pool\n");
        assert_eq!(written(false, 3, None).await, "pool  limit\np0        9\np1       10\np2       11\n");
        assert_eq!(written(false, 3, Some(1)).await, "pool  limit\np0        9\n");
    }

    #[tokio::test]
    async fn pages_are_one_document() {
        for (pools, limit, rows, token) in [(0, None, 0, ""), (1, None, 1, ""), (5, None, 5, ""), (5, Some(3), 3, "3")]
        {
            let document: serde_json::Value = serde_json::from_str(&written(true, pools, limit).await).expect("JSON");
            assert_eq!(document["pools"].as_array().map(Vec::len), Some(rows));
            assert_eq!(document["next_page_token"], token);
        }
    }
}
