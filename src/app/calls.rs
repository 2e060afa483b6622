//! Which command asks what.

mod tenants;

use std::fs::File;

use super::Failure;
use super::ask::{INSTALLATION, ask, ask_about};
use super::named::named;
use super::token_calls::token_call;
use super::users_files::users_file;
use crate::cli::ask::Ask;
use crate::cli::audit::{Audit, Export, Whose};
use crate::cli::notifications::Notifications;
use crate::cli::seats::Seats;
use crate::cli::server::Server;
use crate::cli::sessions::Sessions;
use crate::cli::users::Users;
use crate::client::{self, Printer, Usher, seats, server, sessions, users};
use crate::config;

use tenants::{organizations_call, policy_call, tenants_call};

/// Asks a running Usher, and prints its answer.
///
/// # Errors
/// [`Failure`]: something is wrong with the command, or there is no answer, or it is "no".
pub async fn call(call: &Ask) -> Result<(), Failure> {
    match call {
        Ask::Users(call) => users_call(call).await,
        Ask::Seats(call) => seats_call(call).await,
        Ask::Sessions(call) => sessions_call(call).await,
        Ask::Organizations(call) => organizations_call(call).await,
        Ask::Policy(call) => policy_call(call).await,
        Ask::Tenants(call) => tenants_call(call).await,
        Ask::Usage(args) => ask(&args.asked, client::usage).await,
        Ask::Token(call) => token_call(call).await,
        Ask::Audit(Audit::List(args)) => {
            audit(&args.whose, async |usher, printer| client::audit::list(usher, printer, args).await).await
        }
        Ask::Audit(Audit::Export(args)) => export(args).await,
        Ask::Notifications(Notifications::List(args)) => {
            ask(&args.asked, async |usher, printer| client::notifications::list(usher, printer, args).await).await
        }
        Ask::Notifications(Notifications::Redeliver(args)) => {
            ask(&args.asked, async |usher, printer| client::notifications::redeliver(usher, printer, args).await).await
        }
        Ask::Server(call) => server_call(call).await,
    }
}

async fn users_call(call: &Users) -> Result<(), Failure> {
    match call {
        Users::List(args) => ask(&args.asked, async |usher, to| users::list(usher, to, args).await).await,
        Users::Get(args) => ask(&args.asked, async |usher, to| users::get(usher, to, args).await).await,
        Users::Create(args) => ask(&args.asked, async |usher, to| users::create(usher, to, args).await).await,
        Users::Update(args) => ask(&args.asked, async |usher, to| users::update(usher, to, args).await).await,
        Users::Rename(args) => ask(&args.asked, async |usher, to| users::rename(usher, to, args).await).await,
        Users::Block(args) => {
            let them = named(&args.named)?;
            ask(&args.asked, async |usher, to| users::block(usher, to, &them, args.end_sessions).await).await
        }
        Users::Unblock(args) => {
            let them = named(&args.named)?;
            ask(&args.asked, async |usher, to| users::unblock(usher, to, &them).await).await
        }
        Users::Delete(args) => {
            let them = named(&args.named)?;
            ask(&args.asked, async |usher, to| users::delete(usher, to, &them).await).await
        }
        Users::Import(args) => {
            let file = users_file(args)?;
            let terms = users::Terms {
                full: args.full,
                block_unlisted: args.block_unlisted,
                max_blocked: args.max_blocked,
                when_full: args.when_full,
                dry_run: args.dry_run,
            };
            ask(&args.asked, async |usher, to| users::import(usher, to, file, terms).await).await
        }
        Users::Export(args) => ask(&args.asked, async |usher, to| users::export(usher, to, args).await).await,
    }
}

async fn seats_call(call: &Seats) -> Result<(), Failure> {
    match call {
        Seats::Grant(args) => {
            let them = named(&args.which.named)?;
            ask(&args.asked, async |usher, to| seats::grant(usher, to, &args.which, &them).await).await
        }
        Seats::Recall(args) => {
            let (them, ending) = (named(&args.which.named)?, args.end_sessions);
            ask(&args.asked, async |usher, to| seats::recall(usher, to, &args.which, &them, ending).await).await
        }
    }
}

async fn sessions_call(call: &Sessions) -> Result<(), Failure> {
    match call {
        Sessions::List(args) => ask(&args.asked, async |usher, to| sessions::list(usher, to, args).await).await,
        Sessions::Close(args) => ask(&args.asked, async |usher, to| sessions::close(usher, to, args).await).await,
        Sessions::CloseIdle(args) => {
            ask(&args.asked, async |usher, to| sessions::close_idle(usher, to, args).await).await
        }
        Sessions::Watch(args) => ask(&args.asked, sessions::watch).await,
    }
}

async fn server_call(call: &Server) -> Result<(), Failure> {
    match call {
        Server::Show(args) => ask_about(INSTALLATION, &args.reach, server::show).await,
        Server::Log(args) => {
            let time = config::log_time(args).map_err(|wrong| Failure::Usage(wrong.0))?;
            ask_about(INSTALLATION, &args.reach, async |usher, to| server::log(usher, to, &args.filter, time).await)
                .await
        }
    }
}

/// About a tenant, or about none: then a tenant that is named in the environment is not meant.
async fn audit(
    whose: &Whose,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    let tenant = whose.tenant.as_deref().filter(|_| !whose.installation).unwrap_or(INSTALLATION);
    ask_about(tenant, &whose.reach, work).await
}

/// Into a file, which is made once there is an Usher to fill it, or to standard output.
async fn export(args: &Export) -> Result<(), Failure> {
    audit(&args.whose, async |usher, printer| {
        let Some(path) = &args.output else { return client::audit::export(usher, printer, args).await };
        let unusable = |error| client::Error::Refused(format!("--output {}: {error}", path.display()));
        let file = File::create(path).map_err(unusable)?;
        client::audit::export(usher, &mut Printer::new(false, None, file), args).await
    })
    .await
}
