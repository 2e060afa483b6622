//! `usher server log`

use std::time::Duration;

use clap::Args;

use crate::commands::connection::{ConnectionArgs, INSTALLATION, Usher, call_for};
use crate::commands::error::Error;
use crate::commands::output::{Printer, Rendered};
use crate::config::DAY;
use crate::config::values::duration;
use crate::failure::Failure;
use crate::proto::v1::SetLogFilterRequest;

#[derive(Debug, Args)]
pub struct LogArgs {
    /// Level, also per module: info, or warn,usher::journal=debug
    pub filter: String,
    /// For how long, from 1s to 7days; then it is as it was before [default: for good]
    #[arg(long = "for", value_name = "DURATION")]
    pub time: Option<String>,
    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// Sets the log filter of the server, for a while or for good.
pub async fn run(args: &LogArgs) -> Result<(), Failure> {
    let time = args.time.as_deref().map(|text| duration(text, MAX_TIME)).transpose();
    let time = time.map_err(|problem| Failure::Usage(vec![format!("--for: {problem}")]))?;
    call_for(INSTALLATION, &args.connection, async |usher, printer| log(usher, printer, &args.filter, time).await).await
}

/// Longest time for which a filter applies.
const MAX_TIME: Duration = Duration::from_secs(7 * DAY.as_secs());

async fn log(usher: &Usher, printer: &mut Printer, filter: &str, time: Option<Duration>) -> Result<(), Error> {
    let time = time.map(|time| prost_types::Duration {
        seconds: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(time.subsec_nanos()).unwrap_or_default(),
    });
    let request = SetLogFilterRequest { filter: filter.to_owned(), duration: time };
    let answer = usher.answer(usher.server().set_log_filter(usher.request(request))).await?;
    let text = format!("{}, before it was {}\n", answer.current, answer.previous);
    printer.print(&Rendered::new(&answer, text))
}
