//! Options of `usher serve` for notifications (R34).

use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Notifications")]
pub struct NotifyArgs {
    /// SMTP server for emails to responsible persons: smtp://HOST[:587] with STARTTLS, which the server must have,
    /// smtps://HOST[:465] with TLS, or smtp+plaintext://HOST[:25] with neither. Without it no email is sent
    #[arg(long, value_name = "URL", env = "USHER_SMTP_URL")]
    pub smtp_url: Option<String>,
    /// User at the SMTP server, if it wants one
    #[arg(long, value_name = "NAME", env = "USHER_SMTP_USER")]
    pub smtp_user: Option<String>,
    /// File that holds the user's password; the password itself as USHER_SMTP_PASSWORD
    #[arg(long, value_name = "FILE", env = "USHER_SMTP_PASSWORD_FILE")]
    pub smtp_password_file: Option<String>,
    /// Who emails are from: usher@example.com, or "Usher <usher@example.com>"
    #[arg(long, value_name = "ADDRESS", env = "USHER_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// Where events are posted, as CloudEvents in JSON that are signed as Standard Webhooks says: https://…, or http://
    /// to this machine. Without it none are
    #[arg(long, value_name = "URL", env = "USHER_WEBHOOK_URL")]
    pub webhook_url: Option<String>,
    /// File that holds the secret of the signature, whsec_…; while it is being changed the old one and the new one. The
    /// secret itself as USHER_WEBHOOK_SECRET
    #[arg(long, value_name = "FILE", env = "USHER_WEBHOOK_SECRET_FILE")]
    pub webhook_secret_file: Option<String>,
}
