//! Parses requests of ExportUsers: the filters of ListUsers, and the columns.

use super::directory::list_users;
use crate::ids::TenantId;
use crate::ledger::command::{ListUsers, UserOrder};
use crate::opaque_id::OpaqueIds;
use crate::proto::v1;
use crate::service::csv::{Delimiter, columns, delimiter};
use crate::status::FieldViolations;

/// Users that are read at once: some hundred kilobytes.
const PAGE_USERS: usize = 500;

const ATTRIBUTE: &str = "attributes.";

/// A column of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    UserId,
    GivenName,
    FamilyName,
    Groups,
    Administrator,
    AccountState,
    BlockCause,
    Pools,
    Organizations,
    Status,
    DefaultOrganization,
    LastSignIn,
    LastActivity,
    Created,
    Attribute(String),
}

const COLUMNS: [(&str, Column); 15] = [
    ("user_id", Column::UserId),
    ("email", Column::UserId),
    ("given_name", Column::GivenName),
    ("family_name", Column::FamilyName),
    ("groups", Column::Groups),
    ("administrator", Column::Administrator),
    ("account_state", Column::AccountState),
    ("block_cause", Column::BlockCause),
    ("pools", Column::Pools),
    ("organizations", Column::Organizations),
    ("status", Column::Status),
    ("default_organization_id", Column::DefaultOrganization),
    ("last_sign_in_at", Column::LastSignIn),
    ("last_activity_at", Column::LastActivity),
    ("created_at", Column::Created),
];

const DEFAULT: [&str; 9] = [
    "user_id",
    "given_name",
    "family_name",
    "groups",
    "administrator",
    "account_state",
    "pools",
    "organizations",
    "last_sign_in_at",
];

/// An export: its tenant, the query for the users, the columns with their names, and the format.
#[derive(Debug)]
pub struct Export {
    pub tenant: TenantId,
    pub query: ListUsers,
    pub columns: Vec<(String, Column)>,
    pub delimiter: Delimiter,
    /// True: the file begins with a byte order mark.
    pub mark: bool,
}

pub fn export_users(opaque_ids: &OpaqueIds, request: v1::ExportUsersRequest) -> Result<Export, FieldViolations> {
    let v1::ExportUsersRequest {
        tenant_id,
        columns: names,
        delimiter: between,
        byte_order_mark: mark,
        text,
        text_match,
        state,
        statuses,
        organization_id,
        group,
        pool_id,
        administrator,
        never_signed_in,
        user_id,
        name,
        block_cause,
        last_sign_in_from,
        last_sign_in_before,
        created_from,
        created_before,
    } = request;
    let filter = v1::ListUsersRequest {
        tenant_id,
        text,
        text_match,
        state,
        statuses,
        organization_id,
        group,
        pool_id,
        administrator,
        never_signed_in,
        user_id,
        name,
        block_cause,
        last_sign_in_from,
        last_sign_in_before,
        created_from,
        created_before,
        ..Default::default()
    };
    let (found, mut problems) = match list_users(opaque_ids, filter) {
        Ok((tenant, query, _)) => (Some((tenant, query)), FieldViolations::default()),
        Err(problems) => (None, problems),
    };
    let known = format!("{}, or {ATTRIBUTE}NAME", COLUMNS.map(|(name, _)| name).join(", "));
    let columns = columns(&mut problems, names, &DEFAULT, &known, column);
    let delimiter = delimiter(&mut problems, &between);
    problems.finish(|| {
        let (tenant, query) = found?;
        Some(Export {
            tenant,
            query: ListUsers { order: UserOrder::Created, limit: PAGE_USERS, ..query },
            columns,
            delimiter,
            mark,
        })
    })
}

fn column(name: &str) -> Option<Column> {
    let attribute = || name.strip_prefix(ATTRIBUTE).filter(|key| !key.is_empty());
    let known = COLUMNS.into_iter().find(|(known, _)| *known == name).map(|(_, column)| column);
    known.or_else(|| Some(Column::Attribute(attribute()?.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{bad, list, opaque_ids};
    use super::*;

    fn request(columns: &[&str]) -> v1::ExportUsersRequest {
        v1::ExportUsersRequest { tenant_id: "acme".into(), columns: list(columns), ..Default::default() }
    }

    #[test]
    fn columns_as_they_are_asked_for() {
        let names = |columns: &[&str]| {
            let export = export_users(&opaque_ids(), request(columns)).unwrap();
            export.columns.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), DEFAULT);
        assert_eq!(names(&["email", "attributes.desk", "user_id"]), ["email", "attributes.desk", "user_id"]);
        let export = export_users(&opaque_ids(), request(&["attributes.desk"])).unwrap();
        assert_eq!(export.columns[0].1, Column::Attribute("desk".into()));
    }

    #[test]
    fn filters_are_those_of_the_list() {
        let request = v1::ExportUsersRequest {
            text: "Ann  Bell".into(),
            state: v1::UserState::Blocked.into(),
            pool_id: "crm".into(),
            delimiter: ";".into(),
            never_signed_in: true,
            ..request(&[])
        };
        let Export { query, delimiter, .. } = export_users(&opaque_ids(), request).unwrap();
        assert_eq!((query.words, query.blocked, query.never_signed_in), (list(&["ann", "bell"]), Some(true), true));
        assert_eq!((query.order, query.descending, delimiter), (UserOrder::Created, false, Delimiter::Semicolon));
    }

    #[test]
    fn an_export_names_every_bad_field() {
        let request = v1::ExportUsersRequest {
            tenant_id: String::new(),
            pool_id: " ".into(),
            delimiter: "|".into(),
            ..request(&["user_id", "shoe_size", "user_id", "attributes."])
        };
        let expected = ["tenant_id", "pool_id", "columns[1]", "columns[2]", "columns[3]", "delimiter"];
        assert_eq!(bad(export_users(&opaque_ids(), request)), expected);
        assert_eq!(
            bad(export_users(
                &opaque_ids(),
                v1::ExportUsersRequest { columns: vec!["user_id".into(); 101], ..self::request(&[]) }
            )),
            ["columns"]
        );
    }
}
