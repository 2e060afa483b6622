//! The way to the vendor and back (R27, R32): requests go there by mail, and new licenses are fetched from a folder of
//! the vendor's. Neither decides anything: what comes from there is verified like any license that somebody brings.

mod folder;

pub use folder::{Fetched, Folder, FolderUrl};

use crate::notify::Smtp;

/// What of it was set up.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Where new licenses lie.
    pub folder: Option<Folder>,
    /// How requests go out.
    pub mailer: Option<Mailer>,
}

/// A mail server, and the vendor's address.
#[derive(Debug)]
pub struct Mailer {
    pub smtp: Smtp,
    pub to: String,
}
