//! FetchLicense: records the result of a fetch from the vendor's folder. A newer license is installed (R27); any other
//! result changes only what the license page shows of the last fetch.

use super::tenant_command::TenantCommand;
use crate::ids::TenantId;
use crate::ledger::model::change::{Action, Change};
use crate::ledger::model::command::{FetchLicense, InstallLicense, LicenseFetched, VendorAnswer};
use crate::ledger::model::license_fetch::{FetchOutcome, LicenseFetch};
use crate::ledger::model::license_view::LicenseChange;
use crate::ledger::model::outcome::{Done, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::tenant::Tenant;

impl TenantCommand for FetchLicense {
    /// A fetch that nobody requested leaves an event only if its result differs from the last one: a day on which
    /// nothing new was found is no change of state (R35).
    fn apply(self, tenant: &mut Tenant, ctx: &mut Context) -> Done<LicenseFetched> {
        let (fetch, change) = tenant.found(&self.answer, ctx);
        let news = !fetch.repeats(tenant.license_fetch.as_deref());
        if news || !ctx.actor.is_service() {
            ctx.log(tenant.about(Action::LicenseFetched).detail(format!("from {}: {}", self.from, fetch.text)));
        }
        tenant.license_fetch = Some(Box::new(fetch.clone()));
        ctx.put(Change::PutTenant(tenant.row()));
        Ok(LicenseFetched { fetch, news, change })
    }

    fn without_tenant(self, id: &TenantId, _: &mut Context) -> Done<LicenseFetched> {
        Err(Refusal::not_found("tenant", id))
    }
}

impl Tenant {
    fn found(&mut self, answer: &VendorAnswer, ctx: &mut Context) -> (LicenseFetch, Option<LicenseChange>) {
        let at = ctx.now.wall;
        let plain = |outcome, reason: &str, text: &str| (LicenseFetch::new(at, outcome, reason, text), None);
        match answer {
            VendorAnswer::License(license) => self.newer(license, ctx),
            VendorAnswer::Nothing => plain(FetchOutcome::Nothing, "", "there is no license for this tenant"),
            VendorAnswer::Refused { reason, text } => plain(FetchOutcome::Refused, reason.name(), text),
            VendorAnswer::Failed(why) => plain(FetchOutcome::Failed, "", why),
        }
    }

    /// Installs a license if its revision is above every revision that the tenant has had: a license that an
    /// administrator deleted does not come back by itself.
    fn newer(&mut self, command: &InstallLicense, ctx: &mut Context) -> (LicenseFetch, Option<LicenseChange>) {
        let at = ctx.now.wall;
        let is = format!("{} revision {}", command.license, command.grant.revision);
        if let Some(known) = self.licenses.newest(&command.license)
            && command.grant.revision <= known.revision
        {
            let text = format!("{is} is not newer than revision {}, which was installed", known.revision);
            return (LicenseFetch::new(at, FetchOutcome::NotNewer, "", &text), None);
        }
        match self.install_license(command, ctx) {
            Ok(change) => {
                let text = format!("{is} was installed");
                (LicenseFetch::new(at, FetchOutcome::Installed, "", &text), Some(change))
            }
            Err(refusal) => {
                let (reason, why) = match &refusal {
                    Refusal::Precondition { reason, text, .. } => (reason.name(), text.as_str()),
                    _ => ("", "it is refused"),
                };
                (LicenseFetch::new(at, FetchOutcome::Refused, reason, &format!("{is}: {why}")), None)
            }
        }
    }
}
