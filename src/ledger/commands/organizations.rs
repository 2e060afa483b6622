//! Commands of an administrator for organizations (R3, R7); `delete_organization.rs` has the deletion.

use crate::ledger::model::change::{Action, Change, OrganizationRow};
use crate::ledger::model::command::{CreateOrganization, UpdateOrganization};
use crate::ledger::model::outcome::{Done, OrganizationView, Refusal};
use crate::ledger::state::context::Context;
use crate::ledger::state::organization::{MAX_ORGANIZATIONS, view};
use crate::ledger::state::tenant::Tenant;

impl Tenant {
    pub fn create_organization(&mut self, command: CreateOrganization, ctx: &mut Context) -> Done<OrganizationView> {
        if self.organizations.find(&command.organization).is_some()
            || self.organizations.is_leaving(&command.organization)
        {
            return Err(Refusal::exists("organization", &command.organization));
        }
        if self.organizations.len() >= MAX_ORGANIZATIONS {
            return Err(Refusal::Precondition {
                reason: ErrorReason::TooManyOrganizations,
                subject: command.organization.to_string(),
                text: format!("a tenant has at most {MAX_ORGANIZATIONS} organizations"),
            });
        }
        let row = OrganizationRow {
            tenant: self.no,
            no: self.organizations.next_no(),
            id: command.organization.clone(),
            display_name: command.display_name,
            created: ctx.now.tick,
            version: 1,
        };
        ctx.put(Change::PutOrganization(row.clone()));
        ctx.log(self.about(Action::OrganizationCreated).organization(Some(command.organization)));
        let shown = view(&row, ctx.now);
        self.organizations.put(row);
        Ok(shown)
    }

    pub fn update_organization(&mut self, command: UpdateOrganization, ctx: &mut Context) -> Done<OrganizationView> {
        let no = self.known_organization(&command.organization)?;
        let mut row = self.organizations.get(no).expect("found just now").clone();
        if command.version.is_some_and(|version| version != row.version) {
            return Err(Refusal::StaleEtag);
        }
        let mut what = Vec::new();
        super::users::set(&mut row.display_name, command.display_name, "display_name", &mut what);
        if !what.is_empty() {
            row.version += 1;
            ctx.put(Change::PutOrganization(row.clone()));
            let about = self.about(Action::OrganizationUpdated).organization(Some(command.organization));
            ctx.log(about.detail(what.join(", ")));
            self.organizations.put(row.clone());
        }
        Ok(view(&row, ctx.now))
    }
}
