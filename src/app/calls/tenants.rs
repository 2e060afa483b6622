//! `usher tenants`, `policy` and `organizations`.

use super::super::Failure;
use super::super::connection::{INSTALLATION, call_for, call_tenant};
use crate::cli::organizations::Organizations;
use crate::cli::policy::Policy;
use crate::cli::tenants::Tenants;
use crate::client::{organizations, policy, tenants};

pub(super) async fn tenants_call(call: &Tenants) -> Result<(), Failure> {
    match call {
        Tenants::List(args) => {
            call_for(INSTALLATION, &args.connection, async |usher, to| tenants::list(usher, to, args).await).await
        }
        Tenants::Show(args) => call_for(&args.name, &args.connection, tenants::show).await,
        Tenants::Create(args) => {
            call_for(&args.name, &args.connection, async |usher, to| tenants::create(usher, to, args).await).await
        }
        Tenants::Update(args) => {
            call_for(&args.name, &args.connection, async |usher, to| tenants::update(usher, to, &args.changes).await)
                .await
        }
        Tenants::Suspend(args) => call_for(&args.name, &args.connection, tenants::suspend).await,
        Tenants::Resume(args) => call_for(&args.name, &args.connection, tenants::resume).await,
        Tenants::Delete(args) => call_for(&args.name, &args.connection, tenants::delete).await,
    }
}

pub(super) async fn policy_call(call: &Policy) -> Result<(), Failure> {
    match call {
        Policy::Show(args) => call_tenant(&args.scope, policy::show).await,
        Policy::Set(args) => {
            call_tenant(&args.scope, async |usher, to| policy::set(usher, to, &args.rules).await).await
        }
    }
}

pub(super) async fn organizations_call(call: &Organizations) -> Result<(), Failure> {
    match call {
        Organizations::List(args) => {
            call_tenant(&args.scope, async |usher, to| organizations::list(usher, to, args).await).await
        }
        Organizations::Create(args) => {
            call_tenant(&args.scope, async |usher, to| organizations::create(usher, to, args).await).await
        }
        Organizations::Update(args) => {
            call_tenant(&args.scope, async |usher, to| organizations::update(usher, to, args).await).await
        }
        Organizations::Delete(args) => {
            call_tenant(&args.scope, async |usher, to| organizations::delete(usher, to, &args.organization).await).await
        }
    }
}
