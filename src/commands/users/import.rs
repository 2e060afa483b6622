//! `usher users import`: sends a file of users as one sync (R33).

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use prost::Message;
use tonic::Request;

use super::delimiter::Delimiter;
use super::file::UsersFile;
use super::input::users_file;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::progress::Progress;
use crate::commands::output::rows::Rows;
use crate::commands::output::table::{Column, left, right};
use crate::commands::output::{Printer, json, words};
use crate::failure::Failure;
use crate::proto::v1::{
    BlockCause, SeatDenial, SyncEntry, SyncOutcome, SyncResult, SyncTotals, SyncUsersRequest, SyncUsersResponse,
    SyncWhenFull, UserState,
};

pub const EXAMPLES: &str = "\
Examples:
  What would happen, and then let it
    usher users import --tenant acme --dry-run staff.csv
    usher users import --tenant acme staff.csv
  The file is everybody there is: block all others but administrators
    usher users import --tenant acme --full --block-unlisted staff.csv

The header names the columns: user_id or email, and any of given_name,
family_name, groups, administrator and account_state (yes or no), pools,
organizations and attributes.NAME. Other columns that an export writes are
passed over. A field is changed if it has a column, and emptied by an empty
cell; account_state yes unblocks, no blocks, and empty leaves it as it is.

Several values in a cell have | between them; \\| is one within a value, and \\\\
a backslash. Seats are only given, never taken: with access to the organizations
of the line; with * or without any to all if the seat is new, and else as it
was. POOL=ORGANIZATION is for one pool of the line.

A file with a wrong line is not sent at all: a quote that nothing closes, for
example. A new user for whom a named pool is full is refused, unless --when-full
says otherwise. --block-unlisted blocks nobody if it would be too many, for the
file may not be whole. Exit code 11 when somebody is not as the file wants it.";

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file, in UTF-8; - is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// What stands between two cells [default: what a first line sep=; says, else by the header]
    #[arg(long, value_name = "CHARACTER")]
    pub delimiter: Option<Delimiter>,
    /// The file has everybody: report who is not in it
    #[arg(long)]
    pub full: bool,
    /// Block who is not in the file, except administrators
    #[arg(long, requires = "full")]
    pub block_unlisted: bool,
    /// Block nobody if it would be more than so many [default: a tenth of the active users, at least 5]
    #[arg(long, value_name = "NUMBER", requires = "block_unlisted")]
    pub max_blocked: Option<u32>,
    /// Who would be new, or active again, and finds a named pool full: refuse, or keep as blocked until a seat is free
    #[arg(long, value_name = "WHAT", default_value = "refuse")]
    pub when_full: WhenFull,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub scope: TenantArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum WhenFull {
    Refuse,
    Block,
}

/// Sends the file, which was checked as a whole before. The output for people has the users whose result differs from
/// the file, and those that are not in the file; the JSON output has all users.
///
/// # Errors
/// [`Failure`]; [`Failure::Denied`]: for some users the result differs from the file.
pub async fn run(args: &ImportArgs) -> Result<(), Failure> {
    let file = users_file(&args.file, args.delimiter)?;
    call_tenant(&args.scope, async |usher, printer| import(usher, printer, file, args).await).await
}

/// Limits of a message in entries and in bytes. The last entry can exceed the limit in bytes by half of it.
const CHUNK_ENTRIES: usize = 500;
const CHUNK_BYTES: usize = 1024 * 1024;

const COLUMNS: [Column; 4] = [right("line"), left("user"), left("result"), left("why")];

/// A line of the file.
#[derive(Debug, Clone, Copy)]
struct FileLine {
    number: u64,
    /// The file says that the user is blocked.
    blocked: bool,
}

async fn import(usher: &Usher, printer: &mut Printer, file: UsersFile, args: &ImportArgs) -> Result<(), Error> {
    let line = |(number, entry): &(u64, SyncEntry)| FileLine {
        number: *number,
        blocked: entry.account_state() == UserState::Blocked,
    };
    let lines: Vec<FileLine> = file.entries.iter().map(line).collect();
    let request = Request::new(tokio_stream::iter(messages(usher, file, args)));
    let synced = usher.answer_to_upload(usher.directory().sync_users(request)).await?;
    print_results(printer, &synced, &lines, args.dry_run)
}

/// The messages of the sync. The first one has the options, and is sent even if the file contains no users.
fn messages(
    usher: &Usher,
    file: UsersFile,
    args: &ImportArgs,
) -> impl Iterator<Item = SyncUsersRequest> + Send + 'static {
    let UsersFile { entries, fields } = file;
    let progress = Progress::new("users sent", entries.len());
    let mut next = Some(SyncUsersRequest {
        tenant_id: usher.tenant.clone(),
        update_mask: (!fields.is_empty()).then_some(prost_types::FieldMask { paths: fields }),
        full: args.full,
        block_unlisted: args.block_unlisted,
        max_blocked: args.max_blocked,
        when_full: match args.when_full {
            WhenFull::Refuse => SyncWhenFull::Refuse,
            WhenFull::Block => SyncWhenFull::Block,
        }
        .into(),
        dry_run: args.dry_run,
        ..SyncUsersRequest::default()
    });
    let mut entries = entries.into_iter().map(|(_, entry)| entry);
    let mut sent = 0;
    std::iter::from_fn(move || {
        let (mut chunk, mut bytes) = (Vec::new(), 0);
        while chunk.len() < CHUNK_ENTRIES
            && bytes < CHUNK_BYTES
            && let Some(entry) = entries.next()
        {
            bytes += entry.encoded_len();
            chunk.push(entry);
        }
        let message = if chunk.is_empty() { next.take()? } else { next.take().unwrap_or_default() };
        sent += chunk.len();
        progress.at(sent);
        Some(SyncUsersRequest { entries: chunk, ..message })
    })
}

fn print_results(
    printer: &mut Printer,
    synced: &SyncUsersResponse,
    lines: &[FileLine],
    dry_run: bool,
) -> Result<(), Error> {
    let totals = synced.totals.unwrap_or_default();
    let summary = summary(totals, dry_run);
    // The results of unlisted users follow those of the listed ones.
    let numbered = synced.results.iter().zip(lines.iter().map(Some).chain(std::iter::repeat(None)));
    let everybody = printer.json;
    let is_shown = |result, line: Option<&FileLine>| everybody || line.is_none_or(|line| !is_as_wanted(result, line));
    let shown: Vec<_> = numbered.filter(|(result, line)| is_shown(result, *line)).collect();
    let mut rows =
        Rows::new(printer, "results", &COLUMNS).expecting(1, shown.iter().map(|(result, _)| &result.user_id));
    rows.write(&shown, |(result, line)| cells(result, *line), |(result, _)| json::of(*result))?;
    rows.end(&[("totals", json::of(&totals))], &format!("{summary}\n"))?;
    let wanting = synced.results.iter().zip(lines).filter(|(result, line)| !is_as_wanted(result, line)).count();
    if wanting == 0 {
        return Ok(());
    }
    let are = if wanting == 1 { "is" } else { "are" };
    Err(Error::Denied(format!("{} {are} not as the file wants it", words::count(wanting as u64, "user"))))
}

fn is_as_wanted(result: &SyncResult, line: &FileLine) -> bool {
    result.outcome() != SyncOutcome::Refused
        && result.denials.is_empty()
        && (line.blocked || result.block_cause() == BlockCause::Unspecified)
}

fn cells(result: &SyncResult, line: Option<&FileLine>) -> Vec<String> {
    let blocked = match result.block_cause() {
        _ if result.outcome() == SyncOutcome::Refused => "",
        BlockCause::Unspecified => "",
        BlockCause::Administrator => ", blocked by an administrator",
        BlockCause::LicenseLimit => ", blocked: no seat is free",
        BlockCause::Directory => "",
    };
    let outcome = match result.outcome() {
        SyncOutcome::Unspecified => "",
        SyncOutcome::Unchanged => "unchanged",
        SyncOutcome::Created | SyncOutcome::CreatedBlocked => "created",
        SyncOutcome::Updated => "updated",
        SyncOutcome::Activated => "activated",
        SyncOutcome::Refused => "refused",
        SyncOutcome::Unlisted => "not in the file",
        SyncOutcome::Blocked => "not in the file, blocked",
    };
    let reason = |denial: &SeatDenial| {
        let reason = denial.reason().as_str_name().trim_start_matches("DENIAL_REASON_").to_owned();
        format!("{}: {reason}", denial.pool_id)
    };
    let denials = result.denials.iter().map(reason);
    let why: Vec<String> = result.error.iter().map(words::refusal).chain(denials).collect();
    let line = line.map_or_else(String::new, |line| line.number.to_string());
    vec![line, result.user_id.clone(), format!("{outcome}{blocked}"), why.join(", ")]
}

/// Formats the totals, `created 3, unchanged 12`; counts of zero are left out.
fn summary(totals: SyncTotals, dry_run: bool) -> String {
    let counts = [
        (totals.created, "created"),
        (totals.created_blocked, "created and blocked, for want of seats"),
        (totals.updated, "updated"),
        (totals.activated, "activated"),
        (totals.unchanged, "unchanged"),
        (totals.refused, "refused"),
        (totals.unlisted, "not in the file"),
        (totals.blocked, "not in the file and blocked"),
    ];
    let counts: Vec<String> =
        counts.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    let message = if counts.is_empty() { "nobody in the file".to_owned() } else { counts.join(", ") };
    if dry_run { format!("a dry run, nothing was done: {message}") } else { message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(user: &str, outcome: SyncOutcome, cause: BlockCause) -> SyncResult {
        SyncResult { user_id: user.into(), outcome: outcome.into(), block_cause: cause.into(), ..SyncResult::default() }
    }

    #[test]
    fn a_user_who_is_not_as_wanted_is_reported_with_the_line() {
        let full = SeatDenial { pool_id: "crm".into(), reason: crate::proto::v1::DenialReason::SeatsExhausted.into() };
        let waiting =
            SyncResult { denials: vec![full], ..result("ann", SyncOutcome::CreatedBlocked, BlockCause::LicenseLimit) };
        let line = |number| FileLine { number, blocked: false };
        assert!(!is_as_wanted(&waiting, &line(7)));
        assert!(is_as_wanted(
            &result("ann", SyncOutcome::Unchanged, BlockCause::LicenseLimit),
            &FileLine { number: 7, blocked: true }
        ));
        assert_eq!(
            cells(&waiting, Some(&line(7))),
            ["7", "ann", "created, blocked: no seat is free", "crm: SEATS_EXHAUSTED"]
        );
        let blocked = result("bob", SyncOutcome::Unchanged, BlockCause::Administrator);
        assert_eq!(cells(&blocked, Some(&line(8))), ["8", "bob", "unchanged, blocked by an administrator", ""]);
        assert!(is_as_wanted(&result("cid", SyncOutcome::Activated, BlockCause::Unspecified), &line(9)));
        let gone = result("dee", SyncOutcome::Blocked, BlockCause::Directory);
        assert_eq!(cells(&gone, None), ["", "dee", "not in the file, blocked", ""]);
    }

    #[test]
    fn a_summary_says_what_there_was() {
        let totals = SyncTotals { created: 3, waiting: 1, created_blocked: 1, ..SyncTotals::default() };
        assert_eq!(summary(totals, false), "3 created, 1 created and blocked, for want of seats");
        assert_eq!(summary(SyncTotals::default(), true), "a dry run, nothing was done: nobody in the file");
    }
}
