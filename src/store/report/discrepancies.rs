//! Inconsistencies of a shard: the first few of each table, and the number of further ones.

use std::collections::BTreeMap;

/// Maximum number of messages about a table. More of them add no information.
const MAX_OF_A_TABLE: usize = 10;

/// Messages about inconsistencies, limited per table.
#[derive(Debug, Default)]
pub struct Discrepancies {
    messages: Vec<String>,
    of_tables: BTreeMap<String, usize>,
    more: u64,
}

impl Discrepancies {
    /// Adds a message, which must begin with the name of its table.
    pub fn add(&mut self, what: String) {
        let table = what.split([' ', ':']).next().unwrap_or_default().to_owned();
        let count = self.of_tables.entry(table).or_default();
        // Equal messages in a row are reported once.
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
