//! Collects mistakes while a configuration is read.

use std::path::Path;

use super::ConfigError;
use crate::files::Others;

/// Collects all mistakes, so that one run reports them all.
#[derive(Default)]
pub(crate) struct ConfigProblems {
    pub wrong: Vec<String>,
    /// Warnings about files that other users of this machine can read or write.
    pub exposed: Vec<String>,
}

impl ConfigProblems {
    /// Returns the value; or adds the mistake and returns `instead`, with which the configuration is never used.
    pub fn take<T>(&mut self, option: &str, value: Result<T, String>, instead: T) -> T {
        value.unwrap_or_else(|problem| {
            self.wrong.push(format!("{option}: {problem}"));
            instead
        })
    }

    /// Returns the value; `None`: it is wrong, and the mistake was added.
    pub fn some<T>(&mut self, option: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|problem| self.wrong.push(format!("{option}: {problem}"))).ok()
    }

    /// Adds a mistake.
    pub fn add(&mut self, problem: impl Into<String>) {
        self.wrong.push(problem.into());
    }

    /// True if a mistake in this option was added already: what only follows from it is no second mistake.
    pub fn mentions(&self, option: &str) -> bool {
        self.wrong.iter().any(|problem| problem.starts_with(option))
    }

    /// Adds a warning if other users can read a file that contains a secret.
    pub fn check_secret_file(&mut self, option: &str, path: &Path) {
        if Others::Read.can(path) {
            let path = path.display();
            self.exposed
                .push(format!("{option}: {path} holds a secret, and others on this machine can read it: chmod 600"));
        }
    }

    /// Adds a warning if other users can write to a file that configures trust.
    pub fn check_trusted_file(&mut self, option: &str, path: &Path) {
        if Others::Write.can(path) {
            let path = path.display();
            self.exposed.push(format!("{option}: others on this machine can write to {path}: chmod o-w"));
        }
    }

    /// Returns `value` if there are no mistakes.
    pub fn none_or<T>(self, value: T) -> Result<T, ConfigError> {
        if self.wrong.is_empty() { Ok(value) } else { Err(ConfigError(self.wrong)) }
    }
}
