//! `usher notifications redeliver`

use clap::Args;

use super::list::deliveries;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::RedeliverNotificationRequest;

#[derive(Debug, Args)]
pub struct RedeliverArgs {
    /// Its topic, as the list shows it
    pub topic: String,
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Sends a notification once more.
pub async fn run(args: &RedeliverArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, async |usher, printer| redeliver(usher, printer, args).await).await
}

async fn redeliver(usher: &Usher, printer: &mut Printer, args: &RedeliverArgs) -> Result<(), Error> {
    let request = RedeliverNotificationRequest { tenant_id: usher.tenant.clone(), topic: args.topic.clone() };
    let answer = usher.answer(usher.notifications().redeliver_notification(usher.request(request))).await?;
    let notification = answer.notification.clone().unwrap_or_default();
    printer.print(&Rendered::new(&answer, format!("{}: {}\n", notification.topic, deliveries(&notification))))
}
