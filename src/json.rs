//! JSON of signed documents. No member of an object may occur twice, and a reader takes the members out of an object by
//! name. A reader can refuse the members that are left: in a license these could be restrictions that this release does
//! not know.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The largest number in a document: the largest that every JSON reader keeps exactly, 2^53 - 1.
pub const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A mistake in a document, and its position: `entitlements[1].seats`. Of the document it quotes only the names of
/// members, escaped and cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Path of the member; empty: the document as a whole.
    pub member: String,
    pub what: String,
}

impl Wrong {
    /// A mistake in the document as a whole.
    pub fn whole(what: impl Into<String>) -> Self {
        Self { member: String::new(), what: what.into() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.member.is_empty() { f.write_str(&self.what) } else { write!(f, "{}: {}", self.member, self.what) }
    }
}

impl std::error::Error for Wrong {}

/// A value. Types that no document of ours contains are not distinguished.
#[derive(Debug)]
pub enum Json {
    Number(u64),
    /// A number that is negative or has a fraction.
    Fraction(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
    /// `null` or a boolean.
    Other,
}

/// An object, from which members are taken.
#[derive(Debug)]
pub struct Object {
    /// Path of the object; empty: it is the document.
    path: String,
    members: BTreeMap<String, Json>,
}

/// A member of an object or an item of a list, and its path.
#[derive(Debug)]
pub struct Member {
    path: String,
    value: Json,
}

impl Object {
    /// Parses a document, which must be an object.
    pub fn parse(bytes: &[u8]) -> Result<Self, Wrong> {
        let parsed = serde_json::from_slice(bytes).map_err(|error| Wrong::whole(format!("is not JSON: {error}")))?;
        Member { path: String::new(), value: parsed }.object()
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Takes an optional member.
    pub fn may(&mut self, name: &str) -> Option<Member> {
        self.members.remove(name).map(|value| Member { path: self.path_of(name), value })
    }

    /// Takes a required member.
    pub fn need(&mut self, name: &str) -> Result<Member, Wrong> {
        self.may(name).ok_or_else(|| Wrong { member: self.path_of(name), what: "is missing".into() })
    }

    /// The remaining members by name, for objects that are maps.
    pub fn rest(self) -> impl Iterator<Item = (String, Member)> {
        let path = self.path;
        let inner = move |name: &str| format!("{path}.{}", shown(name));
        self.members.into_iter().map(move |(name, value)| (name.clone(), Member { path: inner(&name), value }))
    }

    /// The remaining members, as they are.
    pub fn members(self) -> BTreeMap<String, Json> {
        self.members
    }

    /// Refuses members that were not taken.
    pub fn end(self) -> Result<(), Wrong> {
        match self.members.first_key_value() {
            None => Ok(()),
            Some((name, _)) => Err(Wrong { member: self.path_of(&shown(name)), what: "is unknown".into() }),
        }
    }
}

impl Member {
    /// A mistake in this member.
    pub fn wrong(&self, what: impl fmt::Display) -> Wrong {
        let member = self.path.clone();
        Wrong { member, what: what.to_string() }
    }

    /// The value, of any type.
    pub fn value(&self) -> &Json {
        &self.value
    }

    /// The value as a text.
    pub fn text(&self) -> Result<&str, Wrong> {
        match &self.value {
            Json::Text(text) => Ok(text),
            _ => Err(self.wrong("must be a text")),
        }
    }

    /// Parses a text with `parse`.
    pub fn parsed<T, E: fmt::Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, Wrong> {
        parse(self.text()?).map_err(|error| self.wrong(error))
    }

    /// The value as a whole number in `range`.
    pub fn number(&self, range: RangeInclusive<u64>) -> Result<u64, Wrong> {
        match self.value {
            Json::Number(number) if range.contains(&number) => Ok(number),
            _ => Err(self.wrong(format_args!("must be a whole number from {} to {}", range.start(), range.end()))),
        }
    }

    /// The value as a list; its items have paths such as `entitlements[1]`.
    pub fn list(self) -> Result<impl Iterator<Item = Member>, Wrong> {
        let Member { path, value: Json::List(items) } = self else { return Err(self.wrong("must be a list")) };
        let items = items.into_iter().enumerate();
        Ok(items.map(move |(at, value)| Member { path: format!("{path}[{at}]"), value }))
    }

    /// The value as an object.
    pub fn object(self) -> Result<Object, Wrong> {
        match self {
            Member { path, value: Json::Object(members) } => Ok(Object { path, members }),
            other => Err(other.wrong("must be an object")),
        }
    }
}

/// Shows a name from a document: a plain word as it is, anything else escaped and cut.
fn shown(name: &str) -> String {
    const MAX_NAME_CHARS: usize = 64;
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
    if !name.is_empty() && name.len() <= MAX_NAME_CHARS && name.chars().all(plain) {
        return name.to_owned();
    }
    format!("{:?}", name.chars().take(MAX_NAME_CHARS).collect::<String>())
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Other)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(u64::try_from(number).map_or(Json::Fraction(number as f64), Json::Number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Fraction(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = entries.next_entry::<String, Json>()? {
            // JSON readers differ in which of the two members they use.
            if members.contains_key(&name) {
                return Err(A::Error::custom(format_args!("the member {} stands twice", shown(&name))));
            }
            members.insert(name, value);
        }
        Ok(Json::Object(members))
    }
}
