//! The rules of the domain, each as a scenario that a reader who does not program can read, run against the real
//! ledger. `verbs.rs` has the language on one page.

mod always;
mod facts;
pub mod language;
mod license_facts;
mod license_verbs;
mod lists;
mod notification_facts;
mod notification_verbs;
mod policies;
mod steps;
mod stored;
mod verbs;
mod world;
mod world_lists;
mod world_telling;

mod audit;
mod budgets;
mod clocks;
mod closing;
mod concurrent;
mod delivering;
mod devices;
mod endings;
mod every_rule;
mod guards;
mod information;
mod installing;
mod licenses;
mod organizations;
mod passing;
mod reading;
mod reclaiming;
mod renewing;
mod revoking;
mod seats;
mod sessions;
mod sync_verbs;
mod syncing;
mod telling;
mod tenants;
mod the_language;
mod tokens;
mod users;

use world::check;
