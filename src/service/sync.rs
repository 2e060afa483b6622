//! The stream of SyncUsers, taken in steps of a few users each: between two of them, everybody else is served. What a
//! sync needs to remember is bounded: about 150 bytes for each user listed, and 50 for each who is not.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use prost::Message;
use tonic::{Status, Streaming};

use super::ceiling::Ceiling;
use super::context::ServiceContext;
use super::parse::{self, FieldViolations, SyncTerms};
use super::tenant_access::TenantAccess;
use super::{render, status};
use crate::auth::Caller;
use crate::ids::{PoolId, UserId};
use crate::ledger::command::{
    ActivateUsers, BlockUnlisted, GetTenant, GetUsage, ListUsers, SyncEntry, SyncUsers, UserOrder, Waiting, WhatIf,
};
use crate::ledger::outcome::DenialReason;
use crate::proto::v1;

/// Users of one step, and so of one command, which a writer takes in steps of its own (decision 34).
const STEP_USERS: usize = 32;
/// Pools, and organizations in each of them, that the entries of one step name. The entry that goes beyond is its last.
const MAX_NAMED: usize = 10_000;
/// Of the results of a sync. What is beyond is only counted.
const MAX_RESULT_BYTES: usize = 32 * 1024 * 1024;
/// Pools for which users wait, in a dry run, which has to remember them.
const MAX_POOLS_WAITED_FOR: usize = 1_000_000;
/// After each step: about as long as one takes, so that a sync has half of the writer at most, and nobody waits behind
/// two steps in a row. It makes a sync of 200,000 users a quarter of a minute longer.
const STEP_DELAY: Duration = Duration::from_millis(2);
/// Entries of one sync: a bound for what it remembers.
const MAX_ENTRIES: usize = 1_000_000;
/// How long a client may take for its next message.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// Users that are read at once, to find those who are not listed.
const PAGE_USERS: usize = 1_000;

/// Where the result is of somebody of whom it is not known yet what becomes.
enum ResultSlot {
    Listed(usize),
    /// There was no room for it: no more than what is counted is kept.
    LeftOut(v1::SyncResult),
}

/// One sync.
pub struct Sync {
    context: Arc<ServiceContext>,
    access: TenantAccess,
    terms: SyncTerms,
    listed: HashSet<UserId>,
    /// As an earlier release called them, where that was otherwise: some are stored so still.
    listed_earlier: HashSet<UserId>,
    /// Of who is not listed; `None`: nobody is blocked.
    ceiling: Option<Ceiling>,
    results: Vec<v1::SyncResult>,
    /// Who waits for a seat, in the order of the entries.
    waiting: Vec<(Waiting, ResultSlot)>,
    what_if: Option<WhatIf>,
    totals: v1::SyncTotals,
    /// Of the results, and how many there is no room for.
    bytes: usize,
    left_out: u64,
    waited_for: usize,
}

impl Sync {
    /// Takes the whole stream, and answers when everything is durable. When it ends early, what was done stands.
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
            let mut sync = Self::new(context, access, terms, ceiling);
            sync.take(entries).await?;
            while let Some(message) = next(&mut stream).await? {
                parse::same_sync(&sync.terms, &message)?;
                sync.take(message.entries).await?;
            }
            sync.end().await
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
                    // The directory has the user all the same: nobody is blocked because of a wrong field.
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

    /// False: the user was listed before.
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

    /// What became of somebody who waited for a seat in each of the pools that have none.
    fn resolve(&mut self, slot: ResultSlot, full: Vec<(PoolId, DenialReason)>) {
        match slot {
            ResultSlot::Listed(at) => {
                let result = &mut self.results[at];
                let before = result.encoded_len();
                render::resolve_waiting(result, full);
                self.bytes += result.encoded_len().saturating_sub(before);
                if self.bytes > MAX_RESULT_BYTES {
                    // They are counted.
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

    /// Of who waits, what is needed later: a dry run has to know for which pools, for nobody else does.
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

    /// Everything was sent: users who are not listed make room, then those who wait get seats.
    async fn end(mut self) -> Result<v1::SyncUsersResponse, Status> {
        if self.terms.full {
            self.look_for_unlisted().await?;
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

    async fn look_for_unlisted(&mut self) -> Result<(), Status> {
        if self.terms.block_unlisted && self.listed.is_empty() {
            let mut problems = FieldViolations::default();
            problems.add("entries", "must not be empty: every user would be blocked");
            return Err(problems.into());
        }
        // Nobody is blocked before it is known how many they are.
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

    /// First blocked first (R33); of those who are new in a dry run, in the order of the entries.
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

/// Who was there before the sync counts for it, and nobody whom it makes.
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

/// The next message; `None`: the client has sent the last one.
async fn next(stream: &mut Streaming<v1::SyncUsersRequest>) -> Result<Option<v1::SyncUsersRequest>, Status> {
    tokio::time::timeout(MESSAGE_TIMEOUT, stream.message()).await.map_err(|_| status::deadline_exceeded())?
}
