//! Email by SMTP. Plaintext only if the URL says so, and then without a password.

use std::fmt;
use std::time::Duration;

use lettre::message::Mailbox;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};

use super::address::address;
use super::email::email;
use super::{DELIVERY_TIMEOUT, Message, RequestMail};
use crate::https::whole;
use crate::ledger::notification::Attempt;

/// Reply codes by which a server says that it will never accept this message: no such mailbox, or mail to it is not
/// permitted. After all other errors, a wrong password included, another attempt can succeed once somebody has
/// corrected the cause.
const PERMANENT_CODES: [u16; 3] = [550, 551, 553];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS before anything else is sent; it is required.
    StartTls,
    Plaintext,
}

const SCHEMES: [(&str, Security, u16); 3] =
    [("smtps", Security::Tls, 465), ("smtp", Security::StartTls, 587), ("smtp+plaintext", Security::Plaintext, 25)];

/// Address of the SMTP server: `smtps://host`, `smtp://host` (STARTTLS is required) or `smtp+plaintext://host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpServer {
    security: Security,
    host: String,
    port: u16,
}

impl SmtpServer {
    /// # Errors
    /// The mistake, without the text, because people put passwords into URLs.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "it is not a URL such as smtp://mail.example.com:587 (STARTTLS), smtps://mail.example.com (TLS), or \
                    smtp+plaintext://localhost:25 (no TLS at all)";
        if text.contains('@') {
            return Err("the URL must not contain a user or password; use --smtp-user and --smtp-password-file".into());
        }
        let (scheme, rest) = text.split_once("://").ok_or(form)?;
        let (_, security, usual) = SCHEMES.into_iter().find(|(name, ..)| *name == scheme).ok_or(form)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let authority: http::uri::Authority = rest.parse().map_err(|_| form)?;
        let port = authority.port_u16().unwrap_or(usual);
        // The library treats an invalid port as no port.
        let read = match authority.port_u16() {
            Some(port) => format!("{}:{port}", authority.host()),
            None => authority.host().to_owned(),
        };
        if authority.host().is_empty() || read != rest {
            return Err(form.into());
        }
        Ok(Self { security, host: authority.host().to_owned(), port })
    }

    /// True if a password would be sent to it in plaintext.
    #[must_use]
    pub fn is_plaintext(&self) -> bool {
        self.security == Security::Plaintext
    }
}

impl fmt::Display for SmtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = SCHEMES.iter().find(|(_, security, _)| *security == self.security).map_or("", |(name, ..)| name);
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// Sender of email, to responsible persons and to the vendor.
pub struct Smtp {
    server: SmtpServer,
    from: Mailbox,
    transport: AsyncSmtpTransport<Tokio1Executor>,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).field("from", &self.from).finish_non_exhaustive()
    }
}

impl Smtp {
    /// `greeting`: the name of this host.
    ///
    /// # Errors
    /// `from` is not an address, or the server's name cannot occur in a certificate.
    pub fn new(
        server: SmtpServer,
        from: &str,
        login: Option<(&str, &SecretString)>,
        greeting: Option<&str>,
    ) -> Result<Self, String> {
        let mut from: Mailbox = from.parse().map_err(|error| format!("{from:?} is not an email address: {error}"))?;
        from.email = address(from.email.as_ref())?;
        let parameters = || TlsParameters::new(server.host.clone()).map_err(|error| error.to_string());
        let tls = match server.security {
            Security::Tls => Tls::Wrapper(parameters()?),
            Security::StartTls => Tls::Required(parameters()?),
            Security::Plaintext => Tls::None,
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&server.host)
            .port(server.port)
            .tls(tls)
            .timeout(Some(DELIVERY_TIMEOUT));
        if let Some((user, password)) = login {
            builder = builder.credentials(Credentials::new(user.to_owned(), password.expose_secret().to_owned()));
        }
        if let Some(greeting) = greeting {
            builder = builder.hello_name(ClientId::Domain(greeting.to_owned()));
        }
        Ok(Self { server, from, transport: builder.build() })
    }

    pub(super) async fn send(&self, message: &Message) -> Attempt {
        self.deliver(email(message, &self.from)).await
    }

    /// Makes one attempt to send a license request to the vendor, while a caller waits.
    pub async fn send_request(&self, mail: &RequestMail<'_>) -> Attempt {
        /// Less than the default deadline of a call, which is ten seconds.
        const RESPONSE_TIMEOUT: Duration = Duration::from_secs(8);
        let sending = self.deliver(mail.email(&self.from));
        let late = || Attempt::Failed(format!("{}: no answer within {RESPONSE_TIMEOUT:?}", self.server).into());
        tokio::time::timeout(RESPONSE_TIMEOUT, sending).await.unwrap_or_else(|_| late())
    }

    async fn deliver(&self, email: Result<lettre::Message, String>) -> Attempt {
        let email = match email {
            Ok(email) => email,
            Err(why) => return Attempt::Refused(why.into()),
        };
        let error = match self.transport.send(email).await {
            Ok(_) => return Attempt::Answered,
            Err(error) => error,
        };
        let why = format!("{}: {}", self.server, whole(&error));
        let code: Option<u16> = error.status().and_then(|code| code.to_string().parse().ok());
        match code {
            Some(code) if PERMANENT_CODES.contains(&code) => Attempt::Refused(why.into()),
            _ => Attempt::Failed(why.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_how_the_server_is_reached() {
        for (text, shown) in [
            ("smtp://mail.example.com", "smtp://mail.example.com:587"),
            ("smtp://mail.example.com:2525/", "smtp://mail.example.com:2525"),
            ("smtps://10.0.0.1", "smtps://10.0.0.1:465"),
            ("smtp+plaintext://localhost", "smtp+plaintext://localhost:25"),
        ] {
            let server = SmtpServer::parse(text).unwrap();
            assert_eq!(server.to_string(), shown);
            assert_eq!(server.is_plaintext(), text.contains("plaintext"));
        }
        for text in [
            "",
            "mail.example.com",
            "http://mail",
            "smtp://",
            "smtp://a b",
            "smtp://mail:0x",
            "smtp://m:70000",
            "smtp://m/x",
        ] {
            assert!(SmtpServer::parse(text).unwrap_err().contains("it is not a URL such as smtp://"), "{text}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_and_not_shown() {
        let message = SmtpServer::parse("smtp://boss:hunter2@mail.example.com").unwrap_err();
        assert!(message.contains("--smtp-password-file") && !message.contains("hunter2"), "{message}");
    }

    #[test]
    fn what_is_shown_of_a_channel_holds_no_password() {
        let server = SmtpServer::parse("smtp://mail.example.com").unwrap();
        let password = SecretString::from("hunter2");
        let smtp = Smtp::new(server, "Usher <usher@x.example>", Some(("boss", &password)), None).unwrap();
        let shown = format!("{smtp:?}");
        assert!(shown.contains("mail.example.com") && !shown.contains("hunter2"), "{shown}");
        let server = SmtpServer::parse("smtp://mail.example.com").unwrap();
        assert!(Smtp::new(server, "nobody", None, None).unwrap_err().contains("is not an email address"));
    }
}
