//! Limit of a pool: the number of seats that may be in use (R12).

use std::fmt;

/// Number of seats of a pool (R12).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Limit {
    Seats(u64),
    Unlimited,
}

impl Limit {
    /// Sum of the limits of several licenses (R27).
    #[must_use]
    pub fn plus(self, other: Limit) -> Limit {
        match (self, other) {
            (Limit::Seats(a), Limit::Seats(b)) => Limit::Seats(a.saturating_add(b)),
            _ => Limit::Unlimited,
        }
    }

    /// True if one more seat is free beyond `in_use`.
    #[must_use]
    pub fn has_room(self, in_use: u64) -> bool {
        self.has_room_for(in_use, 1)
    }

    /// True if `more` seats are free beyond `in_use`.
    #[must_use]
    pub fn has_room_for(self, in_use: u64, more: u64) -> bool {
        match self {
            Limit::Seats(seats) => in_use.saturating_add(more) <= seats,
            Limit::Unlimited => true,
        }
    }

    /// Number of seats that are free beside `in_use`; 0 if unlimited.
    #[must_use]
    pub fn free(self, in_use: u64) -> u64 {
        match self {
            Limit::Seats(seats) => seats.saturating_sub(in_use),
            Limit::Unlimited => 0,
        }
    }

    /// Number by which `in_use` is above the limit (R14).
    #[must_use]
    pub fn over(self, in_use: u64) -> u64 {
        match self {
            Limit::Seats(seats) => in_use.saturating_sub(seats),
            Limit::Unlimited => 0,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Limit::Seats(seats) => seats.fmt(f),
            Limit::Unlimited => f.write_str("unlimited"),
        }
    }
}
