//! Field masks of updates: select the fields that are changed, and their new values.

use prost_types::FieldMask;

use crate::status::FieldViolations;

/// The field mask of an update.
#[derive(Debug, Default)]
pub struct Mask {
    /// Empty: every field that is set in the message.
    paths: Vec<String>,
}

/// Effect of an update on one field.
#[derive(Debug, PartialEq, Eq)]
pub enum Field<T> {
    Stays,
    /// Named by the mask, but not set in the message: the field gets its default.
    Reset,
    Becomes(T),
}

impl Mask {
    /// Parses a mask. Each path must be one of `known`, the fields that can be changed, or a parent of some of them.
    /// `NAME.*` in `known` means every entry of the map.
    pub fn parse(problems: &mut FieldViolations, mask: Option<FieldMask>, known: &[&str], read_only: &[&str]) -> Self {
        let paths = mask.unwrap_or_default().paths;
        // A mask may name a field twice, but one with more paths than this is a mistake.
        if paths.len() > 100 {
            problems.add("update_mask", "must hold at most 100 paths");
            return Self::default();
        }
        for path in &paths {
            if read_only.contains(&path.as_str()) {
                problems.add("update_mask", format!("must not name {path}, which cannot be changed"));
            } else if !known.iter().any(|field| covers(path, field) || is_entry(path, field)) {
                let path: String = path.chars().take(64).collect();
                problems.add("update_mask", format!("must not name {path:?}, which is no field to update"));
            }
        }
        Self { paths }
    }

    /// Returns the effect on a field. `set`: its value in the message, if it is set there.
    pub fn pick<T>(&self, field: &str, set: Option<T>) -> Field<T> {
        let named = self.paths.iter().any(|path| covers(path, field));
        match set {
            Some(value) if named || self.paths.is_empty() => Field::Becomes(value),
            None if named => Field::Reset,
            _ => Field::Stays,
        }
    }

    /// Names of the entries of a map that the mask names one by one.
    pub fn entries<'m>(&'m self, map: &'m str) -> impl Iterator<Item = &'m str> {
        self.paths.iter().filter_map(move |path| path.strip_prefix(map)?.strip_prefix('.'))
    }

    /// Returns the new value of a field for which an empty value means "not set"; `None`: the field stays.
    pub fn pick_or_empty<T: Default + PartialEq>(&self, field: &str, value: T) -> Option<T> {
        match self.pick(field, (value != T::default()).then_some(value)) {
            Field::Stays => None,
            Field::Reset => Some(T::default()),
            Field::Becomes(value) => Some(value),
        }
    }
}

/// True if `path` is the field, or the message that contains the field.
fn covers(path: &str, field: &str) -> bool {
    field.strip_prefix(path).is_some_and(|rest| !path.is_empty() && (rest.is_empty() || rest.starts_with('.')))
}

/// True if `path` is an entry of the map that `field` stands for, such as `attributes.desk` for `attributes.*`.
fn is_entry(path: &str, field: &str) -> bool {
    let entry = field.strip_suffix('*').and_then(|map| path.strip_prefix(map));
    entry.is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::testing::fields;
    use super::*;

    const KNOWN: [&str; 4] = ["name", "policy.lease_ttl", "policy.max_session", "attributes.*"];

    fn mask(paths: &[&str]) -> (Mask, Vec<String>) {
        let mut problems = FieldViolations::default();
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        let mask = Mask::parse(&mut problems, Some(FieldMask { paths }), &KNOWN, &["etag"]);
        (mask, fields(problems))
    }

    #[test]
    fn a_mask_decides_what_becomes_of_a_field() {
        let check = |paths: &[&str], set: Option<u8>, expected| {
            let (mask, problems) = mask(paths);
            assert_eq!(problems, Vec::<String>::new());
            assert_eq!(mask.pick("policy.lease_ttl", set), expected, "{paths:?} {set:?}");
        };
        check(&[], Some(1), Field::Becomes(1));
        check(&[], None, Field::Stays);
        check(&["policy.lease_ttl"], Some(1), Field::Becomes(1));
        check(&["policy.lease_ttl"], None, Field::Reset);
        check(&["policy"], Some(1), Field::Becomes(1));
        check(&["policy"], None, Field::Reset);
        check(&["name"], Some(1), Field::Stays);
        check(&["name", "policy"], Some(1), Field::Becomes(1));
    }

    #[test]
    fn entries_of_a_map_are_named_one_by_one() {
        let (mask, problems) = mask(&["attributes.desk", "attributes.a.b", "name"]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(mask.entries("attributes").collect::<Vec<_>>(), ["desk", "a.b"]);
        assert_eq!(mask.pick("attributes", Some(1)), Field::Stays);
    }

    #[test]
    fn a_mask_names_only_fields_that_can_be_changed() {
        for path in [
            "",
            "*",
            "nonsense",
            "polic",
            "policy.",
            "policy.lease",
            "name.x",
            "etag",
            "Name",
            "attributes.",
            "attribute",
        ] {
            assert_eq!(mask(&[path]).1, ["update_mask"], "{path:?}");
        }
        assert_eq!(mask(&["x", "name", "y"]).1, ["update_mask", "update_mask"]);
        assert_eq!(mask(&["x"; 101]).1, ["update_mask"]);
    }
}
