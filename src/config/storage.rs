//! Location of the data: a folder, or databases whose URLs contain secrets.

use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, ConfigProblems, Environment, Storage, args};
use crate::store::postgres::DatabaseUrl;

/// Databases that an installation may have.
const MAX_DATABASES: usize = 64;

/// Parses the store that a command is about.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn store(args: &args::Storage, environment: Environment) -> Result<Storage, ConfigError> {
    let mut problems = ConfigProblems::default();
    let storage = storage(args, false, environment, &mut problems);
    problems.none_or(storage)
}

/// Parses the databases to which `usher store copy` copies: the option, or the variables of `serve`.
///
/// # Errors
/// [`ConfigError`] lists everything that is wrong.
pub fn copy_target(to_url: &[SecretString], environment: Environment) -> Result<Vec<DatabaseUrl>, ConfigError> {
    let mut problems = ConfigProblems::default();
    let urls = match database_urls(("--to-url", to_url), environment, &mut problems) {
        Some((source, texts)) => parsed(&source, &texts, &mut problems),
        // A file that cannot be read is reported as such, and not as missing.
        None if problems.wrong.is_empty() => {
            problems.add("--to-url: is missing, and so are USHER_DATABASE_URL and DATABASE_URL");
            Vec::new()
        }
        None => Vec::new(),
    };
    problems.none_or(urls)
}

pub(super) fn storage(
    args: &args::Storage,
    migrate: bool,
    environment: Environment,
    problems: &mut ConfigProblems,
) -> Storage {
    let embedded = || Storage::Embedded { folder: args.data_dir.clone().unwrap_or_else(|| "./data".into()) };
    let option = ("--database-url", &*args.database_url);
    let Some((source, texts)) = database_urls(option, environment, problems) else {
        return embedded();
    };
    if args.data_dir.is_some() {
        // Guessing would put data where nobody expects it.
        problems.add(format!("--data-dir and {source}: both are given, choose one"));
    }
    let urls = parsed(&source, &texts, problems);
    if urls.is_empty() { embedded() } else { Storage::Postgres { urls, migrate_on_start: migrate } }
}

/// Parses URLs, each text of which may contain several, separated by white space. Empty: something is wrong, and was
/// added.
fn parsed(source: &str, texts: &[SecretString], problems: &mut ConfigProblems) -> Vec<DatabaseUrl> {
    let mut words: Vec<&str> = texts.iter().flat_map(|text| text.expose_secret().split_whitespace()).collect();
    if words.is_empty() {
        // An empty URL is refused like any other text that is none.
        words.push("");
    }
    if words.len() > MAX_DATABASES {
        problems.add(format!("{source}: {} databases are more than {MAX_DATABASES}", words.len()));
        return Vec::new();
    }
    let mut urls = Vec::new();
    for (number, word) in words.iter().enumerate() {
        let of = if words.len() == 1 { String::new() } else { format!("cell {number}: ") };
        match DatabaseUrl::parse(&SecretString::from(*word)) {
            Ok(url) => urls.push(url),
            Err(error) => problems.add(format!("{source}: {of}{error}")),
        }
    }
    if urls.len() < words.len() {
        return Vec::new();
    }
    let name = |url: &DatabaseUrl| url.to_string();
    if let Some(at) = (1..urls.len()).find(|at| urls[..*at].iter().any(|other| name(other) == name(&urls[*at]))) {
        problems.add(format!("{source}: {} is given twice; each cell has a database of its own", urls[at]));
        return Vec::new();
    }
    urls
}

/// The URLs of the databases and their source: the option, then the variables, those named USHER_… first.
fn database_urls(
    (option, urls): (&str, &[SecretString]),
    environment: Environment,
    problems: &mut ConfigProblems,
) -> Option<(String, Vec<SecretString>)> {
    if !urls.is_empty() {
        return Some((option.into(), urls.to_vec()));
    }
    for name in ["USHER_DATABASE_URL", "DATABASE_URL"] {
        let file = format!("{name}_FILE");
        match (environment(name), environment(&file)) {
            (Some(_), Some(_)) => problems.add(format!("{name} and {file}: both are given, choose one")),
            (Some(urls), None) => return Some((name.into(), vec![urls.into()])),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(urls) => {
                    problems.check_secret_file(&file, path.as_ref());
                    return Some((file, vec![urls.into()]));
                }
                Err(error) => problems.add(format!("{file}: {path}: {error}")),
            },
            (None, None) => {}
        }
    }
    None
}
