//! Collects what is wrong with a request, so that a caller learns of every field at once.

use std::fmt;

use crate::ids::{IdError, TenantId};

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path in the request, such as `tenant.policy.lease_ttl` or `user_ids[3]`.
    pub field: String,
    /// What the field must be: "must not be empty".
    pub text: String,
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.text)
    }
}

/// Every field that is wrong, in the order in which they were looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FieldViolations(Vec<FieldViolation>);

impl FieldViolations {
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.push(FieldViolation { field: field.into(), text: text.into() });
    }

    /// The value, or a problem of the field.
    pub fn value<T>(&mut self, field: &str, parsed: Result<T, impl fmt::Display>) -> Option<T> {
        parsed.inspect_err(|error| self.add(field, error.to_string())).ok()
    }

    /// `tenant_id`, which nearly every request has.
    pub fn tenant(&mut self, tenant_id: &str) -> Option<TenantId> {
        self.value("tenant_id", TenantId::parse(tenant_id))
    }

    /// An id that need not be given: empty is `None`.
    pub fn optional<T>(&mut self, field: &str, text: &str, parse: fn(&str) -> Result<T, IdError>) -> Option<T> {
        if text.is_empty() { None } else { self.value(field, parse(text)) }
    }

    /// A list of at most `most` ids; each bad one is named by its place.
    pub fn each<T>(
        &mut self,
        field: &str,
        texts: &[String],
        most: usize,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Vec<T> {
        if texts.len() > most {
            self.add(field, format!("must hold at most {most} items"));
            return Vec::new();
        }
        let mut values = Vec::with_capacity(texts.len());
        for (at, text) in texts.iter().enumerate() {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(error) => self.add(format!("{field}[{at}]"), error.to_string()),
            }
        }
        values
    }

    /// What was parsed, if nothing is wrong. `parsed` answers `None` only where a problem was added.
    pub fn finish<T>(self, parsed: impl FnOnce() -> Option<T>) -> Result<T, FieldViolations> {
        if self.0.is_empty() { parsed().ok_or(self) } else { Err(self) }
    }

    pub fn into_vec(self) -> Vec<FieldViolation> {
        self.0
    }
}
