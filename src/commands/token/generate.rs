//! `usher token generate`

use secrecy::ExposeSecret;

use super::text_file::{OutputArgs, line, out, usage};
use crate::auth::token::Token as Text;
use crate::commands::output::{printer, written};
use crate::failure::Failure;
use crate::ids::{self, TokenId};

/// Generates the text of a token, without a server.
pub fn run(output: &OutputArgs) -> Result<(), Failure> {
    let out = out(output)?;
    let text = Text::new(TokenId::random(), ids::random_key().expose_secret());
    let text = line(text.text().expose_secret());
    match out {
        Some(out) => out.write(text.as_bytes()).map_err(usage),
        None => written(printer(false).text(&text)),
    }
}
