//! One call for each of several users, and a result for each.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::commands::error::Error;
use crate::commands::output::rows::Rows;
use crate::commands::output::table::{Column, left};
use crate::commands::output::{Printer, json, words};
use crate::proto::v1::ItemError;

const COLUMNS: [Column; 2] = [left("user"), left("result")];

/// Calls in progress at once, where their order does not matter: the service commits them together.
pub const MAX_CONCURRENT_CALLS: usize = 32;

/// Result for one user.
struct Done {
    user: String,
    yes: bool,
    answer: String,
    json: Value,
}

/// An answer in words, as success or refusal; and as JSON.
pub type ItemAnswer = (Result<&'static str, String>, Value);

/// Calls for each user, and prints the results in the order of the users.
///
/// # Errors
/// [`Error::Denied`]: some were denied or refused.
pub async fn each(
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
