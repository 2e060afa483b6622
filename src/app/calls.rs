//! Dispatches each client command to its function in `client`.

mod tenants;

use std::fs::File;

use super::Failure;
use super::connection::{INSTALLATION, call_for, call_tenant};
use super::token_calls::token_call;
use super::user_batch::batch;
use super::users_files::users_file;
use crate::cli::audit::{Audit, AuditScope, Export};
use crate::cli::connection::ClientCommand;
use crate::cli::notifications::Notifications;
use crate::cli::seats::Seats;
use crate::cli::server::Server;
use crate::cli::sessions::Sessions;
use crate::cli::users::Users;
use crate::client::{self, Printer, Usher, seats, server, sessions, users};
use crate::config;

use tenants::{organizations_call, policy_call, tenants_call};

/// Runs a command that calls a running server, and prints the answer.
///
/// # Errors
/// [`Failure`]: the command is wrong, there is no answer, or the answer is "no".
pub async fn call(call: &ClientCommand) -> Result<(), Failure> {
    match call {
        ClientCommand::Users(call) => users_call(call).await,
        ClientCommand::Seats(call) => seats_call(call).await,
        ClientCommand::Sessions(call) => sessions_call(call).await,
        ClientCommand::Organizations(call) => organizations_call(call).await,
        ClientCommand::Policy(call) => policy_call(call).await,
        ClientCommand::Tenants(call) => tenants_call(call).await,
        ClientCommand::Usage(args) => call_tenant(&args.scope, client::usage).await,
        ClientCommand::Token(call) => token_call(call).await,
        ClientCommand::Audit(Audit::List(args)) => {
            audit(&args.scope, async |usher, printer| client::audit::list(usher, printer, args).await).await
        }
        ClientCommand::Audit(Audit::Export(args)) => export(args).await,
        ClientCommand::Notifications(Notifications::List(args)) => {
            call_tenant(&args.scope, async |usher, printer| client::notifications::list(usher, printer, args).await)
                .await
        }
        ClientCommand::Notifications(Notifications::Redeliver(args)) => {
            call_tenant(&args.scope, async |usher, printer| {
                client::notifications::redeliver(usher, printer, args).await
            })
            .await
        }
        ClientCommand::Server(call) => server_call(call).await,
    }
}

async fn users_call(call: &Users) -> Result<(), Failure> {
    match call {
        Users::List(args) => call_tenant(&args.scope, async |usher, to| users::list(usher, to, args).await).await,
        Users::Get(args) => call_tenant(&args.scope, async |usher, to| users::get(usher, to, args).await).await,
        Users::Create(args) => call_tenant(&args.scope, async |usher, to| users::create(usher, to, args).await).await,
        Users::Update(args) => call_tenant(&args.scope, async |usher, to| users::update(usher, to, args).await).await,
        Users::Rename(args) => call_tenant(&args.scope, async |usher, to| users::rename(usher, to, args).await).await,
        Users::Block(args) => {
            let them = batch(&args.batch)?;
            call_tenant(&args.scope, async |usher, to| users::block(usher, to, &them, args.end_sessions).await).await
        }
        Users::Unblock(args) => {
            let them = batch(&args.batch)?;
            call_tenant(&args.scope, async |usher, to| users::unblock(usher, to, &them).await).await
        }
        Users::Delete(args) => {
            let them = batch(&args.batch)?;
            call_tenant(&args.scope, async |usher, to| users::delete(usher, to, &them).await).await
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
            call_tenant(&args.scope, async |usher, to| users::import(usher, to, file, terms).await).await
        }
        Users::Export(args) => call_tenant(&args.scope, async |usher, to| users::export(usher, to, args).await).await,
    }
}

async fn seats_call(call: &Seats) -> Result<(), Failure> {
    match call {
        Seats::Grant(args) => {
            let them = batch(&args.selection.batch)?;
            call_tenant(&args.scope, async |usher, to| seats::grant(usher, to, &args.selection, &them).await).await
        }
        Seats::Recall(args) => {
            let (them, ending) = (batch(&args.selection.batch)?, args.end_sessions);
            call_tenant(&args.scope, async |usher, to| seats::recall(usher, to, &args.selection, &them, ending).await)
                .await
        }
    }
}

async fn sessions_call(call: &Sessions) -> Result<(), Failure> {
    match call {
        Sessions::List(args) => call_tenant(&args.scope, async |usher, to| sessions::list(usher, to, args).await).await,
        Sessions::Close(args) => {
            call_tenant(&args.scope, async |usher, to| sessions::close(usher, to, args).await).await
        }
        Sessions::CloseIdle(args) => {
            call_tenant(&args.scope, async |usher, to| sessions::close_idle(usher, to, args).await).await
        }
        Sessions::Watch(args) => call_tenant(&args.scope, sessions::watch).await,
    }
}

async fn server_call(call: &Server) -> Result<(), Failure> {
    match call {
        Server::Show(args) => call_for(INSTALLATION, &args.connection, server::show).await,
        Server::Log(args) => {
            let time = config::log_time(args).map_err(|wrong| Failure::Usage(wrong.0))?;
            call_for(INSTALLATION, &args.connection, async |usher, to| server::log(usher, to, &args.filter, time).await)
                .await
        }
    }
}

/// Runs a command about the audit of a tenant, or of the installation; for the latter, a tenant named in the
/// environment is ignored.
async fn audit(
    scope: &AuditScope,
    work: impl AsyncFnOnce(&Usher, &mut Printer) -> Result<(), client::Error>,
) -> Result<(), Failure> {
    let tenant = scope.tenant.as_deref().filter(|_| !scope.installation).unwrap_or(INSTALLATION);
    call_for(tenant, &scope.connection, work).await
}

/// Exports to standard output, or to a file, which is created once the server is connected.
async fn export(args: &Export) -> Result<(), Failure> {
    audit(&args.scope, async |usher, printer| {
        let Some(path) = &args.output else { return client::audit::export(usher, printer, args).await };
        let unusable = |error| client::Error::Refused(format!("--output {}: {error}", path.display()));
        let file = File::create(path).map_err(unusable)?;
        client::audit::export(usher, &mut Printer::new(false, None, file), args).await
    })
    .await
}
