//! `usher policy show`

use clap::Args;

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::particulars::particulars;
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{CloseActive, GetTenantRequest, Policy, Tenant, UnknownUsers, WhenAlreadySignedIn, WhenFull};

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Prints the policy of a tenant.
pub async fn run(args: &ShowArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, show).await
}

async fn show(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = GetTenantRequest { tenant_id: usher.tenant.clone() };
    let found = usher.answer(usher.tenants().get_tenant(usher.request(request))).await?;
    printer.print(&Rendered::new(&found, shown(found.tenant.as_ref())))
}

/// Each rule under the name of its option, in the form that the option accepts.
pub(super) fn shown(tenant: Option<&Tenant>) -> String {
    let Some(policy) = tenant.and_then(|tenant| tenant.policy.as_ref()) else { return String::new() };
    particulars([
        ("lease-ttl", length(policy.lease_ttl)),
        ("max-session", length(policy.max_session)),
        ("away-after", length(policy.away_after)),
        ("idle-after", length(policy.idle_after)),
        ("idle-timeout", length(policy.idle_timeout)),
        ("max-devices-per-user", policy.max_devices_per_user().to_string()),
        (
            "when-already-signed-in",
            word(policy.when_already_signed_in().as_str_name(), WhenAlreadySignedIn::Unspecified.as_str_name()),
        ),
        ("when-full", word(policy.when_full().as_str_name(), WhenFull::Unspecified.as_str_name())),
        ("close-active", word(policy.close_active().as_str_name(), CloseActive::Unspecified.as_str_name())),
        ("unknown-users", word(policy.unknown_users().as_str_name(), UnknownUsers::Unspecified.as_str_name())),
        ("administrators-count-in-named", yes_no(policy.administrators_count_in_named())),
        ("administrators-count-in-concurrent", yes_no(policy.administrators_count_in_concurrent())),
        ("responsible-person", policy.responsible_person.clone()),
        ("seat-request-step", policy.seat_request_step().to_string()),
        ("warn-at-percent", percents(policy)),
    ])
}

/// Formats a duration exactly, unlike durations that are only displayed.
fn length(duration: Option<prost_types::Duration>) -> String {
    let length = duration.and_then(|it| std::time::Duration::try_from(it).ok()).unwrap_or_default();
    if length.is_zero() { "off".into() } else { humantime::format_duration(length).to_string() }
}

/// `WHEN_FULL_RECLAIM_IDLE` becomes `reclaim-idle`; the name of the value `UNSPECIFIED` shows the prefix.
fn word(name: &str, unspecified: &str) -> String {
    let prefix = unspecified.trim_end_matches("UNSPECIFIED");
    name.strip_prefix(prefix).unwrap_or(name).to_lowercase().replace('_', "-")
}

fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn percents(policy: &Policy) -> String {
    policy.warn_at_percent.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
