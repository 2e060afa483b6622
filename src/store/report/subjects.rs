//! Subjects of rows and events. A row is compared with the last event about its subject.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::ledger::change::{Action, AuditEvent, Reason};

/// Key of a subject within a tenant: a hash of its kind and its names. It detects accidental differences, not attacks,
/// and is shown to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    pub fn of(kind: Kind, names: &[&str]) -> Self {
        // `DefaultHasher` has fixed keys, so hashes of rows and events are comparable within a process.
        let mut hasher = DefaultHasher::new();
        (kind, names).hash(&mut hasher);
        Self(hasher.finish())
    }
}

/// Kinds of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    User,
    Organization,
    Seat,
    Session,
    License,
    Notification,
    Token,
}

impl Kind {
    pub fn table(self) -> &'static str {
        match self {
            Kind::User => "users",
            Kind::Organization => "organizations",
            Kind::Seat => "seats",
            Kind::Session => "sessions",
            Kind::License => "licenses",
            Kind::Notification => "notifications",
            Kind::Token => "tokens",
        }
    }
}

/// State of a subject according to its row, or to an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is a row. The first number is 1 for a blocked user, a deleted license, a cleared notification or a revoked
    /// token; of a session it is the end reason (0: live). The second one is a hash of a session's user and pool, or
    /// the event number of a notification.
    There(u8, u64),
    /// Like `There`, but the row may have been removed: a session that ended, or a notification that was cleared.
    MayBeGone(u8, u64),
    Gone,
    /// After this event there may be a row or none: for example, a part of a seat was revoked.
    Either,
}

/// Hash of names in a [`State`]: the user and the pool of a session.
pub fn hash_of(names: &[&str]) -> u64 {
    Key::of(Kind::User, names).0
}

/// Subject of an event, and the subject's state after it. `None`: the event is about its tenant, or about a thing
/// without a row.
pub fn subject_of(event: &AuditEvent) -> Option<(Kind, Key, State)> {
    let user = event.user.as_ref().map_or("", |id| id.as_str());
    let pool = event.pool.as_ref().map_or("", |id| id.as_str());
    let there = State::There(0, 0);
    let (kind, names, state): (Kind, &[&str], State) = match event.action {
        Action::UserCreated | Action::UserUnblocked => (Kind::User, &[user], there),
        Action::UserBlocked => (Kind::User, &[user], State::There(1, 0)),
        Action::UserDeleted => (Kind::User, &[user], State::Gone),
        Action::SeatGranted => (Kind::Seat, &[user, pool], there),
        Action::SeatRevoked => (Kind::Seat, &[user, pool], revoked(&event.detail)),
        Action::SessionStarted | Action::SessionRenewed | Action::SessionEnded => return session(event),
        Action::OrganizationCreated | Action::OrganizationDeleted => return organization(event),
        Action::LicenseInstalled => (Kind::License, &[first_word(&event.detail)], there),
        Action::LicenseDeleted => (Kind::License, &[first_word(&event.detail)], State::There(1, 0)),
        Action::LicenseRevoked => (Kind::License, &[first_word(&event.detail)], State::Either),
        Action::NotificationRaised => (Kind::Notification, &[topic(&event.detail)], State::There(0, event.no.0)),
        Action::NotificationCleared => (Kind::Notification, &[topic(&event.detail)], State::MayBeGone(1, 0)),
        Action::TokenCreated => (Kind::Token, &[first_word(&event.detail)], there),
        Action::TokenRevoked => (Kind::Token, &[first_word(&event.detail)], State::There(1, 0)),
        Action::TokenDeleted => (Kind::Token, &[first_word(&event.detail)], State::Gone),
        _ => return None,
    };
    Some((kind, Key::of(kind, names), state))
}

fn session(event: &AuditEvent) -> Option<(Kind, Key, State)> {
    let id = event.session?.to_string();
    let whose = hash_of(&[event.user.as_ref()?.as_str(), event.pool.as_ref()?.as_str()]);
    let state = match event.reason {
        Some(Reason::Ended(reason)) => State::MayBeGone(reason.code(), whose),
        _ => State::There(0, whose),
    };
    Some((Kind::Session, Key::of(Kind::Session, &[&id]), state))
}

fn organization(event: &AuditEvent) -> Option<(Kind, Key, State)> {
    let id = event.organization.as_ref()?;
    let gone = event.action == Action::OrganizationDeleted;
    let state = if gone { State::Gone } else { State::There(0, 0) };
    Some((Kind::Organization, Key::of(Kind::Organization, &[id.as_str()]), state))
}

/// Revoking access to some organizations may leave access to others.
fn revoked(detail: &str) -> State {
    match detail {
        "all organizations" | "its only organization was deleted" => State::Gone,
        _ => State::Either,
    }
}

fn first_word(detail: &str) -> &str {
    detail.split([' ', ':', ';']).next().unwrap_or_default()
}

fn topic(detail: &str) -> &str {
    detail.split_once(": ").map_or(detail, |(topic, _)| topic)
}
