//! `usher tenants`, `policy` and `organizations`.

use super::super::Failure;
use super::super::ask::{INSTALLATION, ask, ask_about};
use crate::cli::organizations::Organizations;
use crate::cli::policy::Policy;
use crate::cli::tenants::Tenants;
use crate::client::{organizations, policy, tenants};

pub(super) async fn tenants_call(call: &Tenants) -> Result<(), Failure> {
    match call {
        Tenants::List(args) => {
            ask_about(INSTALLATION, &args.reach, async |usher, to| tenants::list(usher, to, args).await).await
        }
        Tenants::Show(args) => ask_about(&args.name, &args.reach, tenants::show).await,
        Tenants::Create(args) => {
            ask_about(&args.name, &args.reach, async |usher, to| tenants::create(usher, to, args).await).await
        }
        Tenants::Update(args) => {
            ask_about(&args.name, &args.reach, async |usher, to| tenants::update(usher, to, &args.changes).await).await
        }
        Tenants::Suspend(args) => ask_about(&args.name, &args.reach, tenants::suspend).await,
        Tenants::Resume(args) => ask_about(&args.name, &args.reach, tenants::resume).await,
        Tenants::Delete(args) => ask_about(&args.name, &args.reach, tenants::delete).await,
    }
}

pub(super) async fn policy_call(call: &Policy) -> Result<(), Failure> {
    match call {
        Policy::Show(args) => ask(&args.asked, policy::show).await,
        Policy::Set(args) => ask(&args.asked, async |usher, to| policy::set(usher, to, &args.rules).await).await,
    }
}

pub(super) async fn organizations_call(call: &Organizations) -> Result<(), Failure> {
    match call {
        Organizations::List(args) => {
            ask(&args.asked, async |usher, to| organizations::list(usher, to, args).await).await
        }
        Organizations::Create(args) => {
            ask(&args.asked, async |usher, to| organizations::create(usher, to, args).await).await
        }
        Organizations::Update(args) => {
            ask(&args.asked, async |usher, to| organizations::update(usher, to, args).await).await
        }
        Organizations::Delete(args) => {
            ask(&args.asked, async |usher, to| organizations::delete(usher, to, &args.organization).await).await
        }
    }
}
