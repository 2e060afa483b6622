//! The rules of the domain, each as a scenario that a reader who does not program can read. `scenarios/language/mod.rs`
//! has the language on one page; `scenarios/` says where a scenario runs.

mod steps;

mod alternatives;
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
mod notifying;
mod organizations;
mod overdraft;
mod passing;
mod reading;
mod reclaiming;
mod renewing;
mod revoking;
mod seats;
mod sessions;
mod silence;
mod syncing;
mod tenants;
mod tokens;
mod users;

use crate::scenarios::check;
