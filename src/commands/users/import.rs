//! `usher users import`: sends a file of users as one sync (R33).

use prost::Message;
use tonic::Request;

use super::super::progress::Progress;
use super::super::rows::Rows;
use super::super::table::{Column, left, right};
use super::super::{Error, Printer, Usher, json, words};
use super::file::UsersFile;
use crate::cli::users_files::WhenFull;
use crate::proto::v1::{
    BlockCause, SeatDenial, SyncEntry, SyncOutcome, SyncResult, SyncTotals, SyncUsersRequest, SyncUsersResponse,
    SyncWhenFull, UserState,
};

/// Limits of a message in entries and in bytes. The last entry can exceed the limit in bytes by half of it.
const CHUNK_ENTRIES: usize = 500;
const CHUNK_BYTES: usize = 1024 * 1024;

const COLUMNS: [Column; 4] = [right("line"), left("user"), left("result"), left("why")];

/// Options for the whole file.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    pub full: bool,
    pub block_unlisted: bool,
    /// `None`: the limit of the service (R33).
    pub max_blocked: Option<u32>,
    pub when_full: WhenFull,
    pub dry_run: bool,
}

/// A line of the file.
#[derive(Debug, Clone, Copy)]
struct FileLine {
    number: u64,
    /// The file says that the user is blocked.
    blocked: bool,
}

/// Sends the file, which was checked as a whole before. The output for people has the users whose result differs from
/// the file, and those that are not in the file; the JSON output has all users.
///
/// # Errors
/// [`Error`]; [`Error::Denied`]: for some users the result differs from the file.
pub async fn import(usher: &Usher, printer: &mut Printer, file: UsersFile, terms: Terms) -> Result<(), Error> {
    let line = |(number, entry): &(u64, SyncEntry)| FileLine {
        number: *number,
        blocked: entry.account_state() == UserState::Blocked,
    };
    let lines: Vec<FileLine> = file.entries.iter().map(line).collect();
    let request = Request::new(tokio_stream::iter(messages(usher, file, terms)));
    let synced = usher.answer_to_upload(usher.directory().sync_users(request)).await?;
    print_results(printer, &synced, &lines, terms.dry_run)
}

/// The messages of the sync. The first one has the options, and is sent even if the file contains no users.
fn messages(usher: &Usher, file: UsersFile, terms: Terms) -> impl Iterator<Item = SyncUsersRequest> + Send + 'static {
    let UsersFile { entries, fields } = file;
    let progress = Progress::new("users sent", entries.len());
    let mut next = Some(SyncUsersRequest {
        tenant_id: usher.tenant.clone(),
        update_mask: (!fields.is_empty()).then_some(prost_types::FieldMask { paths: fields }),
        full: terms.full,
        block_unlisted: terms.block_unlisted,
        max_blocked: terms.max_blocked,
        when_full: match terms.when_full {
            WhenFull::Refuse => SyncWhenFull::Refuse,
            WhenFull::Block => SyncWhenFull::Block,
        }
        .into(),
        dry_run: terms.dry_run,
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
    fn who_is_not_as_wanted_is_told_with_the_line() {
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
