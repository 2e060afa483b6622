//! The shards that this process owns, as it uses them itself, and as other processes ask for them.

use std::sync::Arc;

use futures_util::future::join_all;

use super::TenantsOfShards;
use super::tenants::merge;
use crate::auth::{TokenEdition, TokenUpdate, Tokens};
use crate::ids::{ShardId, TenantId, TokenId};
use crate::journal::{Journal, JournalError};
use crate::ledger::change::Actor;
use crate::ledger::command::{ListTenants, NoteTokenUse, WithdrawTenant};
use crate::ledger::time::WallTime;

/// Tokens in one command, which takes one step.
const MAX_USES_PER_COMMAND: usize = 100;

/// The shards that this process owns.
#[derive(Clone)]
pub struct LocalShards {
    journal: Arc<Journal>,
    tokens: Arc<Tokens>,
}

impl LocalShards {
    #[must_use]
    pub fn new(journal: Arc<Journal>, tokens: Arc<Tokens>) -> Self {
        Self { journal, tokens }
    }

    #[must_use]
    pub fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Token index of this process.
    #[must_use]
    pub fn tokens(&self) -> &Arc<Tokens> {
        &self.tokens
    }

    /// True if this process holds the shard of the installation, to which API tokens belong.
    #[must_use]
    pub fn keeps_tokens(&self) -> bool {
        self.journal.holds(self.installation())
    }

    /// Shard of the installation.
    #[must_use]
    pub fn installation(&self) -> ShardId {
        TenantId::installation().shard(self.journal.shards())
    }

    /// Lists the first tenants after the cursor of those of these shards that this process holds.
    ///
    /// # Errors
    /// [`JournalError`]: one that it holds did not answer.
    pub async fn list_tenants(&self, shards: &[ShardId], query: &ListTenants) -> Result<TenantsOfShards, JournalError> {
        let held = shards.iter().copied().filter(|shard| self.journal.holds(*shard));
        let answers = join_all(held.map(async |shard| (shard, self.journal.query_shard(shard, query.clone()).await)));
        let (mut listed, mut pages) = (Vec::new(), Vec::new());
        for (shard, answer) in answers.await {
            match answer {
                Ok(page) => {
                    listed.push(shard);
                    pages.push(page);
                }
                // It was handed over meanwhile.
                Err(JournalError::NotApplied(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(TenantsOfShards { shards: listed, page: merge(pages, query.limit) })
    }

    /// Removes a deleted tenant from all tokens, a few in each step, and updates the index.
    ///
    /// # Errors
    /// [`JournalError`]: some tokens may have been changed.
    pub async fn withdraw_tenant(&self, actor: &Actor, tenant: &TenantId) -> Result<(), JournalError> {
        let mut command = WithdrawTenant { gone: tenant.clone(), after: None };
        loop {
            command.after = self.journal.submit(actor, &TenantId::installation(), command.clone()).await?;
            if command.after.is_none() {
                return self.tokens.reload(&self.journal).await;
            }
        }
    }

    /// Returns the tokens that differ from those of an edition. The ledger has just confirmed them, which it does only
    /// while this process knows that it owns their shard.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn tokens_since(&self, edition: TokenEdition) -> Result<TokenUpdate, JournalError> {
        self.tokens.reload(&self.journal).await?;
        Ok(self.tokens.since(edition))
    }

    /// Writes the last uses of API tokens.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn note_token_use(&self, uses: &[(TokenId, WallTime)]) -> Result<(), JournalError> {
        for uses in uses.chunks(MAX_USES_PER_COMMAND) {
            let note = NoteTokenUse { uses: uses.to_vec() };
            self.journal.submit(&Actor::service(), &TenantId::installation(), note).await?;
        }
        Ok(())
    }
}
