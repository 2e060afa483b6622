//! Writes the last use of API tokens once a minute, and reads the ledger's high-water mark of time, by which tokens
//! expire.

use std::sync::Arc;
use std::time::Duration;

use super::Tasks;
use crate::auth::Tokens;
use crate::ids::TenantId;
use crate::journal::{Journal, JournalError};
use crate::ledger::change::Actor;
use crate::ledger::command::NoteTokenUse;

const FLUSH_INTERVAL: Duration = Duration::from_secs(60);
/// Tokens in one command, which takes one step.
const MAX_USES_PER_COMMAND: usize = 100;

/// Starts the task. After it was stopped, [`write_token_use`] writes the rest.
pub fn note_token_use(tasks: &Tasks, journal: &Arc<Journal>, tokens: &Arc<Tokens>) {
    let (journal, tokens) = (Arc::clone(journal), Arc::clone(tokens));
    tasks.every("token use", FLUSH_INTERVAL, move || {
        let (journal, tokens) = (Arc::clone(&journal), Arc::clone(&tokens));
        async move {
            // If this fails, the next run writes it.
            let done = async {
                write_token_use(&journal, &tokens).await?;
                tokens.reload(&journal).await
            };
            if let Err(error) = done.await {
                tracing::debug!(%error, "the use of API tokens was not recorded");
            }
        }
    });
}

/// Writes every use that was not written yet.
///
/// # Errors
/// [`JournalError`]
pub async fn write_token_use(journal: &Journal, tokens: &Tokens) -> Result<(), JournalError> {
    for uses in tokens.used_since_last().chunks(MAX_USES_PER_COMMAND) {
        let note = NoteTokenUse { uses: uses.to_vec() };
        journal.submit(&Actor::service(), &TenantId::installation(), note).await?;
    }
    Ok(())
}
