//! `usher server show`

use clap::Args;

use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::words::time_or;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{GetServerRequest, Server, StoreKind};

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Prints information about the server.
pub async fn run(args: &ShowArgs) -> Result<(), Failure> {
    call_for(INSTALLATION, &args.connection, show).await
}

async fn show(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let answer = usher.answer(usher.server().get_server(usher.request(GetServerRequest {}))).await?;
    let shown = shown(&answer.server.clone().unwrap_or_default());
    printer.print(&Rendered::new(&answer, shown))
}

fn shown(server: &Server) -> String {
    let commit = if server.commit.is_empty() { String::new() } else { format!(" ({})", server.commit) };
    let store = match server.store() {
        StoreKind::Unspecified => "not known",
        StoreKind::Embedded => "embedded",
        StoreKind::Postgresql => "PostgreSQL",
    };
    let shards = if server.shards == 1 { "1 shard".to_owned() } else { format!("{} shards", server.shards) };
    let asks = if server.authentication.is_empty() { "nobody".into() } else { server.authentication.join(", ") };
    let Server { version, instance_id, log_filter, .. } = server;
    format!(
        "version       {version}{commit}\nstarted       {}\nstore         {store}, {shards}\ninstance      \
         {instance_id}\nlog           {log_filter}\nauthenticates {asks}\n",
        time_or(server.started_at, "not known")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_says_what_it_is() {
        let server = Server {
            version: "1.2.3".into(),
            commit: "abc".into(),
            store: StoreKind::Embedded.into(),
            shards: 1,
            instance_id: "i".into(),
            log_filter: "info".into(),
            authentication: vec!["mtls".into(), "token".into()],
            started_at: None,
        };
        assert_eq!(
            shown(&server),
            "version       1.2.3 (abc)\nstarted       not known\nstore         embedded, 1 shard\ninstance      i\n\
             log           info\nauthenticates mtls, token\n"
        );
    }
}
