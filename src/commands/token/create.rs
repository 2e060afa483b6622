//! `usher token create`

use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, ValueEnum};

use super::text::summary;
use super::text_file::{OutputArgs, line, out};
use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered, printer, written};
use crate::commands::value_parsers::duration;
use crate::failure::Failure;
use crate::proto::v1::{self, CreateTokenRequest};

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// Who will use it, as the audit is to name them; of one name two tokens can be active at a time
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub name: String,
    /// What they may do; several: once each, or with commas
    #[arg(long, value_name = "ROLE", required = true, value_delimiter = ',')]
    pub role: Vec<Role>,
    #[command(flatten)]
    pub tenants: Tenants,
    /// For how long it is good, such as 90d [default: for ever]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub ttl: Option<Duration>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Role {
    /// A login service: check-outs, check-ins, heartbeats
    Application,
    /// Reads
    Viewer,
    /// Grants, licenses, users, sessions, policies
    Manager,
    /// Tenants, tokens, and the server itself
    Operator,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct Tenants {
    /// A tenant that it is for; several: once each
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    pub tenant: Vec<String>,
    /// It is for all tenants, also those that there are not yet
    #[arg(long)]
    pub all_tenants: bool,
}

/// Creates a token, and prints it or writes it to a file.
pub async fn run(args: &CreateArgs) -> Result<(), Failure> {
    let out = out(&args.output)?;
    let mut made = None;
    call_for(INSTALLATION, &args.connection, async |usher, _: &mut Printer| {
        made = Some(create(usher, args).await?);
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

/// A token that was created.
struct Created {
    id: String,
    /// Text of the token.
    secret: String,
    /// Complete answer, including the secret; the text for people is the secret alone.
    with_secret: Rendered,
    without_secret: Rendered,
}

/// Creates a token.
///
/// # Errors
/// [`Error`]
async fn create(usher: &Usher, args: &CreateArgs) -> Result<Created, Error> {
    let ttl = args.ttl.map(prost_types::Duration::try_from).transpose();
    let request = CreateTokenRequest {
        name: args.name.clone(),
        roles: args.role.iter().map(|given| role(*given).into()).collect(),
        tenant_ids: args.tenants.tenant.clone(),
        all_tenants: args.tenants.all_tenants,
        ttl: ttl.map_err(|_| Error::Refused("--ttl: is too long".to_owned()))?,
    };
    let answer = usher.answer(usher.tokens().create_token(usher.request(request))).await?;
    let token = answer.token.clone().unwrap_or_default();
    Ok(Created {
        with_secret: Rendered::new(&answer, format!("{}\n", answer.secret)),
        without_secret: Rendered::new(&token, summary(&token)),
        id: token.token_id,
        secret: answer.secret,
    })
}

fn role(role: Role) -> v1::Role {
    match role {
        Role::Application => v1::Role::Application,
        Role::Viewer => v1::Role::Viewer,
        Role::Manager => v1::Role::Manager,
        Role::Operator => v1::Role::Operator,
    }
}
