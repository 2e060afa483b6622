//! What does not add up: the first few, and how many more there are.

/// Problems that are told. More of them say nothing more.
const MOST: usize = 20;

#[derive(Debug, Default)]
pub struct Problems {
    told: Vec<String>,
    more: u64,
}

impl Problems {
    pub fn add(&mut self, what: String) {
        // Of rows that lack the same thing, one tells it.
        if self.told.len() < MOST && self.told.last() != Some(&what) {
            self.told.push(what);
        } else {
            self.more += 1;
        }
    }

    pub fn told(mut self) -> Vec<String> {
        if self.more > 0 {
            self.told.push(format!("and {} problems more", self.more));
        }
        self.told
    }
}
