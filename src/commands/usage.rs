//! `usher usage`

use clap::Args;

use crate::commands::connection::{TenantArgs, Usher, call_tenant};
use crate::commands::error::Error;
use crate::commands::output::table::{Column, Table, left, right};
use crate::commands::output::words::{count, license_state, limit, notice, plan, pool_remarks};
use crate::commands::output::{Printer, Rendered};
use crate::failure::Failure;
use crate::proto::v1::{GetUsageRequest, GetUsageResponse, PoolUsage, UserTotals};

pub const EXAMPLE: &str = "\
Example:
  usher usage --tenant acme";

#[derive(Debug, Args)]
pub struct UsageArgs {
    #[command(flatten)]
    pub scope: TenantArgs,
}

/// Prints the usage of all pools of a tenant.
pub async fn run(args: &UsageArgs) -> Result<(), Failure> {
    call_tenant(&args.scope, usage).await
}

const COLUMNS: [Column; 8] = [
    left("pool"),
    left("plan"),
    right("in use"),
    right("limit"),
    right("active"),
    right("idle"),
    right("granted"),
    left(""),
];

async fn usage(usher: &Usher, printer: &mut Printer) -> Result<(), Error> {
    let request = GetUsageRequest { tenant_id: usher.tenant.clone() };
    let usage = usher.answer(usher.tenants().get_usage(usher.request(request))).await?;
    printer.print(&Rendered::new(&usage, show(&usage, printer.width)))
}

fn show(usage: &GetUsageResponse, width: Option<usize>) -> String {
    let users = usage.users.as_ref().map(users).unwrap_or_default();
    let status = usage.users.as_ref().map(status).unwrap_or_default();
    let mut text = format!("license  {}\nusers    {users}\nstatus   {status}\n", license_state(usage.license_state()));
    for entry in &usage.notices {
        text.push_str(&format!("notice   {} ({})\n", entry.message, notice(entry.code())));
    }
    if usage.pools.is_empty() {
        return text + "no pool is licensed or in use\n";
    }
    let rows: Vec<_> = usage.pools.iter().map(row).collect();
    text + "\n" + &Table::new(&COLUMNS).lines(&rows, width)
}

fn users(users: &UserTotals) -> String {
    let administrators = count(users.administrators, "administrator");
    format!("{}: {} active, {} blocked; {administrators}", users.total, users.active, users.blocked)
}

fn status(users: &UserTotals) -> String {
    let UserTotals { with_access, status_active, status_idle, status_inactive, active_ordinary, .. } = users;
    let ordinary = count(*active_ordinary, "active ordinary user");
    format!(
        "{with_access} with access: {status_active} active, {status_idle} idle, {status_inactive} inactive; {ordinary}"
    )
}

fn row(pool: &PoolUsage) -> Vec<String> {
    vec![
        pool.pool_id.clone(),
        plan(pool.plan()).into(),
        pool.in_use.to_string(),
        limit(pool.limit, pool.unlimited),
        pool.active.to_string(),
        pool.idle.to_string(),
        pool.granted.to_string(),
        pool_remarks(pool),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::v1::{LicenseState, Notice, NoticeCode, Plan};

    #[test]
    fn what_is_wrong_is_said_beside_its_pool() {
        let crm = PoolUsage {
            pool_id: "crm".into(),
            plan: Plan::Named.into(),
            limit: 2,
            in_use: 12,
            over: 10,
            demo: true,
            ..Default::default()
        };
        let all = PoolUsage { pool_id: "all".into(), unlimited: true, ..Default::default() };
        let sales = PoolUsage {
            pool_id: "sales".into(),
            plan: Plan::Concurrent.into(),
            limit: 5,
            in_use: 6,
            overdraft: 2,
            overdraft_in_use: 1,
            ..Default::default()
        };
        let message = "The tenant has no license.".into();
        let usage = GetUsageResponse {
            tenant_id: "acme".into(),
            pools: vec![all, crm, sales],
            users: Some(UserTotals {
                total: 3,
                active: 2,
                blocked: 1,
                administrators: 1,
                active_ordinary: 1,
                with_access: 2,
                status_active: 1,
                status_idle: 0,
                status_inactive: 1,
            }),
            license_state: LicenseState::Demo.into(),
            notices: vec![Notice { code: NoticeCode::DemoMode.into(), message }],
        };
        assert_eq!(
            show(&usage, None),
            "license  none: demo mode\n\
             users    3: 2 active, 1 blocked; 1 administrator\n\
             status   2 with access: 1 active, 0 idle, 1 inactive; 1 active ordinary user\n\
             notice   The tenant has no license. (DEMO_MODE)\n\
             \n\
             pool   plan        in use      limit  active  idle  granted\n\
             all    no plan          0  unlimited       0     0        0\n\
             crm    named           12          2       0     0        0  over by 10, demo\n\
             sales  concurrent       6          5       0     0        0  overdraft 1 of 2\n"
        );
    }
}
