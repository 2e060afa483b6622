//! Who may ask: every credential, good and bad, against every method; tenants that see nothing of each other; TLS.

mod browsers;
mod canaries;
mod certificates;
mod clients;
mod commands;
mod everybody;
mod fixture;
mod identity;
mod leaks;
mod opaque_ids;
mod rates;
mod resumption;
mod shares;
mod starting;
mod table;
mod tenants;
mod tls;
