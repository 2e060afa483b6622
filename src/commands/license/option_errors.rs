//! Mistakes in the options of a command.

use std::collections::BTreeMap;
use std::fmt::Display;

/// Collects mistakes, so that one run reports them all.
#[derive(Default)]
pub struct OptionErrors(pub Vec<String>);

impl OptionErrors {
    /// Returns the value; `None`: the option was not given, or is wrong and was added to the mistakes.
    pub fn take<T, E: Display>(
        &mut self,
        option: &str,
        given: Option<&str>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        parse(given?).map_err(|error| self.0.push(format!("{option}: {error}"))).ok()
    }

    /// Parses every value of an option that can be repeated; each wrong one is quoted.
    pub fn each<T, E: Display>(
        &mut self,
        option: &str,
        given: &[String],
        parse: impl Fn(&str) -> Result<T, E>,
    ) -> Vec<T> {
        given.iter().filter_map(|text| self.take(&format!("{option} {text}"), Some(text), &parse)).collect()
    }

    /// Parses values by name: `primary=100`.
    pub fn map<K: Ord, V>(
        &mut self,
        option: &str,
        given: &[String],
        key: impl Fn(&str) -> Result<K, String>,
        value: impl Fn(&str) -> Result<V, String>,
    ) -> BTreeMap<K, V> {
        let mut map = BTreeMap::new();
        for text in given {
            // A pool name may contain the sign, a value does not.
            let parsed = text.rsplit_once('=').ok_or_else(|| "must be NAME=VALUE".to_owned());
            let parsed = parsed.and_then(|(name, text)| Ok((key(name)?, value(text)?)));
            match parsed {
                Ok((name, _)) if map.contains_key(&name) => self.0.push(format!("{option} {text}: is given twice")),
                Ok((name, value)) => drop(map.insert(name, value)),
                Err(problem) => self.0.push(format!("{option} {text}: {problem}")),
            }
        }
        map
    }
}
