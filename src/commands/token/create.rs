//! `usher token`: creates tokens, and stores them in files that only their owner can read.

use secrecy::ExposeSecret;

use super::Failure;
use super::connection::{INSTALLATION, call_for, printer, written};
use super::vendor::files::{Output, PRIVATE};
use crate::auth::token::Token as Text;
use crate::cli::token::{Create, OutputArgs, Token};
use crate::client::{Printer, token};
use crate::ids::{self, TokenId};

pub(super) async fn token_call(call: &Token) -> Result<(), Failure> {
    match call {
        Token::Create(args) => create(args).await,
        Token::List(args) => {
            call_for(INSTALLATION, &args.connection, async |usher, to| token::list(usher, to, args).await).await
        }
        Token::Revoke(args) => {
            call_for(INSTALLATION, &args.connection, async |usher, to| token::revoke(usher, to, args).await).await
        }
        Token::Generate(output) => generate(output),
    }
}

async fn create(args: &Create) -> Result<(), Failure> {
    let out = out(&args.output)?;
    let mut made = None;
    call_for(INSTALLATION, &args.connection, async |usher, _: &mut Printer| {
        made = Some(token::create(usher, args).await?);
        Ok(())
    })
    .await?;
    let Some(made) = made else { return Ok(()) };
    let mut printer = printer(args.connection.json);
    let Some(out) = out else { return written(printer.print(&made.with_secret)) };
    let lost = |problem| Failure::Usage(vec![format!("{problem}; token {} was made: revoke it", made.id)]);
    out.write(line(&made.secret).as_bytes()).map_err(lost)?;
    written(printer.print(&made.without_secret))
}

fn generate(output: &OutputArgs) -> Result<(), Failure> {
    let out = out(output)?;
    let text = Text::new(TokenId::random(), ids::random_key().expose_secret());
    let text = line(text.text().expose_secret());
    match out {
        Some(out) => out.write(text.as_bytes()).map_err(usage),
        None => written(printer(false).text(&text)),
    }
}

/// The file for the token's text. Checks that it can be written before the token is created.
fn out(output: &OutputArgs) -> Result<Option<Output<'_>>, Failure> {
    let Some(path) = output.out.as_deref() else { return Ok(None) };
    let out = Output { option: "--out", path, mode: PRIVATE, force: output.force };
    out.check().map_err(usage)?;
    Ok(Some(out))
}

fn line(secret: &str) -> String {
    format!("{secret}\n")
}

fn usage(problem: String) -> Failure {
    Failure::Usage(vec![problem])
}
