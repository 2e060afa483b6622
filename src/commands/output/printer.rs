//! Output of answers, as JSON or for people.

use std::fmt;
use std::io::Write;

use prost::Name;
use serde_json::Value;

use super::json;
use crate::commands::error::Error;

/// An answer in both forms.
#[derive(Debug)]
pub struct Rendered {
    pub for_people: String,
    pub json: Value,
}

impl Rendered {
    pub(crate) fn new(message: &impl Name, for_people: String) -> Self {
        Self { for_people, json: json::of(message) }
    }
}

/// Destination and form of the output.
pub struct Printer {
    /// JSON instead of text for people.
    pub(crate) json: bool,
    /// Width of the terminal in columns, to which the lines of tables are cut. `None`: the output is no terminal, and
    /// nothing is cut.
    pub(crate) width: Option<usize>,
    to: Box<dyn Write>,
}

impl Printer {
    /// `width`: columns of the terminal; `None`: lines are not cut.
    pub fn new(json: bool, width: Option<usize>, to: impl Write + 'static) -> Self {
        Self { json, width, to: Box::new(to) }
    }

    /// Writes an answer in the selected form.
    ///
    /// # Errors
    /// [`Error::Unwritten`]
    pub fn print(&mut self, answer: &Rendered) -> Result<(), Error> {
        if self.json { self.text(&format!("{:#}\n", answer.json)) } else { self.text(&answer.for_people) }
    }

    /// Writes a text as it is.
    ///
    /// # Errors
    /// [`Error::Unwritten`]
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        self.bytes(text.as_bytes())
    }

    /// Writes a chunk of a file as it is.
    ///
    /// # Errors
    /// [`Error::Unwritten`]
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.to.write_all(bytes).and_then(|()| self.to.flush()).map_err(Error::Unwritten)
    }
}

impl fmt::Debug for Printer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Printer").field("json", &self.json).field("width", &self.width).finish_non_exhaustive()
    }
}
