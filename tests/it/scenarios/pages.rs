//! Paged queries of a scenario.

use usher::ledger::command::{Cursor, Query, QueryResult};
use usher::ledger::outcome::Refusal;

use super::answers::{self, Answer, Names, licenses};
use super::runner::{Happened, Interpreter, Scene};

/// More pages than any scenario has.
const MAX_PAGES: usize = 100;

/// Reads all pages, separated by ` | `, or only the first one.
pub fn read<I: Interpreter>(
    interpreter: &mut I,
    scene: &mut Scene,
    mut query: Query,
    all: bool,
) -> Result<Happened, String> {
    let mut pages = Vec::new();
    loop {
        let (rows, next) = match page(interpreter.query(&scene.tenant, query.clone())?, &scene.names)? {
            Ok(page) => page,
            Err(why) => return Ok(answers::refused(&why).into()),
        };
        pages.push(rows);
        if pages.len() > MAX_PAGES {
            return Err(format!("  the pages never end: {}", pages.join(" | ")));
        }
        let Some(cursor) = next else { break };
        set_cursor(&mut query, cursor)?;
        if !all {
            scene.list = Some(query);
            let mut answer = Answer::yes(&pages.concat());
            answer.must.push("more".into());
            return Ok(answer.into());
        }
    }
    Ok(Answer::yes(&pages.join(" | ")).into())
}

type Page = (String, Option<Cursor>);

fn page(result: QueryResult, names: &Names) -> Result<Result<Page, Refusal>, String> {
    let text = |ids: Vec<&str>| if ids.is_empty() { "nobody".to_owned() } else { ids.join(" ") };
    Ok(match result {
        QueryResult::ListSessions(page) => page.map(|page| (answers::sessions(&page.rows, names), page.next)),
        QueryResult::ListUsers(page) => {
            page.map(|page| (text(page.rows.iter().map(|user| user.id.as_str()).collect()), page.next))
        }
        QueryResult::ListOrganizations(page) => {
            page.map(|page| (text(page.rows.iter().map(|one| one.id.as_str()).collect()), page.next))
        }
        QueryResult::ListLicenses(page) => page.map(|page| (licenses::licenses(&page.rows), page.next)),
        QueryResult::ListNotifications(page) => {
            page.map(|page| (answers::topics(page.rows.iter().map(|row| &row.topic)), page.next))
        }
        QueryResult::ListTenants(page) => Ok((text(page.rows.iter().map(|one| one.id.as_str()).collect()), page.next)),
        other => return Err(format!("  the answer to a list, not {other:?}")),
    })
}

fn set_cursor(query: &mut Query, cursor: Cursor) -> Result<(), String> {
    let after = match query {
        Query::ListSessions(query) => &mut query.after,
        Query::ListUsers(query) => &mut query.after,
        Query::ListOrganizations(query) => &mut query.after,
        Query::ListTenants(query) => &mut query.after,
        Query::ListLicenses(query) => &mut query.after,
        Query::ListNotifications(query) => &mut query.after,
        other => return Err(format!("  {other:?} has no pages")),
    };
    *after = Some(cursor);
    Ok(())
}
