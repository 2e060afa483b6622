//! Where the data lie: a folder, or a database whose URL holds a secret.

use secrecy::SecretString;

use super::{ConfigError, ConfigProblems, Environment, Storage};
use crate::cli;
use crate::store::postgres::DatabaseUrl;

/// The store that a command is about.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn store(args: &cli::Storage, environment: Environment) -> Result<Storage, ConfigError> {
    let mut problems = ConfigProblems::default();
    let storage = storage(args, false, environment, &mut problems);
    problems.none_or(storage)
}

/// The database to which `usher store copy` copies: the option, or the variables that `serve` has.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn copy_target(args: &cli::store::Copy, environment: Environment) -> Result<DatabaseUrl, ConfigError> {
    let mut problems = ConfigProblems::default();
    let url = match database_url(("--to-url", args.to_url.as_ref()), environment, &mut problems) {
        Some((source, url)) => problems.some(&source, DatabaseUrl::parse(&url).map_err(|error| error.to_string())),
        // A file that cannot be read is told as what it is.
        None if problems.wrong.is_empty() => {
            problems.add("--to-url: is missing, and so are USHER_DATABASE_URL and DATABASE_URL");
            None
        }
        None => None,
    };
    match url {
        Some(url) => problems.none_or(url),
        None => Err(ConfigError(problems.wrong)),
    }
}

pub(super) fn storage(
    args: &cli::Storage,
    migrate: bool,
    environment: Environment,
    problems: &mut ConfigProblems,
) -> Storage {
    let embedded = || Storage::Embedded { folder: args.data_dir.clone().unwrap_or_else(|| "./data".into()) };
    let option = ("--database-url", args.database_url.as_ref());
    let Some((source, url)) = database_url(option, environment, problems) else {
        return embedded();
    };
    if args.data_dir.is_some() {
        // Guessing would put data where nobody looks for it.
        problems.add(format!("--data-dir and {source}: both are given, choose one"));
    }
    match DatabaseUrl::parse(&url) {
        Ok(url) => Storage::Postgres { url, migrate_on_start: migrate },
        Err(error) => {
            problems.add(format!("{source}: {error}"));
            embedded()
        }
    }
}

/// The database's URL and where it was found: the option, then the variables, ours first.
fn database_url(
    (option, url): (&str, Option<&SecretString>),
    environment: Environment,
    problems: &mut ConfigProblems,
) -> Option<(String, SecretString)> {
    if let Some(url) = url {
        return Some((option.into(), url.clone()));
    }
    for name in ["USHER_DATABASE_URL", "DATABASE_URL"] {
        let file = format!("{name}_FILE");
        match (environment(name), environment(&file)) {
            (Some(_), Some(_)) => problems.add(format!("{name} and {file}: both are given, choose one")),
            (Some(url), None) => return Some((name.into(), url.into())),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(url) => {
                    problems.look_at_secret(&file, path.as_ref());
                    return Some((file, url.trim().into()));
                }
                Err(error) => problems.add(format!("{file}: {path}: {error}")),
            },
            (None, None) => {}
        }
    }
    None
}
