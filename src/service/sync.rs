//! Stream of SyncUsers, processed in steps of a few users, so that other requests are served between two steps. The
//! memory of a sync is bounded: about 150 bytes for each listed user, and 50 for each user who is not listed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tonic::{Status, Streaming};

use super::ceiling::Ceiling;
use super::context::ServiceContext;
use super::parse::{self, SyncTerms};
use super::render;
use super::tenant_access::TenantAccess;
use crate::auth::Caller;
use crate::ids::{PoolId, UserId};
use crate::ledger::command::{
    ActivateUsers, BlockUnlisted, GetTenant, GetUsage, ListUsers, SyncEntry, SyncUsers, UserOrder, Waiting, WhatIf,
};
use crate::ledger::outcome::DenialReason;
use crate::proto::v1;
use crate::status::{self, FieldViolations};

/// Users of one step, which is one command; the writer processes it in steps of its own (decision 34).
const STEP_USERS: usize = 32;
/// Maximum number of pools and organizations that the entries of one step name; the entry that exceeds it is the last
/// one of its step.
const MAX_NAMED: usize = 10_000;
/// Maximum size of the results of a sync, in bytes; further results are only counted.
const MAX_RESULT_BYTES: usize = 32 * 1024 * 1024;
/// Maximum number of pools for which users wait in a dry run, which must keep them in memory.
const MAX_POOLS_WAITED_FOR: usize = 1_000_000;
/// Pause after each step, about as long as a step takes, so that a sync uses at most half of the writer's time, and
/// nobody waits for two steps in a row. It makes a sync of 200,000 users a quarter of a minute longer.
const STEP_DELAY: Duration = Duration::from_millis(2);
/// Maximum number of entries of one sync; it bounds the memory of the sync.
const MAX_ENTRIES: usize = 1_000_000;
/// Time within which the client must send its next message.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// Users that are read at once to find those who are not listed.
const PAGE_USERS: usize = 1_000;

/// Place of the result of a user who waits for a seat, and whose outcome is not known yet.
enum ResultSlot {
    Listed(usize),
    /// Left out of the response for lack of room; it keeps only what is counted.
    LeftOut(v1::SyncResult),
}

/// A sync in progress.
pub struct Sync {
    context: Arc<ServiceContext>,
    access: TenantAccess,
    terms: SyncTerms,
    listed: HashSet<UserId>,
    /// Ids of listed users as an earlier release folded them, where these differ: some users are still stored under
    /// them (decision 51).
    listed_earlier: HashSet<UserId>,
    /// Ceiling for blocking users who are not listed; `None`: nobody is blocked.
    ceiling: Option<Ceiling>,
    results: Vec<v1::SyncResult>,
    /// Users who wait for a seat, in the order of the entries.
    waiting: Vec<(Waiting, ResultSlot)>,
    what_if: Option<WhatIf>,
    totals: v1::SyncTotals,
    /// Bytes of the results, and the number of results that are left out.
    bytes: usize,
    left_out: u64,
    waited_for: usize,
}

impl Sync {
    /// Processes the whole stream, and answers when everything is durable. When the stream ends early, completed steps
    /// stay applied.
    pub async fn run(
        context: Arc<ServiceContext>,
        caller: Caller,
        mut stream: Streaming<v1::SyncUsersRequest>,
    ) -> Result<v1::SyncUsersResponse, Status> {
        let shutdown = context.shutdown.clone();
        let taken = async {
            let mut first = next(&mut stream).await?.unwrap_or_default();
            let entries = std::mem::take(&mut first.entries);
            let terms = parse::sync_terms(first)?;
            let access = context.tenant_access(caller, terms.tenant.clone())?;
            let _permit = context.syncing(&access)?;
            access.query(GetTenant).await??;
            let ceiling = ceiling(&context, &access, &terms).await?;
            let sync = Self::new(context, access, terms, ceiling);
            sync.take_all(entries, stream).await.map_err(status::half_done)
        };
        tokio::select! {
            taken = taken => taken,
            () = shutdown.cancelled() => Err(status::sync_broken_off()),
        }
    }

    fn new(context: Arc<ServiceContext>, access: TenantAccess, terms: SyncTerms, ceiling: Option<Ceiling>) -> Self {
        let what_if = terms.dry_run.then(WhatIf::default);
        Self {
            context,
            access,
            terms,
            listed: HashSet::new(),
            listed_earlier: HashSet::new(),
            ceiling,
            results: Vec::new(),
            waiting: Vec::new(),
            what_if,
            totals: v1::SyncTotals::default(),
            bytes: 0,
            left_out: 0,
            waited_for: 0,
        }
    }

    /// Processes the entries of the first message, and all messages after it.
    async fn take_all(
        mut self,
        entries: Vec<v1::SyncEntry>,
        mut stream: Streaming<v1::SyncUsersRequest>,
    ) -> Result<v1::SyncUsersResponse, Status> {
        self.take(entries).await?;
        while let Some(message) = next(&mut stream).await? {
            parse::same_sync(&self.terms, &message)?;
            self.take(message.entries).await?;
        }
        self.end().await
    }

    async fn take(&mut self, entries: Vec<v1::SyncEntry>) -> Result<(), Status> {
        if self.listed.len() + entries.len() > MAX_ENTRIES {
            let mut problems = FieldViolations::default();
            problems.add("entries", format!("must be at most {MAX_ENTRIES} in all messages of a sync"));
            return Err(problems.into());
        }
        let mut step = Vec::with_capacity(STEP_USERS);
        let mut named = 0;
        for entry in entries {
            let given = entry.user.as_ref().map_or_else(String::new, |user| user.user_id.clone());
            match parse::sync_entry(entry, &self.terms.mask, &self.context.limits) {
                Err(problems) => {
                    self.take_step(&mut step).await?;
                    // The user counts as listed, so that an invalid field does not block the user.
                    if let Ok(id) = UserId::parse(&given) {
                        self.list(id);
                    }
                    self.add_result(render::refused_entry(given, problems));
                }
                Ok(entry) if !self.list(entry.user.clone()) => {
                    self.take_step(&mut step).await?;
                    self.add_result(render::listed_twice(&entry.user));
                }
                Ok(entry) => {
                    named += entry.seats.iter().map(|seat| 1 + seat.organizations.len()).sum::<usize>();
                    step.push(entry);
                }
            }
            if step.len() == STEP_USERS || named > MAX_NAMED {
                self.take_step(&mut step).await?;
            }
            if step.is_empty() {
                named = 0;
            }
        }
        self.take_step(&mut step).await
    }

    /// Marks a user as listed. Returns false if the user was already listed.
    fn list(&mut self, id: UserId) -> bool {
        self.listed_earlier.extend(id.earlier());
        self.listed.insert(id)
    }

    fn is_listed(&self, id: &UserId) -> bool {
        self.listed.contains(id) || self.listed_earlier.contains(id)
    }

    async fn take_step(&mut self, step: &mut Vec<SyncEntry>) -> Result<(), Status> {
        if step.is_empty() {
            return Ok(());
        }
        let entries = std::mem::take(step);
        let ids: Vec<UserId> = entries.iter().map(|entry| entry.user.clone()).collect();
        let command = SyncUsers { entries, when_full: self.terms.when_full, what_if: self.what_if.take() };
        let answer = self.access.submit(command).await??;
        self.what_if = answer.what_if;
        for (id, mut synced) in ids.iter().zip(answer.users) {
            let mut waiting = synced.as_mut().ok().and_then(|synced| synced.waiting.take());
            self.remember(&mut waiting)?;
            let result = render::synced(id, synced);
            if self.terms.omit_unchanged && waiting.is_none() && result.outcome() == v1::SyncOutcome::Unchanged {
                self.totals.unchanged += 1;
                continue;
            }
            match waiting {
                Some(waiting) => {
                    let slot = self.reserve_slot(result);
                    self.waiting.push((waiting, slot));
                }
                None => self.add_result(result),
            }
        }
        tokio::time::sleep(STEP_DELAY).await;
        Ok(())
    }

    fn reserve_slot(&mut self, result: v1::SyncResult) -> ResultSlot {
        self.bytes += result.encoded_len();
        if self.bytes <= MAX_RESULT_BYTES {
            self.results.push(result);
            return ResultSlot::Listed(self.results.len() - 1);
        }
        let (outcome, block_cause) = (result.outcome, result.block_cause);
        ResultSlot::LeftOut(v1::SyncResult { outcome, block_cause, ..v1::SyncResult::default() })
    }

    /// Completes the result of a user who waited for seats; `full`: the pools that have none.
    fn resolve(&mut self, slot: ResultSlot, full: Vec<(PoolId, DenialReason)>) {
        match slot {
            ResultSlot::Listed(at) => {
                let result = &mut self.results[at];
                let before = result.encoded_len();
                render::resolve_waiting(result, full);
                self.bytes += result.encoded_len().saturating_sub(before);
                if self.bytes > MAX_RESULT_BYTES {
                    // `denial_count` still counts them.
                    result.denials = Vec::new();
                }
            }
            ResultSlot::LeftOut(mut result) => {
                render::resolve_waiting(&mut result, full);
                render::count_synced(&mut self.totals, &result);
                let is_omitted = self.terms.omit_unchanged && result.outcome() == v1::SyncOutcome::Unchanged;
                self.left_out += u64::from(!is_omitted);
            }
        }
    }

    /// Adds a result, or counts it when there are too many.
    fn add_result(&mut self, result: v1::SyncResult) {
        self.bytes += result.encoded_len();
        if self.bytes <= MAX_RESULT_BYTES {
            return self.results.push(result);
        }
        render::count_synced(&mut self.totals, &result);
        self.left_out += 1;
    }

    /// Keeps of a waiting user only what is needed later: the pools in a dry run, because the ledger does not know them
    /// then.
    fn remember(&mut self, waiting: &mut Option<Waiting>) -> Result<(), Status> {
        let Some(waiting) = waiting else { return Ok(()) };
        if self.what_if.is_none() {
            waiting.pools = Vec::new();
        }
        self.waited_for += waiting.pools.len();
        if self.waited_for <= MAX_POOLS_WAITED_FOR {
            return Ok(());
        }
        let mut problems = FieldViolations::default();
        problems.add(
            "dry_run",
            format!("must not be set where users wait for seats in more than {MAX_POOLS_WAITED_FOR} pools in all"),
        );
        Err(problems.into())
    }

    /// Ends the sync after the last message: blocks users who are not listed, which frees seats; then gives seats to
    /// users who wait.
    async fn end(mut self) -> Result<v1::SyncUsersResponse, Status> {
        if self.terms.full {
            self.find_unlisted().await?;
        }
        if self.ceiling.is_some() && !self.terms.dry_run {
            self.context.ceilings.mark_passed(&self.terms.tenant);
        }
        self.activate().await?;
        for result in &self.results {
            render::count_synced(&mut self.totals, result);
        }
        if !self.terms.dry_run {
            let (actor, tenant, totals) = (&*self.access.caller().actor().0, &self.terms.tenant, &self.totals);
            let (created, updated) = (totals.created, totals.updated);
            tracing::info!(target: "usher::admin", action = "SyncUsers", actor, %tenant, created, updated, "done");
        }
        if self.terms.omit_unchanged {
            self.results.retain(|result| result.outcome() != v1::SyncOutcome::Unchanged);
        }
        let (totals, results_left_out) = (Some(self.totals), self.left_out);
        Ok(v1::SyncUsersResponse { results: self.results, totals, results_left_out })
    }

    async fn find_unlisted(&mut self) -> Result<(), Status> {
        if self.terms.block_unlisted && self.listed.is_empty() {
            let mut problems = FieldViolations::default();
            problems.add("entries", "must not be empty: every user would be blocked");
            return Err(problems.into());
        }
        // Nobody is blocked before the number of users to block is known.
        let mut unlisted = Vec::new();
        let mut to_block = 0;
        let mut query =
            ListUsers { blocked: Some(false), order: UserOrder::Created, limit: PAGE_USERS, ..ListUsers::default() };
        loop {
            let page = self.access.query(query.clone()).await??;
            let others = page.rows.into_iter().filter(|view| !self.is_listed(&view.id));
            for view in others {
                to_block += u64::from(!view.administrator);
                unlisted.push(view.id);
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        if let Some(ceiling) = self.ceiling {
            ceiling.guard(to_block)?;
        }
        for step in unlisted.chunks(STEP_USERS) {
            self.unlisted(step).await?;
        }
        Ok(())
    }

    async fn unlisted(&mut self, users: &[UserId]) -> Result<(), Status> {
        if !self.terms.block_unlisted {
            users.iter().for_each(|id| self.add_result(render::unlisted(id, false)));
            return Ok(());
        }
        let command = BlockUnlisted { users: users.to_vec(), what_if: self.what_if.take() };
        let answer = self.access.submit(command).await??;
        self.what_if = answer.what_if;
        for (id, blocked) in users.iter().zip(answer.blocked) {
            self.add_result(render::unlisted(id, blocked));
        }
        Ok(())
    }

    /// Activates users who wait, first blocked first (R33); in a dry run, new users in the order of the entries.
    async fn activate(&mut self) -> Result<(), Status> {
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.sort_by_key(|(waiting, _)| waiting.since);
        let mut waiting = waiting.into_iter();
        loop {
            let (users, slots): (Vec<Waiting>, Vec<ResultSlot>) = waiting.by_ref().take(STEP_USERS).unzip();
            if users.is_empty() {
                return Ok(());
            }
            let answer = self.access.submit(ActivateUsers { waiting: users, what_if: self.what_if.take() }).await??;
            self.what_if = answer.what_if;
            slots.into_iter().zip(answer.full).for_each(|(slot, full)| self.resolve(slot, full));
        }
    }
}

/// The ceiling of a sync counts users who were there before it, not those it creates.
async fn ceiling(
    context: &ServiceContext,
    access: &TenantAccess,
    terms: &SyncTerms,
) -> Result<Option<Ceiling>, Status> {
    if !terms.block_unlisted {
        return Ok(None);
    }
    let users = access.query(GetUsage).await??.users.active_ordinary;
    Ok(Some(context.ceilings.begin(&terms.tenant, users, terms.max_blocked, terms.dry_run)))
}

/// Reads the next message; `None` after the last one.
async fn next(stream: &mut Streaming<v1::SyncUsersRequest>) -> Result<Option<v1::SyncUsersRequest>, Status> {
    tokio::time::timeout(MESSAGE_TIMEOUT, stream.message()).await.map_err(|_| status::deadline_exceeded())?
}
