//! All shards, whichever process owns them.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use tokio::time::{Instant, sleep};

use super::tenants::merge;
use super::{LocalShards, NoOtherProcess, RemoteShards, ShardsError, TenantsOfShards};
use crate::auth::Tokens;
use crate::ids::{ShardId, TenantId};
use crate::journal::{Journal, JournalError};
use crate::ledger::change::Actor;
use crate::ledger::command::{ListTenants, Page};
use crate::ledger::outcome::TenantView;

/// How long a request waits for shards that have no owner at present, as a forwarded call does (C8).
const OWNER_TIMEOUT: Duration = Duration::from_secs(5);
/// Pause before the owners are asked again: half of what a hand-over may take.
const RETRY_DELAY: Duration = Duration::from_millis(150);

/// All shards, whichever process owns them.
pub struct AllShards {
    local: LocalShards,
    remote: Arc<dyn RemoteShards>,
}

impl AllShards {
    #[must_use]
    pub fn new(local: LocalShards, remote: Arc<dyn RemoteShards>) -> Arc<Self> {
        Arc::new(Self { local, remote })
    }

    /// The shards of a store that no other process can open.
    #[must_use]
    pub fn of_one_process(journal: Arc<Journal>, tokens: Arc<Tokens>) -> Arc<Self> {
        Self::new(LocalShards::new(journal, tokens), Arc::new(NoOtherProcess))
    }

    /// The shards that this process owns.
    #[must_use]
    pub fn local(&self) -> &LocalShards {
        &self.local
    }

    /// Lists the first tenants after the cursor, of every shard: a list that would lack some is an error.
    ///
    /// # Errors
    /// [`ShardsError`]
    pub async fn list_tenants(&self, query: &ListTenants) -> Result<Page<TenantView>, ShardsError> {
        let mut left: Vec<ShardId> = (0..self.local.journal().shards()).map(ShardId).collect();
        let (mut pages, until) = (Vec::new(), Instant::now() + OWNER_TIMEOUT);
        loop {
            let answers = self.ask(&left, query).await?;
            for TenantsOfShards { shards, page } in answers {
                // Shards move: an owner may answer for a shard that another one has answered for.
                if !shards.is_empty() && shards.iter().all(|shard| left.contains(shard)) {
                    left.retain(|shard| !shards.contains(shard));
                    pages.push(page);
                }
            }
            let Some(missing) = left.first() else { return Ok(merge(pages, query.limit)) };
            self.pause(*missing, until).await?;
        }
    }

    /// Asks this process and all others at the same time.
    async fn ask(&self, shards: &[ShardId], query: &ListTenants) -> Result<Vec<TenantsOfShards>, JournalError> {
        let (here, elsewhere): (Vec<_>, Vec<_>) = shards.iter().partition(|shard| self.local.journal().holds(**shard));
        if elsewhere.is_empty() {
            return Ok(vec![self.local.list_tenants(&here, query).await?]);
        }
        let asked = join(self.local.list_tenants(&here, query), self.remote.list_tenants(&elsewhere, query));
        let (here, mut elsewhere) = asked.await;
        elsewhere.push(here?);
        Ok(elsewhere)
    }

    /// Removes a deleted tenant from the API tokens, wherever these are kept.
    ///
    /// # Errors
    /// [`ShardsError`]: some tokens may have been changed.
    pub async fn withdraw_tenant(&self, actor: &Actor, tenant: &TenantId) -> Result<(), ShardsError> {
        let until = Instant::now() + OWNER_TIMEOUT;
        loop {
            match self.local.withdraw_tenant(actor, tenant).await {
                Ok(()) => return Ok(()),
                // Doing it twice is harmless.
                Err(error) if belongs_elsewhere(error) => {}
                Err(error) => return Err(error.into()),
            }
            if self.remote.withdraw_tenant(actor, tenant).await.is_ok() {
                return Ok(());
            }
            self.pause(self.local.installation(), until).await?;
        }
    }

    /// # Errors
    /// [`ShardsError::OwnerAway`]: `until` is over.
    async fn pause(&self, missing: ShardId, until: Instant) -> Result<(), ShardsError> {
        if Instant::now() + RETRY_DELAY > until {
            return Err(ShardsError::OwnerAway(missing));
        }
        sleep(RETRY_DELAY).await;
        Ok(())
    }

    /// Updates the token index after a change that this process has made durable. If their shard has left this process
    /// meanwhile, the next [`Self::refresh_tokens`] does it: the change must not look as if it had not been made.
    ///
    /// # Errors
    /// [`JournalError`]: the index still is what it was.
    pub async fn reload_tokens(&self) -> Result<(), JournalError> {
        match self.local.tokens().reload(self.local.journal()).await {
            Err(error) if belongs_elsewhere(error) => Ok(()),
            done => done,
        }
    }

    /// Updates the token index of this process from the ledger, or from the process that holds it.
    ///
    /// # Errors
    /// [`ShardsError`]: the index still is what it was.
    pub async fn refresh_tokens(&self) -> Result<(), ShardsError> {
        let tokens = self.local.tokens();
        if self.local.keeps_tokens() {
            match tokens.reload(self.local.journal()).await {
                Err(error) if belongs_elsewhere(error) => {}
                done => return Ok(done?),
            }
        }
        let asked = tokens.now();
        let update = self.remote.tokens(tokens.edition()).await;
        tokens.update(update.map_err(|_| self.tokens_away())?, asked).await;
        Ok(())
    }

    /// [`Self::refresh_tokens`] at the start: waits while the process that keeps the tokens does not know this one yet.
    ///
    /// # Errors
    /// [`ShardsError`]: nobody is let in by token yet.
    pub async fn read_tokens(&self) -> Result<(), ShardsError> {
        let until = Instant::now() + OWNER_TIMEOUT;
        loop {
            match self.refresh_tokens().await {
                Err(ShardsError::OwnerAway(shard)) => self.pause(shard, until).await?,
                done => return done,
            }
        }
    }

    /// Writes the uses of tokens that the ledger does not know yet.
    ///
    /// # Errors
    /// [`ShardsError`]: the next attempt writes them.
    pub async fn write_token_use(&self) -> Result<(), ShardsError> {
        let tokens = self.local.tokens();
        let uses = tokens.used_since_last();
        if uses.is_empty() {
            return Ok(());
        }
        if self.local.keeps_tokens() {
            self.local.note_token_use(&uses).await?;
        } else {
            self.remote.note_token_use(&uses).await.map_err(|_| self.tokens_away())?;
        }
        tokens.noted(&uses);
        Ok(())
    }

    fn tokens_away(&self) -> ShardsError {
        ShardsError::OwnerAway(self.local.installation())
    }
}

/// True if another process owns the shard, or may own it.
fn belongs_elsewhere(error: JournalError) -> bool {
    matches!(error, JournalError::NotApplied(_) | JournalError::OutcomeUnknown(_) | JournalError::NoLease(_))
}
