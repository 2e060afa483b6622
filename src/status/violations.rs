//! Collects the invalid fields of a request, so that a caller learns of all of them at once.

use std::fmt;

use crate::ids::{IdError, TenantId};

/// One invalid field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path of the field in the request, such as `tenant.policy.lease_ttl` or `user_ids[3]`.
    pub field: String,
    /// Condition that the field must meet, such as "must not be empty".
    pub text: String,
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.text)
    }
}

/// All invalid fields, in the order in which they were checked.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct FieldViolations(Vec<FieldViolation>);

impl FieldViolations {
    pub fn add(&mut self, field: impl Into<String>, text: impl Into<String>) {
        self.0.push(FieldViolation { field: field.into(), text: text.into() });
    }

    /// Returns the parsed value, or adds the error as a violation of the field.
    pub fn value<T>(&mut self, field: &str, parsed: Result<T, impl fmt::Display>) -> Option<T> {
        parsed.inspect_err(|error| self.add(field, error.to_string())).ok()
    }

    /// `tenant_id`, which nearly every request has.
    pub fn tenant(&mut self, tenant_id: &str) -> Option<TenantId> {
        self.value("tenant_id", TenantId::parse(tenant_id))
    }

    /// Parses an optional id; empty is `None`.
    pub fn optional<T>(&mut self, field: &str, text: &str, parse: fn(&str) -> Result<T, IdError>) -> Option<T> {
        if text.is_empty() { None } else { self.value(field, parse(text)) }
    }

    /// Parses a list of at most `max` ids; each invalid id is named by its index.
    pub fn each<T>(
        &mut self,
        field: &str,
        texts: &[String],
        max: usize,
        parse: fn(&str) -> Result<T, IdError>,
    ) -> Vec<T> {
        if texts.len() > max {
            self.add(field, format!("must hold at most {max} items"));
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

    /// Returns the parsed value if there is no violation. `parsed` may return `None` only if a violation was added.
    ///
    /// # Errors
    /// The violations.
    pub fn finish<T>(self, parsed: impl FnOnce() -> Option<T>) -> Result<T, FieldViolations> {
        if self.0.is_empty() { parsed().ok_or(self) } else { Err(self) }
    }

    pub fn into_vec(self) -> Vec<FieldViolation> {
        self.0
    }
}
