//! Authentication and authorization: every credential, valid and invalid, against every method; isolation of tenants
//! (R1); TLS.

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
