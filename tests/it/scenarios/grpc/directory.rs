//! Syncs of a directory: SyncUsers, with one message for each line of the directory, as a directory is read.

use usher::ids::TenantId;
use usher::proto::v1::{self, SyncOutcome};

use super::{Caller, call};
use crate::scenarios::answers;
use crate::scenarios::language::steps::{Directory, DirectoryEntry};
use crate::scenarios::runner::Happened;

impl Caller {
    pub fn sync(&self, tenant: &TenantId, directory: &Directory) -> Result<Happened, String> {
        let first = v1::SyncUsersRequest {
            tenant_id: self.tenant_id(tenant),
            full: directory.whole,
            block_unlisted: directory.blocking,
            dry_run: directory.trial,
            omit_unchanged: true,
            ..Default::default()
        };
        let rest = directory.entries.iter().flat_map(entries);
        let rest = rest.map(|entry| v1::SyncUsersRequest { entries: vec![entry], ..Default::default() });
        let messages: Vec<_> = std::iter::once(first).chain(rest).collect();
        match call(self.server.directory().sync_users(tokio_stream::iter(messages))) {
            Ok(answer) => Ok(Happened::Rows(synced(&answer.results))),
            Err(refusal) => Ok(Happened::Rows(vec![answers::refused(&refusal).text()])),
        }
    }
}

fn entries(listed: &DirectoryEntry) -> impl Iterator<Item = v1::SyncEntry> {
    listed.users.iter().map(|user| v1::SyncEntry {
        user: Some(v1::User { user_id: user.clone(), ..Default::default() }),
        pool_ids: listed.pools.iter().map(ToString::to_string).collect(),
        organization_ids: listed.organizations.iter().map(ToString::to_string).collect(),
        ..Default::default()
    })
}

/// `ann bob created`: a row for each outcome, in the order of their first users.
fn synced(results: &[v1::SyncResult]) -> Vec<String> {
    let mut rows: Vec<(String, Vec<&str>)> = Vec::new();
    for result in results {
        let outcome = outcome(result);
        let user = result.user_id.as_str();
        match rows.iter_mut().find(|(found, _)| *found == outcome) {
            Some((_, users)) => users.push(user),
            None => rows.push((outcome, vec![user])),
        }
    }
    rows.into_iter().map(|(outcome, users)| format!("{} {outcome}", users.join(" "))).collect()
}

fn outcome(result: &v1::SyncResult) -> String {
    let denials: Vec<_> = result.denials.iter().map(|denial| denial.pool_id.as_str()).collect();
    let full = if denials.is_empty() { String::new() } else { format!(", no seat in {}", denials.join(" ")) };
    let done = match result.outcome() {
        SyncOutcome::Unspecified | SyncOutcome::Unchanged => "unchanged",
        SyncOutcome::Created => "created",
        SyncOutcome::CreatedBlocked => "created and blocked",
        SyncOutcome::Updated => "updated",
        SyncOutcome::Activated => "activated",
        SyncOutcome::Refused => "refused",
        SyncOutcome::Unlisted => "not listed",
        SyncOutcome::Blocked => "blocked",
    };
    let error = result.error.as_ref().map(|error| format!(": {}", error.reason)).unwrap_or_default();
    format!("{done}{full}{error}")
}
