//! `usher license show`: the license page.

use clap::Args;

use super::answers::tier;
use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::particulars::particulars;
use crate::commands::output::table::{Column, Table, left, right};
use crate::commands::output::words::{self, limit, plan};
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{
    GetLicenseInformationRequest, GetLicenseInformationResponse as Information, LicenseFetch, LicenseTier,
    NumericLimit, PoolUsage,
};

#[derive(Debug, Args)]
pub struct ShowArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Prints the license page.
pub async fn run(args: &ShowArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, show).await
}

const POOLS: [Column; 5] = [left("pool"), left("plan"), right("in use"), right("limit"), left("")];

async fn show(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = GetLicenseInformationRequest { tenant_id: usher.tenant.clone() };
    let page = usher.answer(usher.licenses().get_license_information(usher.request(request))).await?;
    printer.print(&Rendered::new(&page, page_of(&page, printer.width)))
}

fn page_of(page: &Information, width: Option<usize>) -> String {
    let named = if page.tier() == LicenseTier::Unspecified { "none" } else { tier(page.tier()) };
    let hosts = if page.hosts.is_empty() { "any".into() } else { page.hosts.join(", ") };
    let numbers: Vec<_> = page.limits.iter().map(number).collect();
    let text = particulars([
        ("registered to", page.registered_to.clone()),
        ("customer", page.customer_id.clone()),
        ("contact", page.contact.clone()),
        ("validity", page.validity.clone()),
        ("tier", named.into()),
        ("plan", page.plan.clone()),
        ("features", page.features.join(", ")),
        ("numbers", numbers.join(", ")),
        ("for hosts", hosts),
        ("this host", page.host_names.join(", ")),
        ("addresses", page.addresses.join(", ")),
        ("instance", page.instance_id.clone()),
        ("version", page.running_version.clone()),
        ("last updated", words::time_or(page.last_updated_at, "never")),
        ("fetched from", page.fetched_from.clone()),
        ("last fetch", page.last_fetch.as_ref().map_or_else(|| "never".into(), fetch)),
        ("requests to", page.requests_sent_to.clone()),
    ]);
    if page.pools.is_empty() {
        return text + "no pool is licensed or in use\n";
    }
    let rows: Vec<_> = page.pools.iter().map(row).collect();
    text + "\n" + &Table::new(&POOLS).lines(&rows, width)
}

/// Time and result of the last look for a license.
fn fetch(of: &LicenseFetch) -> String {
    let reason = if of.reason.is_empty() { String::new() } else { format!(" ({})", of.reason) };
    format!("{}: {}{reason}", words::time_or(of.fetched_at, "never"), of.message)
}

fn number(of: &NumericLimit) -> String {
    format!("{}={}", of.name, limit(of.value, of.unlimited))
}

fn row(pool: &PoolUsage) -> Vec<String> {
    let remarks = words::pool_remarks(pool);
    let limit = limit(pool.limit, pool.unlimited);
    vec![pool.pool_id.clone(), plan(pool.plan()).into(), pool.in_use.to_string(), limit, remarks]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::{LicenseFetchOutcome, Plan};

    #[test]
    fn a_page_says_what_was_bought_and_where() {
        let crm = PoolUsage {
            pool_id: "crm".into(),
            plan: Plan::Named.into(),
            limit: 10,
            in_use: 12,
            over: 2,
            ..Default::default()
        };
        let page = Information {
            registered_to: "Acme".into(),
            customer_id: "C-4711".into(),
            contact: "Ann\n+1 555".into(),
            validity: "expires in 12 days".into(),
            tier: LicenseTier::Gold.into(),
            plan: "Named".into(),
            features: vec!["CRM_ALLOWED".into()],
            limits: vec![NumericLimit { name: "MAX_SITES".into(), value: 3, unlimited: false }],
            hosts: vec!["*.acme.example".into()],
            host_names: vec!["login.acme.example".into(), "node-1".into()],
            addresses: vec!["10.0.0.7:50051".into()],
            instance_id: "i".into(),
            running_version: "1.2.3".into(),
            last_fetch: Some(LicenseFetch {
                fetched_at: Some(prost_types::Timestamp { seconds: 1_800_000_000, nanos: 5 }),
                outcome: LicenseFetchOutcome::Refused.into(),
                reason: "LICENSE_EXPIRED".into(),
                message: "the license has expired".into(),
            }),
            fetched_from: "https://licenses.vendor.example/…".into(),
            requests_sent_to: "licenses@vendor.example".into(),
            pools: vec![crm],
            ..Default::default()
        };
        assert_eq!(
            page_of(&page, None),
            "registered to  Acme\ncustomer       C-4711\ncontact        Ann\u{fffd}+1 555\n\
             validity       expires in 12 days\ntier           gold\nplan           Named\n\
             features       CRM_ALLOWED\nnumbers        MAX_SITES=3\nfor hosts      *.acme.example\n\
             this host      login.acme.example, node-1\naddresses      10.0.0.7:50051\ninstance       i\n\
             version        1.2.3\nlast updated   never\nfetched from   https://licenses.vendor.example/…\n\
             last fetch     2027-01-15T08:00:00Z: the license has expired (LICENSE_EXPIRED)\n\
             requests to    licenses@vendor.example\n\n\
             pool  plan   in use  limit\ncrm   named      12     10  over by 2\n"
        );
        let demo = page_of(&Information { validity: "demo".into(), ..Default::default() }, None);
        assert!(
            demo.contains("\ntier           none\n")
                && demo.contains("\nfetched from\nlast fetch     never\nrequests to\n")
                && demo.ends_with("\nno pool is licensed or in use\n"),
            "{demo}"
        );
    }
}
