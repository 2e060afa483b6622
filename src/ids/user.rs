//! A person in one tenant (R2).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::{IdError, Text};
use crate::unicode::fold;

/// Longest user id in bytes: the longest email address. As it is given, and as it is when it is folded.
pub const MAX_USER_ID_BYTES: usize = 254;

/// An email or login name, folded (R2): whoever writes it, it is one text.
///
/// Earlier releases folded less, so that a store can hold two persons whose ids are one by now. One of them keeps the
/// id of before until somebody decides (decision 51). That one is found by the text as it would have been read then, which
/// an id that was given remembers where it differs. Ids are compared by what they are now alone.
#[derive(Clone)]
pub struct UserId(Form);

#[derive(Clone)]
enum Form {
    Plain(Text),
    /// With what it was to earlier releases.
    Given(Arc<[Text; 2]>),
}

/// There are as many as sessions.
const _: () = assert!(size_of::<UserId>() == size_of::<Text>());

impl UserId {
    /// Parses and folds a user id (R2): at most 254 bytes, no white space, no control characters, and something to see.
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
        // It must be another spelling of the same one.
        let differs = earlier != id && check(&earlier).is_ok() && fold::user_id(&earlier) == id;
        Ok(Self(match differs {
            true => Form::Given(Arc::new([id.into(), earlier.into()])),
            false => Form::Plain(id.into()),
        }))
    }

    /// A user id read back from the store, where only parsed ones are; those of earlier releases are as these parsed them.
    #[must_use]
    pub fn stored(text: &str) -> Self {
        Self(Form::Plain(text.into()))
    }

    /// What an id that was stored is today; `None`: it is that already, or nothing could be today.
    #[must_use]
    pub fn renewed(&self) -> Option<Self> {
        if fold::is_plain_user_id(self.as_str()) {
            return None;
        }
        Self::parse(self.as_str()).ok().filter(|id| id != self).map(|id| Self::stored(id.as_str()))
    }

    /// As it was read by earlier releases, if that was otherwise.
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
