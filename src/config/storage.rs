//! Location of the data: a folder, or a database whose URL contains a secret.

use secrecy::SecretString;

use super::{ConfigError, ConfigProblems, Environment, Storage, args};
use crate::store::postgres::DatabaseUrl;

/// Parses the store that a command is about.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn store(args: &args::Storage, environment: Environment) -> Result<Storage, ConfigError> {
    let mut problems = ConfigProblems::default();
    let storage = storage(args, false, environment, &mut problems);
    problems.none_or(storage)
}

/// Parses the database to which `usher store copy` copies: the option, or the variables of `serve`.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn copy_target(to_url: Option<&SecretString>, environment: Environment) -> Result<DatabaseUrl, ConfigError> {
    let mut problems = ConfigProblems::default();
    let url = match database_url(("--to-url", to_url), environment, &mut problems) {
        Some((source, url)) => problems.some(&source, DatabaseUrl::parse(&url).map_err(|error| error.to_string())),
        // A file that cannot be read is reported as such, and not as missing.
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
    args: &args::Storage,
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
        // Guessing would put data where nobody expects it.
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

/// The database's URL and its source: the option, then the variables, those named USHER_… first.
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
                    problems.check_secret_file(&file, path.as_ref());
                    return Some((file, url.trim().into()));
                }
                Err(error) => problems.add(format!("{file}: {path}: {error}")),
            },
            (None, None) => {}
        }
    }
    None
}
