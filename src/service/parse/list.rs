//! Fields that all lists share: page size, page token, order, and filters.

use prost::Message;

use super::values::{MAX_NAME_BYTES, Text, check_text, choice, timestamp};
use crate::ledger::command::{Cursor, Period};
use crate::ledger::outcome::Status;
use crate::ledger::search::fold;
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::page::Shape;
use crate::status::FieldViolations;

const DEFAULT_PAGE: usize = 100;
const MAX_PAGE: usize = 1_000;
/// More than the number of statuses: four, and the blank.
const MAX_STATUSES: usize = 16;
/// Maximum number of different words of a search.
const MAX_WORDS: usize = 8;

/// A page of a list: its position and length, and the shape for its tokens.
#[derive(Debug)]
pub struct Paging {
    pub shape: Shape,
    pub after: Option<Cursor>,
    pub limit: usize,
}

/// Parses page size and page token. `request` must be without them, because they differ from page to page.
pub fn paging(
    problems: &mut FieldViolations,
    opaque_ids: &OpaqueIds,
    call: &str,
    request: &impl Message,
    size: i32,
    token: &str,
) -> Paging {
    let shape = Shape::of(opaque_ids, call, request);
    let limit = match usize::try_from(size) {
        Ok(0) => DEFAULT_PAGE,
        Ok(size) => size.min(MAX_PAGE),
        Err(_) => {
            problems.add("page_size", "must not be negative");
            DEFAULT_PAGE
        }
    };
    let after = if token.is_empty() { None } else { shape.cursor(token) };
    if after.is_none() && !token.is_empty() {
        problems.add("page_token", "must be the next_page_token of the same list, with the same filters and order");
    }
    Paging { shape, after, limit }
}

/// Parses an order: `name`, `name asc` or `name desc` with a documented name. Returns the order, and whether it is
/// descending.
pub fn order<O: Copy>(
    problems: &mut FieldViolations,
    text: &str,
    orders: &[(&str, O)],
    default: (O, bool),
) -> (O, bool) {
    let mut words = text.split_whitespace();
    let Some(name) = words.next() else { return default };
    let descending = match (words.next(), words.next()) {
        (None | Some("asc"), None) => Some(false),
        (Some("desc"), None) => Some(true),
        _ => None,
    };
    let order = orders.iter().find(|(known, _)| *known == name).map(|(_, order)| *order);
    if let (Some(order), Some(descending)) = (order, descending) {
        return (order, descending);
    }
    let names: Vec<&str> = orders.iter().map(|(name, _)| *name).collect();
    problems.add("order_by", format!("must be one of {}, which \" desc\" may follow", names.join(", ")));
    default
}

/// Parses a filter by statuses (R23), each once; `None` is the blank.
pub fn statuses(problems: &mut FieldViolations, numbers: &[i32]) -> Vec<Option<Status>> {
    if numbers.len() > MAX_STATUSES {
        problems.add("statuses", format!("must hold at most {MAX_STATUSES} items"));
        return Vec::new();
    }
    let mut statuses = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        let status = match choice(problems, &format!("statuses[{at}]"), *number) {
            None => continue,
            Some(v1::UserStatus::Unspecified) => None,
            Some(v1::UserStatus::Active) => Some(Status::Active),
            Some(v1::UserStatus::Away) => Some(Status::Away),
            Some(v1::UserStatus::Idle) => Some(Status::Idle),
            Some(v1::UserStatus::Inactive) => Some(Status::Inactive),
        };
        if !statuses.contains(&status) {
            statuses.push(status);
        }
    }
    statuses
}

/// Parses a text to search for in one field; returns it folded.
pub fn part(problems: &mut FieldViolations, field: &str, text: &str) -> String {
    check_text(problems, field, text, Text::Line, MAX_NAME_BYTES);
    fold(text)
}

/// Parses the period that begins with `{field}_from` and ends before `{field}_before`.
pub fn period(
    problems: &mut FieldViolations,
    field: &str,
    from: Option<prost_types::Timestamp>,
    before: Option<prost_types::Timestamp>,
) -> Period {
    let from = from.and_then(|at| timestamp(problems, &format!("{field}_from"), at));
    let until = before.and_then(|at| timestamp(problems, &format!("{field}_before"), at));
    if from.is_some() && until.is_some() && from >= until {
        problems.add(format!("{field}_before"), format!("must be later than {field}_from"));
    }
    Period { from, until }
}

/// Parses the words of a search: folded, each once. Each word is searched for in all searchable fields of a user.
pub fn words(problems: &mut FieldViolations, text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    if text.len() > MAX_NAME_BYTES {
        return words; // Reported by the caller already.
    }
    for word in fold(text).split_whitespace() {
        if words.iter().all(|known| known != word) {
            words.push(word.to_owned());
        }
    }
    if words.len() > MAX_WORDS {
        problems.add("text", format!("must hold at most {MAX_WORDS} different words"));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::testing::{fields, opaque_ids};
    use super::*;

    #[test]
    fn page_sizes() {
        let check = |size, limit, bad: &[&str]| {
            let mut problems = FieldViolations::default();
            let paging = paging(&mut problems, &opaque_ids(), "List", &v1::GetTenantRequest::default(), size, "");
            assert_eq!(paging.limit, limit, "{size}");
            assert_eq!(fields(problems), bad);
        };
        check(0, 100, &[]);
        check(1, 1, &[]);
        check(1_000, 1_000, &[]);
        check(1_001, 1_000, &[]);
        check(i32::MAX, 1_000, &[]);
        check(-1, 100, &["page_size"]);
    }

    #[test]
    fn a_page_token_fits_its_own_list_only() {
        let request = |tenant: &str| v1::GetTenantRequest { tenant_id: tenant.to_owned() };
        let cursor = Cursor { id: "ann".into(), ..Cursor::default() };
        let token = Shape::of(&opaque_ids(), "List", &request("acme")).token(&cursor);
        let mut problems = FieldViolations::default();
        assert_eq!(paging(&mut problems, &opaque_ids(), "List", &request("acme"), 0, &token).after, Some(cursor));
        assert_eq!(fields(problems), Vec::<String>::new());
        for (tenant, token) in [("other", token.as_str()), ("acme", "nonsense")] {
            let mut problems = FieldViolations::default();
            paging(&mut problems, &opaque_ids(), "List", &request(tenant), 0, token);
            assert_eq!(fields(problems), ["page_token"]);
        }
    }

    #[test]
    fn orders() {
        let check = |text, expected: Option<(u8, bool)>| {
            let mut problems = FieldViolations::default();
            let order = order(&mut problems, text, &[("name", 1), ("age", 2)], (1, true));
            assert_eq!(order, expected.unwrap_or((1, true)), "{text:?}");
            assert_eq!(fields(problems).is_empty(), expected.is_some(), "{text:?}");
        };
        check("", Some((1, true)));
        check("name", Some((1, false)));
        check("age asc", Some((2, false)));
        check(" age  desc ", Some((2, true)));
        check("size", None);
        check("age down", None);
        check("age desc desc", None);
        check("age, name", None);
    }

    #[test]
    fn statuses_of_a_filter() {
        let check = |numbers: &[i32], expected: &[Option<Status>], bad: &[&str]| {
            let mut problems = FieldViolations::default();
            assert_eq!(statuses(&mut problems, numbers), expected, "{numbers:?}");
            assert_eq!(fields(problems), bad, "{numbers:?}");
        };
        check(&[], &[], &[]);
        check(&[0], &[None], &[]);
        check(&[1], &[Some(Status::Active)], &[]);
        check(&[2, 1, 0], &[Some(Status::Away), Some(Status::Active), None], &[]);
        check(&[3, 4, 3], &[Some(Status::Idle), Some(Status::Inactive)], &[]);
        check(&[3, 9, -1], &[Some(Status::Idle)], &["statuses[1]", "statuses[2]"]);
        check(&[1; 17], &[], &["statuses"]);
    }
}
