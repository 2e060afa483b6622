//! The history of values: each one with the audit event since which it held.

use std::collections::BTreeMap;

use usher::ids::EventNo;

#[derive(Debug)]
pub struct History<K, V>(BTreeMap<K, Vec<(EventNo, V)>>);

impl<K, V> Default for History<K, V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord, V: Clone + Default + PartialEq> History<K, V> {
    pub fn note(&mut self, key: K, no: EventNo, value: V) {
        let entries = self.0.entry(key).or_default();
        if entries.last().is_none_or(|(_, last)| *last != value) {
            entries.push((no, value));
        }
    }

    /// Every value that held at some time from `from` to the newest event; before the first value, the default.
    pub fn since(&self, key: &K, from: EventNo) -> Vec<V> {
        let entries = self.0.get(key).map(Vec::as_slice).unwrap_or_default();
        let first = entries.partition_point(|(no, _)| *no <= from);
        let before = first.checked_sub(1).map_or_else(V::default, |at| entries[at].1.clone());
        std::iter::once(before).chain(entries[first..].iter().map(|(_, value)| value.clone())).collect()
    }
}
