//! A notification as an email: plain text, with a Message-ID by which a receiver detects a repetition.

use lettre::Message as Email;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, header};

use super::Message;
use super::address::address;

/// Header `Auto-Submitted` (RFC 3834): asks machines not to answer, so that an absence notice starts no loop.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl header::Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

/// # Errors
/// The responsible person's address is invalid.
pub fn email(message: &Message, from: &Mailbox) -> Result<Email, String> {
    let to = address(&message.dispatch.responsible_person)?;
    // In the sender's domain: the same id, whichever process sends the message.
    let id = format!("<{}@{}>", message.id, from.email.domain());
    Email::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .date(message.time())
        .message_id(Some(id))
        .header(AutoSubmitted)
        .subject(message.subject())
        .header(ContentType::TEXT_PLAIN)
        .body(message.text())
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::message::tests::refused;
    use super::*;
    use crate::ledger::notification::Cause;

    fn sent(message: &Message) -> Result<String, String> {
        let from = Mailbox::new(Some("Usher".into()), "usher@licenses.example".parse().unwrap());
        email(message, &from).map(|email| String::from_utf8(email.formatted()).unwrap())
    }

    #[test]
    fn an_email_is_the_same_each_time_it_is_sent() {
        let message = refused(Cause::CheckOut, 5, 5);
        let text = sent(&message).unwrap();
        for line in [
            "Message-ID: <3f-0-7@licenses.example>\r\n",
            "From: Usher <usher@licenses.example>\r\n",
            "To: boss@acme.example\r\n",
            "Subject: [acme] no seat was free in primary (5 of 5 in use)\r\n",
            "Date: Sun, 22 Nov 2026 02:00:00 +0000\r\n",
            "Auto-Submitted: auto-generated\r\n",
        ] {
            assert!(text.contains(line), "no {line} in\n{text}");
        }
        assert_eq!(sent(&message), Ok(text));
    }

    #[test]
    fn nothing_that_a_tenant_is_called_makes_a_header() {
        let mut message = refused(Cause::CheckOut, 5, 5);
        message.dispatch.tenant = crate::ids::TenantId::stored("a\r\nBcc: everybody@acme.example");
        let text = sent(&message).unwrap();
        let (headers, _) = text.split_once("\r\n\r\n").unwrap();
        assert!(headers.contains("Subject: ") && !headers.contains("\r\nBcc"), "{headers}");
        message.dispatch.responsible_person = "boss@acme.example>\r\nBcc: <all@acme.example".into();
        assert!(sent(&message).unwrap_err().contains("is not an email address"));
    }
}
