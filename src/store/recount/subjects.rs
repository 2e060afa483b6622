//! What rows and events speak of, as one subject each: rows are held against the last event about theirs.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::ledger::change::{Action, AuditEvent, Reason};

/// Of a tenant's subjects, by kind and names: a hash. It finds accidents, and is told to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key(u64);

impl Key {
    pub fn of(kind: Kind, names: &[&str]) -> Self {
        // With fixed keys: the same for rows and events of a process.
        let mut hasher = DefaultHasher::new();
        (kind, names).hash(&mut hasher);
        Self(hasher.finish())
    }
}

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

/// How a row stands, or how an event left it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A row, with what is known of it as a number: of a user whether it is blocked, of a session why it ended (0: it is
    /// live) and whose it is.
    There(u8, u64),
    /// As before, but the row may be gone: of an ended session, of a notification that is over.
    MayBeGone(u8, u64),
    Gone,
    /// An event that can have left a row or none, such as the revocation of a part of a seat.
    Either,
}

/// Stands for names in a [`State`]: whose a session is, and in which pool.
pub fn hash_of(names: &[&str]) -> u64 {
    Key::of(Kind::User, names).0
}

/// The subject of an event, and how the event left it; `None`: of its tenant, or of nothing that has a row.
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

/// Access to some organizations may leave access to others.
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
