//! Paged queries of a scenario.

use usher::ledger::command::{Cursor, Query, QueryResult};
use usher::ledger::outcome::{Refusal, SessionView};

use super::World;
use crate::scenarios::answers::{self, Answer, Names, licenses};

/// More pages than any scenario has.
const MAX_PAGES: usize = 100;

impl World {
    /// Reads all pages, separated by ` | `, or only the first one.
    pub fn pages(&mut self, mut query: Query, all: bool) -> Result<Vec<Answer>, String> {
        let mut pages = Vec::new();
        loop {
            let (rows, next) = match self.page(&query) {
                Ok(page) => page,
                Err(why) => return Ok(vec![answers::refused(&why)]),
            };
            pages.push(rows);
            if pages.len() > MAX_PAGES {
                return Err(format!("  the pages never end: {}", pages.join(" | ")));
            }
            let Some(cursor) = next else { break };
            set_cursor(&mut query, cursor);
            if !all {
                self.list = Some(query);
                let mut answer = Answer::yes(&pages.concat());
                answer.must.push("more".into());
                return Ok(vec![answer]);
            }
        }
        Ok(vec![Answer::yes(&pages.join(" | "))])
    }

    fn page(&mut self, query: &Query) -> Result<(String, Option<Cursor>), Refusal> {
        let sessions = |list: &[SessionView], names: &Names| answers::sessions(list, names);
        let text = |ids: Vec<&str>| if ids.is_empty() { "nobody".to_owned() } else { ids.join(" ") };
        Ok(match self.query(query.clone()) {
            QueryResult::ListSessions(page) => page.map(|page| (sessions(&page.rows, &self.names), page.next))?,
            QueryResult::ListUsers(page) => {
                page.map(|page| (text(page.rows.iter().map(|user| user.id.as_str()).collect()), page.next))?
            }
            QueryResult::ListOrganizations(page) => {
                page.map(|page| (text(page.rows.iter().map(|one| one.id.as_str()).collect()), page.next))?
            }
            QueryResult::ListLicenses(page) => page.map(|page| (licenses::licenses(&page.rows), page.next))?,
            QueryResult::ListNotifications(page) => {
                page.map(|page| (answers::topics(page.rows.iter().map(|row| &row.topic)), page.next))?
            }
            QueryResult::ListTenants(page) => (text(page.rows.iter().map(|one| one.id.as_str()).collect()), page.next),
            other => unreachable!("the answer to a list, not {other:?}"),
        })
    }
}

fn set_cursor(query: &mut Query, cursor: Cursor) {
    match query {
        Query::ListSessions(query) => query.after = Some(cursor),
        Query::ListUsers(query) => query.after = Some(cursor),
        Query::ListOrganizations(query) => query.after = Some(cursor),
        Query::ListTenants(query) => query.after = Some(cursor),
        Query::ListLicenses(query) => query.after = Some(cursor),
        Query::ListNotifications(query) => query.after = Some(cursor),
        other => unreachable!("{other:?} has no pages"),
    }
}
