//! Tests: accepted configurations, refused ones, and that no secret is ever shown.

mod channels;

use clap::{CommandFactory, Parser};

use super::values::{pace, rate, size};
use super::*;
use crate::auth::rate::Rate;
use crate::auth::token::Token;
use crate::commands::{Cli, Command};

fn serve(arguments: &str) -> args::Serve {
    let words = ["usher", "serve"].into_iter().chain(arguments.split_whitespace());
    match Cli::try_parse_from(words).expect("the arguments parse").command {
        Command::Serve(serve) => *serve,
        other => panic!("not serve: {other:?}"),
    }
}

/// A configuration from arguments and an environment of `NAME=value`.
fn config(arguments: &str, environment: &[&str]) -> Result<Config, ConfigError> {
    let find = |name: &str| {
        let pairs = environment.iter().filter_map(|pair| pair.split_once('='));
        pairs.filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).next()
    };
    Config::new(&serve(arguments), &find)
}

fn problems(arguments: &str, environment: &[&str]) -> Vec<String> {
    config(arguments, environment).expect_err("a problem").0
}

#[test]
fn the_defaults_are_those_of_the_documentation() {
    let config = config("", &[]).unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:50051");
    assert_eq!(config.ops_listen.to_string(), "127.0.0.1:9464");
    assert_eq!(config.drain_timeout, Duration::from_secs(20));
    assert_eq!(config.storage.to_string(), "./data");
    assert_eq!((config.shards, config.demo, config.demo_seats), (1, false, 2));
    assert_eq!(config.database_connections, 4);
    assert_eq!(config.audit_retention, Some(400 * DAY));
    assert_eq!((config.limits.server.max_seat_request, config.limits.server.max_request), (64 * 1024, 4 * 1024 * 1024));
    assert_eq!(config.limits.max_batch_items, 1000);
    assert_eq!(config.rates, RateLimits::DEFAULT);
}

#[test]
fn every_mistake_is_reported_at_once() {
    let arguments = "--listen here --ops-listen 127.0.0.1:1 --drain-timeout soon --shards 0 --demo-seats many \
                     --log-format xml --log usher=loud --max-request 4GB --deadline 2m --max-streams 0";
    let found = problems(arguments, &[]);
    for (problem, start) in found.iter().zip([
        "--listen: \"here\" is not an address",
        "--drain-timeout: \"soon\" is not a duration",
        "--shards: \"0\" is not a number from 1 to 1024",
        "--demo-seats: \"many\" is not a number from 0",
        "--log: \"usher=loud\"",
        "--log-format: \"xml\" is neither text nor json",
        "--max-streams: \"0\" is not a number from 1",
        "--max-request: \"4GB\" is not a size",
        "--deadline: 2m is longer than --max-deadline, which is 1m",
    ]) {
        assert!(problem.starts_with(start), "{problem} should start with {start}");
    }
    assert_eq!(found.len(), 9, "{found:#?}");
}

/// A mistake that only follows from another one is not reported.
#[test]
fn one_mistake_is_reported_once() {
    for (arguments, start) in [
        ("--deadline 10", "--deadline: \"10\" is not a duration"),
        ("--max-deadline 10", "--max-deadline: \"10\" is not a duration"),
        ("--listen 0.0.0.0:1 --admin-token-file /nowhere/x", "--admin-token-file: /nowhere/x: "),
        (
            "--smtp-url smtp://mail --mail-from u@x.example --smtp-user u --smtp-password-file /nowhere/x",
            "--smtp-password-file: /nowhere/x: ",
        ),
        ("--webhook-url https://h.example --webhook-secret-file /nowhere/x", "--webhook-secret-file: /nowhere/x: "),
        ("--database-url nowhere", "--database-url: "),
    ] {
        let found = problems(arguments, &[]);
        assert!(found.len() == 1 && found[0].starts_with(start), "{arguments}: {found:?}");
    }
}

#[test]
fn the_audit_is_kept_for_days_or_for_ever() {
    let kept = |text: &str| config(&format!("--audit-retention {text}"), &[]).map(|config| config.audit_retention);
    for (text, expected, shown) in [
        ("1d", Some(DAY), "1d"),
        ("400days", Some(400 * DAY), "400d"),
        ("1d12h", Some(DAY + DAY / 2), "1day 12h"),
        ("forever", None, "forever"),
    ] {
        assert_eq!(kept(text), Ok(expected), "{text}");
        let settings = config(&format!("--audit-retention {text}"), &[]).unwrap().settings();
        let setting = settings.iter().find(|(name, _)| *name == "audit-retention").unwrap();
        assert_eq!(setting.1, shown, "{text}");
    }
    for text in ["0s", "23h", "never", "-1d"] {
        let message = problems(&format!("--audit-retention={text}"), &[]);
        let start = format!("--audit-retention: {text:?} is not a duration such as 400d");
        assert!(message.len() == 1 && message[0].starts_with(&start), "{message:?}");
    }
}

#[test]
fn one_address_cannot_serve_both_ports_unless_the_system_chooses_them() {
    let same = problems("--listen 127.0.0.1:7 --ops-listen 127.0.0.1:7", &[]);
    assert_eq!(same, ["--listen and --ops-listen: both are 127.0.0.1:7"]);
    assert!(config("--listen 127.0.0.1:0 --ops-listen 127.0.0.1:0", &[]).is_ok());
}

#[test]
fn peers_have_the_next_port_unless_they_are_given_one() {
    let postgres = ["DATABASE_URL=postgres://u@h/d"];
    let peers = |arguments: &str| config(arguments, &postgres).unwrap().peers;
    for (arguments, listens) in [
        ("", "127.0.0.1:50052"),
        ("--listen [::1]:7", "[::1]:8"),
        ("--listen 127.0.0.1:0 --ops-listen 127.0.0.1:0", "127.0.0.1:0"),
        ("--listen 127.0.0.1:65535 --peer-listen 127.0.0.1:9", "127.0.0.1:9"),
        ("--peer-listen=", "127.0.0.1:50052"),
        ("--peer-listen 10.1.2.3:7", "10.1.2.3:7"),
    ] {
        assert_eq!(peers(arguments).listen.to_string(), listens, "{arguments}");
    }
    assert!(peers("--solo").solo && !peers("").solo);
    for (arguments, expected) in [
        ("--peer-listen here", "--peer-listen: \"here\" is not an address"),
        ("--listen 127.0.0.1:65535", "--peer-listen: is missing, and there is no port after that of --listen"),
        ("--peer-listen 127.0.0.1:50051", "--listen and --peer-listen: both are 127.0.0.1:50051"),
        ("--ops-listen 127.0.0.1:50052", "--ops-listen and --peer-listen: both are 127.0.0.1:50052"),
        ("--peer-advertise node-1", "--peer-advertise: \"node-1\" is not HOST:PORT"),
        ("--peer-advertise node-1:0", "--peer-advertise: \"node-1:0\" is no address that other nodes"),
        ("--peer-advertise [::]:7", "--peer-advertise: \"[::]:7\" is no address that other nodes"),
    ] {
        let found = problems(arguments, &postgres);
        assert!(found.len() == 1 && found[0].starts_with(expected), "{arguments}: {found:?}");
    }
    // The embedded store has no peers, and no port for them that could be wrong.
    assert!(config("--ops-listen 127.0.0.1:50052", &[]).is_ok() && config("--listen 127.0.0.1:65535", &[]).is_ok());
}

#[test]
fn peers_get_an_address_that_they_can_reach() {
    let advertised = |arguments: &str, bound: &str, local: Option<&str>| {
        let peers = config(arguments, &["DATABASE_URL=postgres://u@h/d"]).unwrap().peers;
        let local = local.map(|ip| ip.parse().unwrap());
        peers.advertised(bound.parse().unwrap(), local).map(|address| address.to_string())
    };
    for (arguments, bound, local, expected) in [
        ("", "10.1.2.3:7", Some("10.9.9.9"), Some("10.1.2.3:7")),
        ("", "0.0.0.0:7", Some("10.9.9.9"), Some("10.9.9.9:7")),
        ("", "[::]:7", Some("fd00::1"), Some("[fd00::1]:7")),
        ("", "[::]:7", None, None),
        ("--peer-advertise node-1.example.com:9", "[::]:7", None, Some("node-1.example.com:9")),
    ] {
        assert_eq!(advertised(arguments, bound, local).as_deref(), expected, "{arguments} {bound}");
    }
}

#[test]
fn the_database_is_found_in_the_option_then_in_our_variable_then_in_everybodys() {
    let find = |arguments: &str, environment: &[&str]| config(arguments, environment).unwrap().storage.to_string();
    let both = ["USHER_DATABASE_URL=postgres://b@h/b", "DATABASE_URL=postgres://c@h/c"];
    assert_eq!(find("--database-url postgres://a@h/a", &both), "postgres://a@h:5432/a");
    assert_eq!(find("", &both), "postgres://b@h:5432/b");
    assert_eq!(find("", &both[1..]), "postgres://c@h:5432/c");
    assert_eq!(config("", &both).unwrap().shards, 4);
}

#[test]
fn several_databases_are_taken_in_their_order() {
    let find = |arguments: &str, environment: &[&str]| config(arguments, environment).unwrap().storage.to_string();
    let both = "postgres://u@h:5432/b postgres://u@h:5432/a";
    assert_eq!(find("--database-url postgres://u@h/b --database-url postgres://u@h/a", &[]), both);
    assert_eq!(find("", &["DATABASE_URL=postgres://u@h/b\n  postgres://u@h/a\n"]), both);
    let settings = config("", &["DATABASE_URL=postgres://u:tooth@h/b postgres://u:tooth@h/a"]).unwrap().settings();
    assert!(settings.contains(&("database-url", both.to_owned())), "{settings:?}");
}

#[test]
fn databases_that_cannot_be_cells_are_refused() {
    for (arguments, start) in [
        ("--database-url postgres://u@h/a --database-url nowhere", "--database-url: cell 1: the database URL must"),
        (
            "--database-url postgres://u@h/a --database-url postgres://u:x@h:5432/a",
            "--database-url: postgres://u@h:5432/a is given twice",
        ),
        (
            "--shards 1 --database-url postgres://u@h/a --database-url postgres://u@h/b",
            "--shards: 1 are too few for 2 databases",
        ),
    ] {
        let found = problems(arguments, &[]);
        assert!(found.len() == 1 && found[0].starts_with(start), "{found:?}");
    }
    let many: Vec<String> = (0..65).map(|number| format!("--database-url postgres://u@h/{number}")).collect();
    assert_eq!(problems(&many.join(" "), &[]), ["--database-url: 65 databases are more than 64"]);
}

#[test]
fn a_secret_may_lie_in_a_file_with_a_line_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://usher:word@db:6432/seats\n").unwrap();
    let variable = format!("DATABASE_URL_FILE={}", file.display());
    let found = config("", &[&variable]).unwrap().storage;
    assert_eq!(found.to_string(), "postgres://usher@db:6432/seats");

    let gone = folder.path().join("gone").display().to_string();
    let found = problems("", &[&format!("USHER_DATABASE_URL_FILE={gone}")]);
    assert!(found[0].starts_with(&format!("USHER_DATABASE_URL_FILE: {gone}: No such file")), "{found:?}");
    let found = problems("", &[&variable, "DATABASE_URL=postgres://u@h/d"]);
    assert_eq!(found, ["DATABASE_URL and DATABASE_URL_FILE: both are given, choose one"]);
}

#[test]
fn a_folder_and_a_database_are_never_chosen_between_silently() {
    let found = problems("--data-dir here", &["DATABASE_URL=postgres://u@h/d"]);
    assert_eq!(found, ["--data-dir and DATABASE_URL: both are given, choose one"]);
}

#[test]
fn no_secret_is_ever_shown() {
    let config = config("", &["DATABASE_URL=postgres://usher:tooth@db/seats"]).unwrap();
    let shown = format!("{config:?} {:?} {}", config.settings(), config.storage);
    assert!(!shown.contains("tooth"), "{shown}");
    assert_eq!(config.storage.to_string(), "postgres://usher@db:5432/seats");
    // Nor in the message about an invalid URL.
    let found = problems("--database-url postgres://usher:tooth@db:port/seats", &[]);
    assert!(!format!("{found:?}").contains("tooth"), "{found:?}");
    assert_eq!(found.len(), 1);
}

#[test]
fn every_option_has_a_line_in_check_config() {
    let embedded = config("", &[]).unwrap().settings();
    let postgres = config("", &["DATABASE_URL=postgres://u@h/d"]).unwrap().settings();
    let shown: Vec<_> = embedded.iter().chain(&postgres).map(|(name, _)| *name).collect();
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let options: Vec<_> = serve.get_opts().filter_map(clap::Arg::get_long).collect();
    for option in &options {
        assert!(shown.contains(option), "--{option} is not shown");
    }
    for name in shown {
        assert!(options.contains(&name) || ["demo", "migrate-on-start", "solo"].contains(&name), "{name} is no option");
    }
}

#[test]
fn what_check_config_shows_can_be_given_back() {
    let settings = config("", &[]).unwrap().settings();
    let switches = ["demo", "tls-1-2", "authenticate", "insecure"];
    // An empty value counts as not set.
    let words = settings.iter().filter(|(name, value)| !switches.contains(name) && !value.is_empty());
    let arguments: Vec<_> = words.flat_map(|(name, value)| [format!("--{name}"), value.clone()]).collect();
    assert_eq!(config(&arguments.join(" "), &[]).unwrap().settings(), settings);
}

#[test]
fn a_listener_everywhere_is_reached_on_this_machine() {
    for (listens, reached) in
        [("0.0.0.0:7", "127.0.0.1:7"), ("[::]:7", "[::1]:7"), ("10.1.2.3:7", "10.1.2.3:7"), ("[::1]:7", "[::1]:7")]
    {
        assert_eq!(reachable(listens.parse().unwrap()).to_string(), reached);
    }
}

#[test]
fn rates_are_so_many_in_a_time() {
    for text in ["1/s", "3/s", "1000/s", "10/m", "7/m", "600/h", "1000000/h"] {
        assert_eq!(pace(rate(text).unwrap()), text);
    }
    assert_eq!(rate("10/m").unwrap(), Rate { burst: 10, each: Duration::from_secs(6) });
    for wrong in ["", "10", "/s", "0/s", "-1/s", "10/d", "1000001/s", "1.5/s", "10/s ", "10 / s"] {
        assert!(rate(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn sizes_and_durations_at_their_bounds() {
    assert_eq!(size::<usize>("1KiB", 1024, 4096), Ok(1024));
    assert_eq!(size::<usize>("4096", 1024, 4096), Ok(4096));
    for wrong in ["1023", "5KiB", "", "KiB", "-1", "1.5KiB", "99999999999999999999", "1 TiB"] {
        assert!(size::<usize>(wrong, 1024, 4096).is_err(), "{wrong}");
    }
    assert_eq!(duration("1ms", MINUTE), Ok(Duration::from_millis(1)));
    for wrong in ["0s", "999us", "61s", "1", "-1s", ""] {
        assert!(duration(wrong, MINUTE).is_err(), "{wrong}");
    }
}

#[test]
fn files_that_others_can_read_or_write_are_reported_and_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let mode = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(folder.path(), 0o755);
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let token = Token::new(crate::ids::TokenId(1), &[7; 32]);
    let token = file("token", secrecy::ExposeSecret::expose_secret(token.text()));
    let (key, access, keys) = (file("key", ""), file("access", ""), file("keys", ""));
    let arguments = format!(
        "--admin-token-file {} --tls-cert cert --tls-key {} --access {} --license-keys {}",
        token.display(),
        key.display(),
        access.display(),
        keys.display()
    );
    let message = || {
        let exposed = config(&arguments, &[]).expect("they are used").exposed;
        exposed.iter().map(|message| message.split(':').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = [&token, &key, &access, &keys];
    all.iter().for_each(|path| mode(path, 0o600));
    assert!(message().is_empty());
    all.iter().for_each(|path| mode(path, 0o644));
    assert_eq!(message(), ["--admin-token-file", "--tls-key"]);
    all.iter().for_each(|path| mode(path, 0o622));
    assert_eq!(message(), ["--access", "--license-keys"]);
}
