//! `usher token`: makes tokens and keeps them where only their owner can read them.

use secrecy::ExposeSecret;

use super::Failure;
use super::ask::{INSTALLATION, ask_about, printer, written};
use super::vendor::files::{Output, PRIVATE};
use crate::auth::token::Token as Text;
use crate::cli::token::{Create, Kept, Token};
use crate::client::{Printer, token};
use crate::ids::{self, TokenId};

pub(super) async fn token_call(call: &Token) -> Result<(), Failure> {
    match call {
        Token::Create(args) => create(args).await,
        Token::List(args) => {
            ask_about(INSTALLATION, &args.reach, async |usher, to| token::list(usher, to, args).await).await
        }
        Token::Revoke(args) => {
            ask_about(INSTALLATION, &args.reach, async |usher, to| token::revoke(usher, to, args).await).await
        }
        Token::Generate(kept) => generate(kept),
    }
}

async fn create(args: &Create) -> Result<(), Failure> {
    let out = out(&args.kept)?;
    let mut made = None;
    ask_about(INSTALLATION, &args.reach, async |usher, _: &mut Printer| {
        made = Some(token::create(usher, args).await?);
        Ok(())
    })
    .await?;
    let Some(made) = made else { return Ok(()) };
    let mut printer = printer(args.reach.json);
    let Some(out) = out else { return written(printer.print(&made.with_secret)) };
    let lost = |problem| Failure::Usage(vec![format!("{problem}; token {} was made: revoke it", made.id)]);
    out.write(line(&made.secret).as_bytes()).map_err(lost)?;
    written(printer.print(&made.without_secret))
}

fn generate(kept: &Kept) -> Result<(), Failure> {
    let out = out(kept)?;
    let text = Text::new(TokenId::random(), ids::random_key().expose_secret());
    let text = line(text.text().expose_secret());
    match out {
        Some(out) => out.write(text.as_bytes()).map_err(usage),
        None => written(printer(false).text(&text)),
    }
}

/// The file for a token's text; told before there is one whether it can be written.
fn out(kept: &Kept) -> Result<Option<Output<'_>>, Failure> {
    let Some(path) = kept.out.as_deref() else { return Ok(None) };
    let out = Output { option: "--out", path, mode: PRIVATE, force: kept.force };
    out.check().map_err(usage)?;
    Ok(Some(out))
}

fn line(secret: &str) -> String {
    format!("{secret}\n")
}

fn usage(problem: String) -> Failure {
    Failure::Usage(vec![problem])
}
