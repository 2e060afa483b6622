//! Notifications for people (R34): their text, and their delivery by email or webhook; and license requests (R32),
//! which are mailed to the vendor. This module knows the ledger's notifications, but not where they are stored.

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

/// Longest time of an attempt, from connecting to the answer.
pub const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// A configured channel.
#[derive(Debug)]
pub enum Sender {
    Email(Smtp),
    Webhook(Webhook),
}

impl Sender {
    /// The channel of this sender.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Sender::Email(_) => Channel::Email,
            Sender::Webhook(_) => Channel::Webhook,
        }
    }

    /// Makes one attempt, within [`DELIVERY_TIMEOUT`]. `unix_seconds`: now, for the signature of a webhook.
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
