//! Notifications end to end (R34): a journal with a clock that the test moves, a mail server (aiosmtpd), and a receiver
//! of webhooks that fails, is slow, or redirects. `program.rs` tests the same with the real program.

mod fixture;
pub mod mail;
mod program;
mod receiver;

mod email;
mod webhooks;
