//! Ids of users (R2).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{IdError, Text};
use crate::unicode::fold;

/// Longest user id in bytes, which is that of the longest email address; both as given and as folded.
pub const MAX_USER_ID_BYTES: usize = 254;

/// An email or login name, folded (R2): all spellings of it are one text.
///
/// Earlier releases folded less, so a store can contain two users whose ids are equal today. One of them keeps its
/// earlier id until an administrator decides (decision 51). To find that user, a parsed id remembers how earlier
/// releases would have folded the text, if that differs. Comparisons use today's id alone.
#[derive(Clone)]
pub struct UserId(Form);

#[derive(Clone)]
enum Form {
    Plain(Text),
    /// The id, and the id as earlier releases folded it.
    Given(Arc<[Text; 2]>),
}

/// As many user ids as sessions are in memory, so an id must be no larger than its text.
const _: () = assert!(size_of::<UserId>() == size_of::<Text>());

impl UserId {
    /// Parses and folds a user id (R2): at most 254 bytes, no white space, no control characters, and at least one
    /// visible character.
    ///
    /// # Errors
    /// [`IdError`] names what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(IdError::Empty);
        }
        if text.len() > MAX_USER_ID_BYTES {
            return Err(IdError::TooLong(MAX_USER_ID_BYTES));
        }
        if fold::is_plain_user_id(text) {
            return Ok(Self::stored(text));
        }
        let id = fold::user_id(text);
        check(&id)?;
        let earlier = fold::earlier_user_id(text);
        // An earlier id counts only if today's folding makes the same id of it.
        let differs = earlier != id && check(&earlier).is_ok() && fold::user_id(&earlier) == id;
        Ok(Self(match differs {
            true => Form::Given(Arc::new([id.into(), earlier.into()])),
            false => Form::Plain(id.into()),
        }))
    }

    /// Builds a user id read from the store, which contains only parsed ids, some of them folded by earlier releases.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(Form::Plain(text.into()))
    }

    /// A stored id as it is folded today; `None`: it is the same, or is not a valid id today.
    #[must_use]
    pub fn renewed(&self) -> Option<Self> {
        if fold::is_plain_user_id(self.as_str()) {
            return None;
        }
        Self::parse(self.as_str()).ok().filter(|id| id != self).map(|id| Self::stored(id.as_str()))
    }

    /// The id as earlier releases folded the given text, if that differs.
    #[must_use]
    pub fn earlier(&self) -> Option<Self> {
        match &self.0 {
            Form::Plain(_) => None,
            Form::Given(forms) => Some(Self(Form::Plain(forms[1].clone()))),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Form::Plain(id) => id,
            Form::Given(forms) => &forms[0],
        }
    }
}

fn check(id: &str) -> Result<(), IdError> {
    match id.len() {
        0 => Err(IdError::Invisible),
        1..=MAX_USER_ID_BYTES if id.chars().any(char::is_control) => Err(IdError::Control),
        1..=MAX_USER_ID_BYTES if id.chars().any(char::is_whitespace) => Err(IdError::Space),
        1..=MAX_USER_ID_BYTES => Ok(()),
        _ => Err(IdError::TooLong(MAX_USER_ID_BYTES)),
    }
}

impl PartialEq for UserId {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for UserId {}

impl PartialOrd for UserId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for UserId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for UserId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
