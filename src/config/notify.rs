//! Channels for notifications (R34): the SMTP server and the webhook. All are off by default; passwords and secrets
//! come from files or variables, never from options.

use secrecy::SecretString;

use super::{ConfigProblems, Environment, args};
use crate::notify::{SigningKeys, Smtp, SmtpServer, WebhookUrl};

/// The configured channels.
#[derive(Debug, Default)]
pub struct NotifyConfig {
    pub email: Option<Email>,
    pub webhook: Option<(WebhookUrl, SigningKeys)>,
}

/// Configuration of email: the mail server, the sender's address, and the login.
#[derive(Debug)]
pub struct Email {
    pub server: SmtpServer,
    pub from: String,
    pub login: Option<(String, SecretString)>,
}

impl NotifyConfig {
    pub(super) fn new(args: &args::NotifyArgs, environment: Environment, problems: &mut ConfigProblems) -> Self {
        let password = secret("--smtp-password-file", &args.smtp_password_file, "SMTP_PASSWORD", environment, problems);
        let keys = secret("--webhook-secret-file", &args.webhook_secret_file, "WEBHOOK_SECRET", environment, problems);
        Self { email: email(args, password, problems), webhook: webhook(args, keys, problems) }
    }

    pub(super) fn settings(&self) -> Vec<(&'static str, String)> {
        let email = self.email.as_ref();
        let login = email.and_then(|email| email.login.as_ref());
        let hidden = |there: bool| if there { "(hidden)" } else { "" }.to_owned();
        vec![
            ("smtp-url", email.map(|email| email.server.to_string()).unwrap_or_default()),
            ("smtp-user", login.map(|(user, _)| user.clone()).unwrap_or_default()),
            ("smtp-password-file", hidden(login.is_some())),
            ("mail-from", email.map(|email| email.from.clone()).unwrap_or_default()),
            ("webhook-url", self.webhook.as_ref().map(|(url, _)| url.to_string()).unwrap_or_default()),
            ("webhook-secret-file", hidden(self.webhook.is_some())),
        ]
    }
}

/// An empty option counts as not given.
pub(crate) fn given(option: &Option<String>) -> Option<&str> {
    option.as_deref().filter(|text| !text.is_empty())
}

fn email(args: &args::NotifyArgs, password: Option<SecretString>, problems: &mut ConfigProblems) -> Option<Email> {
    let Some(url) = given(&args.smtp_url) else {
        for (option, there) in [
            ("--smtp-user", given(&args.smtp_user).is_some()),
            ("--smtp-password-file", password.is_some()),
            ("--mail-from", given(&args.mail_from).is_some()),
        ] {
            if there {
                problems.add(format!("{option}: --smtp-url is missing"));
            }
        }
        return None;
    };
    let server = problems.some("--smtp-url", SmtpServer::parse(url))?;
    let Some(from) = given(&args.mail_from) else {
        problems.add("--mail-from: is missing; --smtp-url requires it");
        return None;
    };
    let login = match (given(&args.smtp_user), password) {
        (Some(user), Some(password)) => Some((user.to_owned(), password)),
        (None, None) => None,
        (Some(_), None) => {
            if !problems.mentions("--smtp-password-file") {
                problems.add("--smtp-user: --smtp-password-file (or USHER_SMTP_PASSWORD) is missing");
            }
            None
        }
        (None, Some(_)) => {
            problems.add("--smtp-password-file: --smtp-user is missing");
            None
        }
    };
    if server.is_plaintext() && login.is_some() {
        problems.add("--smtp-url: a password is not sent without TLS; use smtp:// or smtps://");
    }
    let login_of = || login.as_ref().map(|(user, password)| (user.as_str(), password));
    // A trial construction, so that a mistake in the parts is reported together with the others.
    problems.some("--mail-from", Smtp::new(server.clone(), from, login_of(), None))?;
    Some(Email { server, from: from.to_owned(), login })
}

fn webhook(
    args: &args::NotifyArgs,
    secret: Option<SecretString>,
    problems: &mut ConfigProblems,
) -> Option<(WebhookUrl, SigningKeys)> {
    match (given(&args.webhook_url), secret) {
        (None, None) => None,
        (Some(url), Some(secret)) => {
            let url = problems.some("--webhook-url", WebhookUrl::parse(url));
            let keys = problems.some("--webhook-secret-file", SigningKeys::parse(&secret));
            url.zip(keys)
        }
        (Some(_), None) => {
            if !problems.mentions("--webhook-secret-file") {
                problems.add("--webhook-url: --webhook-secret-file (or USHER_WEBHOOK_SECRET) is missing");
            }
            None
        }
        (None, Some(_)) => {
            problems.add("--webhook-secret-file: --webhook-url is missing");
            None
        }
    }
}

/// The secret in a file, or in the variable `USHER_<name>`; without white space around it.
pub(crate) fn secret(
    option: &str,
    file: &Option<String>,
    name: &str,
    environment: Environment,
    problems: &mut ConfigProblems,
) -> Option<SecretString> {
    let variable = format!("USHER_{name}");
    match (given(file), environment(&variable)) {
        (Some(_), Some(_)) => {
            problems.add(format!("{option} and {variable}: both are given, choose one"));
            None
        }
        (None, value) => value.map(|value| value.trim().to_owned().into()),
        (Some(path), None) => {
            problems.check_secret_file(option, path.as_ref());
            let read = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"));
            problems.some(option, read).map(|text| text.trim().to_owned().into())
        }
    }
}
