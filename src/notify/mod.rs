//! Telling people (R34): what a notification says, and how it gets to them, by email or by webhook; and license requests
//! (R32), which go to the vendor by email. Knows what the ledger tells, and nothing of where that is kept.

mod address;
mod email;
mod event;
mod message;
mod request_mail;
mod smtp;
mod webhook;

use std::time::Duration;

pub use address::is_address;
pub use message::Message;
pub use request_mail::RequestMail;
pub use smtp::{Smtp, SmtpServer};
pub use webhook::{SigningKeys, Webhook, WebhookUrl};

use crate::ledger::notification::{Attempt, Channel};

/// How long an attempt may take, from connecting to the answer.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// A channel as it was set up.
#[derive(Debug)]
pub enum Sender {
    Email(Smtp),
    Webhook(Webhook),
}

impl Sender {
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Sender::Email(_) => Channel::Email,
            Sender::Webhook(_) => Channel::Webhook,
        }
    }

    /// One attempt, within [`DELIVERY_TIMEOUT`]. `unix_seconds`: now, for the signature of a webhook.
    pub async fn send(&self, message: &Message, unix_seconds: i64) -> Attempt {
        let sending = async {
            match self {
                Sender::Email(smtp) => smtp.send(message).await,
                Sender::Webhook(webhook) => webhook.send(message, unix_seconds).await,
            }
        };
        let late = || Attempt::Failed(format!("no answer within {DELIVERY_TIMEOUT:?}").into());
        tokio::time::timeout(DELIVERY_TIMEOUT, sending).await.unwrap_or_else(|_| late())
    }
}
