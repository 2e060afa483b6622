//! The command line and the database URL: accepted settings can be passed again as they are displayed, and no password
//! is ever displayed.

use clap::{CommandFactory, Parser};
use secrecy::SecretString;
use usher::commands::{Cli, Command};
use usher::config::{Config, ConfigError};
use usher::store::postgres::DatabaseUrl;

use super::fuzz;

/// Settings that cannot be passed again: the database URL is displayed without its password.
const NOT_GIVEN_BACK: [&str; 3] = ["demo", "migrate-on-start", "database-url"];
/// Options without a value.
const SWITCHES: [&str; 3] = ["tls-1-2", "authenticate", "insecure"];

/// Returns the configuration of these arguments, without environment variables; `None`: the command line does not
/// parse.
fn config(arguments: impl IntoIterator<Item = String>) -> Option<Result<Config, ConfigError>> {
    let words = ["usher".to_owned(), "serve".to_owned()].into_iter().chain(arguments);
    match Cli::try_parse_from(words).ok()?.command {
        Command::Serve(serve) => Some(Config::new(&serve, &|_| None)),
        _ => None,
    }
}

fn check(names: &[String], bytes: &[u8]) {
    // Each line is an option: one byte for its number, then its value.
    let lines = bytes.split(|byte| *byte == b'\n').filter_map(|line| line.split_first());
    let arguments = lines.map(|(number, value)| {
        let name = &names[usize::from(*number) % names.len()];
        format!("--{name}={}", String::from_utf8_lossy(value))
    });
    let Some(Ok(config)) = config(arguments) else { return };
    let settings = config.settings();
    let shown = settings.iter().filter(|(name, _)| !NOT_GIVEN_BACK.contains(name));
    // An empty value means that the option is not set.
    let given =
        shown.filter(|(_, value)| !value.is_empty()).filter_map(|(name, value)| match SWITCHES.contains(name) {
            true => (value == "true").then(|| format!("--{name}")),
            false => Some(format!("--{name}={value}")),
        });
    let again = self::config(given).expect("it was shown").expect("it was accepted").settings();
    let same = |settings: &[(&str, String)]| -> Vec<String> {
        let kept = settings.iter().filter(|(name, _)| !NOT_GIVEN_BACK.contains(name) && *name != "data-dir");
        kept.map(|(name, value)| format!("{name}={value}")).collect()
    };
    assert_eq!(same(&settings), same(&again));
}

#[test]
fn options_of_the_command_line() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").expect("the command");
    let mut names: Vec<_> = serve.get_opts().filter_map(|option| option.get_long().map(str::to_owned)).collect();
    names.sort();
    fuzz("config", 4, |bytes| check(&names, bytes));
}

fn refusal(url: &str) -> Option<String> {
    DatabaseUrl::parse(&SecretString::from(url)).err().map(|error| format!("{error} {error:?}"))
}

#[test]
fn urls_of_databases() {
    let always = refusal("").expect("no URL");
    fuzz("url", 1, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let Ok(url) = DatabaseUrl::parse(&SecretString::from(&*text)) else {
            // The error quotes nothing: any part of a mistyped URL may be the password.
            return assert_eq!(refusal(&text).as_ref(), Some(&always));
        };
        let shown = format!("{url} {url:?}").replace("postgres", "");
        let parsed = text.parse::<tokio_postgres::Config>().expect("it was accepted");
        let Some(password) = parsed.get_password().and_then(|password| std::str::from_utf8(password).ok()) else {
            return;
        };
        // A short password occurs in any text by chance, and one with punctuation can arise from several parts.
        let recognizable = password.len() >= 4 && password.chars().all(char::is_alphanumeric);
        let elsewhere = format!("{:?}{:?}{:?}", parsed.get_user(), parsed.get_dbname(), parsed.get_hosts());
        assert!(!recognizable || elsewhere.contains(password) || !shown.contains(password), "{shown}");
    });
}
