//! Profile of a user.

/// Properties of a user for people and filters; no decision depends on them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    pub given_name: Box<str>,
    pub family_name: Box<str>,
    pub groups: Vec<Box<str>>,
    /// Sorted by key, each key once.
    pub attributes: Vec<(Box<str>, Box<str>)>,
}

impl Profile {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
