//! What does not add up: the first few of each table, and how many more there are.

use std::collections::BTreeMap;

/// Problems that are told of a table. More of them say nothing more.
const MAX_OF_A_TABLE: usize = 10;

#[derive(Debug, Default)]
pub struct Discrepancies {
    messages: Vec<String>,
    of_tables: BTreeMap<String, usize>,
    more: u64,
}

impl Discrepancies {
    /// A problem begins with the table that it is of.
    pub fn add(&mut self, what: String) {
        let table = what.split([' ', ':']).next().unwrap_or_default().to_owned();
        let count = self.of_tables.entry(table).or_default();
        // Of rows that lack the same thing, one tells it.
        if *count < MAX_OF_A_TABLE && self.messages.last() != Some(&what) {
            *count += 1;
            self.messages.push(what);
        } else {
            self.more += 1;
        }
    }

    pub fn into_messages(mut self) -> Vec<String> {
        if self.more > 0 {
            let problems = if self.more == 1 { "problem" } else { "problems" };
            self.messages.push(format!("and {} {problems} more", self.more));
        }
        self.messages
    }
}
