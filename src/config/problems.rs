//! What is found while a configuration is read.

use std::path::Path;

use super::ConfigError;
use crate::files::Others;

/// Collects what is wrong, so that one run tells it all.
#[derive(Default)]
pub(super) struct ConfigProblems {
    pub wrong: Vec<String>,
    /// Files that others on this machine can read or write, and should not.
    pub exposed: Vec<String>,
}

impl ConfigProblems {
    /// The value, or `instead` and a problem: then the configuration is never used.
    pub fn take<T>(&mut self, option: &str, value: Result<T, String>, instead: T) -> T {
        value.unwrap_or_else(|problem| {
            self.wrong.push(format!("{option}: {problem}"));
            instead
        })
    }

    pub fn some<T>(&mut self, option: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|problem| self.wrong.push(format!("{option}: {problem}"))).ok()
    }

    pub fn add(&mut self, problem: impl Into<String>) {
        self.wrong.push(problem.into());
    }

    /// Whether something is wrong with this option already: what only follows from that is no second mistake.
    pub fn mentions(&self, option: &str) -> bool {
        self.wrong.iter().any(|problem| problem.starts_with(option))
    }

    /// Notes that others can read a file that holds a secret.
    pub fn look_at_secret(&mut self, option: &str, path: &Path) {
        if Others::Read.can(path) {
            let path = path.display();
            self.exposed
                .push(format!("{option}: {path} holds a secret, and others on this machine can read it: chmod 600"));
        }
    }

    /// Notes that others can write to a file that says whom to trust.
    pub fn look_at_trusted(&mut self, option: &str, path: &Path) {
        if Others::Write.can(path) {
            let path = path.display();
            self.exposed.push(format!("{option}: others on this machine can write to {path}: chmod o-w"));
        }
    }

    pub fn none_or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.wrong.is_empty() { Ok(value) } else { Err(ConfigError(self.wrong)) }
    }
}
