//! `usher users block`, `unblock` and `delete`: one call for each user, and a result for each.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use super::super::rows::Rows;
use super::super::table::{Column, left};
use super::super::{Error, Printer, Usher, json, words};
use crate::proto::v1::unblock_user_response::Outcome;
use crate::proto::v1::{BlockUserRequest, DeleteUserRequest, ItemError, UnblockUserRequest};

const COLUMNS: [Column; 2] = [left("user"), left("result")];

/// Calls in progress at once, where their order does not matter: the service commits them together.
const MAX_CONCURRENT_CALLS: usize = 32;

/// Result for one user.
struct Done {
    user: String,
    yes: bool,
    answer: String,
    json: Value,
}

/// Blocks users.
///
/// # Errors
/// [`Error::Denied`]: some were refused.
pub async fn block(usher: &Usher, printer: &mut Printer, users: &[String], end_sessions: bool) -> Result<(), Error> {
    let block = async |user: &String| {
        let request = BlockUserRequest { tenant_id: usher.tenant.clone(), user_id: user.clone(), end_sessions };
        let blocked = usher.answer_one(usher.directory().block_user(usher.request(request))).await?;
        Ok(blocked.map(|blocked| (Ok("blocked"), json::of(&blocked))))
    };
    each(printer, users, MAX_CONCURRENT_CALLS, "blocked", block).await
}

/// Unblocks users in the given order: the first ones get the seats that are free.
///
/// # Errors
/// [`Error::Denied`]: some were denied or refused.
pub async fn unblock(usher: &Usher, printer: &mut Printer, users: &[String]) -> Result<(), Error> {
    let unblock = async |user: &String| {
        let request = UnblockUserRequest { tenant_id: usher.tenant.clone(), user_id: user.clone() };
        let unblocked = usher.answer_one(usher.directory().unblock_user(usher.request(request))).await?;
        let answer = |outcome: Option<&Outcome>| match outcome {
            Some(Outcome::User(_)) => Ok("active"),
            Some(Outcome::Denial(denial)) => Err(words::denial(denial)),
            None => Err("denied".to_owned()),
        };
        Ok(unblocked.map(|unblocked| (answer(unblocked.outcome.as_ref()), json::of(&unblocked))))
    };
    each(printer, users, 1, "unblocked", unblock).await
}

/// Deletes users.
///
/// # Errors
/// [`Error::Denied`]: some were refused.
pub async fn delete(usher: &Usher, printer: &mut Printer, users: &[String]) -> Result<(), Error> {
    let delete = async |user: &String| {
        let request = DeleteUserRequest { tenant_id: usher.tenant.clone(), user_id: user.clone() };
        let deleted = usher.answer_one(usher.directory().delete_user(usher.request(request))).await?;
        Ok(deleted.map(|deleted| (Ok("deleted"), json::of(&deleted))))
    };
    each(printer, users, MAX_CONCURRENT_CALLS, "deleted", delete).await
}

/// An answer in words, as success or refusal; and as JSON.
type ItemAnswer = (Result<&'static str, String>, Value);

async fn each(
    printer: &mut Printer,
    users: &[String],
    at_once: usize,
    done: &str,
    call: impl AsyncFn(&String) -> Result<Result<ItemAnswer, ItemError>, Error>,
) -> Result<(), Error> {
    let call = &call;
    let results = stream::iter(users).map(|user| async move { Ok(result(user, call(user).await?)) });
    let mut results = std::pin::pin!(results.buffered(at_once));
    let mut rows = Rows::new(printer, "results", &COLUMNS).expecting(0, users);
    let mut yes = 0;
    let stopped = loop {
        match results.try_next().await {
            Ok(Some(result)) => {
                yes += u64::from(result.yes);
                let cells = |it: &Done| vec![it.user.clone(), it.answer.clone()];
                rows.write(&[result], cells, |it| it.json.clone())?;
            }
            Ok(None) => break None,
            Err(error) => break Some(error),
        }
    };
    let all = rows.count();
    rows.end(&[], "")?;
    match stopped {
        // Nothing was done before, or each result has its row.
        Some(error) => Err(error),
        None if yes < all => Err(Error::Denied(format!("{} of {all} not {done}", all - yes))),
        None => Ok(()),
    }
}

fn result(user: &str, answer: Result<ItemAnswer, ItemError>) -> Done {
    let (answer, mut json) =
        answer.unwrap_or_else(|no| (Err(words::refusal(&no)), serde_json::json!({ "error": json::of(&no) })));
    json["user_id"] = user.into();
    let (yes, answer) = match answer {
        Ok(answer) => (true, answer.to_owned()),
        Err(answer) => (false, answer),
    };
    Done { user: user.to_owned(), yes, answer, json }
}
