//! Exchange with the vendor (R27, R32): requests are sent by mail, and new licenses are fetched from a folder of the
//! vendor's. It decides nothing: a fetched license is verified like any other.

mod folder;

pub use folder::{Fetched, Folder, FolderUrl};

use crate::notify::Smtp;

/// The configured ways to the vendor.
#[derive(Debug, Default)]
pub struct Exchange {
    /// Source of new licenses.
    pub folder: Option<Folder>,
    /// Sender of license requests.
    pub mailer: Option<Mailer>,
}

/// A mail server, and the vendor's address.
#[derive(Debug)]
pub struct Mailer {
    pub smtp: Smtp,
    pub to: String,
}
