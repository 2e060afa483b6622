//! C10: a token whose revocation was acknowledged is soon refused by every node, whatever is cut off.

use std::collections::{BTreeMap, BTreeSet};

use usher::auth::MAX_TOKEN_LIST_AGE;
use usher::ids::TokenId;
use usher::ledger::command::{Command, Outcome};

use super::must;
use crate::simulation::call::{Answer, Call, CallRequest};
use crate::simulation::process::Process;
use crate::simulation::test_data;

/// Milliseconds within which every node in good contact knows what was changed: a second until it asks, and one for the
/// answer.
pub const KNOWN: u64 = 2_000;

/// The tokens, by the answers that clients got.
#[derive(Default)]
pub struct Tokens {
    created: BTreeSet<TokenId>,
    /// Tokens that somebody wanted to revoke, whatever came of it.
    asked: BTreeSet<TokenId>,
    /// When the revocation was acknowledged.
    revoked: BTreeMap<TokenId, u64>,
}

impl Tokens {
    /// A call begins.
    pub fn open(&mut self, call: &Call) {
        if let CallRequest::Command(Command::RevokeToken(command)) = &call.request {
            self.asked.insert(command.id);
        }
    }

    pub fn answered(&mut self, call: &Call, answer: &Answer, now: u64) {
        match (&call.request, answer) {
            (CallRequest::Command(Command::CreateToken(command)), Answer::Outcome(Outcome::CreateToken(Ok(_)))) => {
                self.created.insert(command.id);
            }
            (CallRequest::Command(Command::RevokeToken(command)), Answer::Outcome(Outcome::RevokeToken(Ok(_)))) => {
                self.revoked.entry(command.id).or_insert(now);
            }
            _ => {}
        }
    }

    /// A copy of the tokens counts for 30 s, and that of the node that keeps them is newer than what it acknowledged.
    pub fn none_lives_on(&self, process: &Process, now: u64) -> Result<(), String> {
        let age = u64::try_from(MAX_TOKEN_LIST_AGE.as_millis()).expect("a short time");
        self.are_refused(process, now.saturating_sub(age))
    }

    /// A node in good contact knows every token as it is.
    pub fn are_known(&self, process: &Process, now: u64) -> Result<(), String> {
        self.are_refused(process, now.saturating_sub(KNOWN))?;
        let unknown = self.created.difference(&self.asked).find(|id| !process.lets_in(&test_data::token(**id)));
        must(unknown.is_none(), || format!("C10 process {} does not let token {unknown:?} in", process.no))
    }

    /// Checks the tokens that were revoked before some time.
    fn are_refused(&self, process: &Process, before: u64) -> Result<(), String> {
        let mut old = self.revoked.iter().filter(|(_, at)| **at < before).map(|(id, _)| *id);
        let lives = old.find(|id| process.lets_in(&test_data::token(*id)));
        must(lives.is_none(), || format!("C10 process {} lets token {lives:?} in, which was revoked", process.no))
    }
}
