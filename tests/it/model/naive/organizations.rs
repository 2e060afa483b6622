//! Organizations (R3, R7).

use usher::ids::{OrganizationId, TenantId};
use usher::ledger::command::{Command, CreateOrganization, DeleteOrganization, Outcome, UpdateOrganization};
use usher::ledger::outcome::{Done, OrganizationView};
use usher::ledger::time::Moment;

use super::tenants::stale;
use super::{Model, Organization, Tenant, exists, missing};

impl Model {
    /// Applies a command about organizations.
    pub fn on_organizations(&mut self, id: &TenantId, command: &Command, now: Moment) -> Option<Outcome> {
        Some(match command {
            Command::CreateOrganization(command) => {
                Outcome::CreateOrganization(self.create_organization(id, command, now))
            }
            Command::UpdateOrganization(command) => {
                Outcome::UpdateOrganization(self.update_organization(id, command, now))
            }
            Command::DeleteOrganization(command) => Outcome::DeleteOrganization(self.delete_organization(id, command)),
            _ => return None,
        })
    }

    pub fn create_organization(
        &mut self,
        id: &TenantId,
        command: &CreateOrganization,
        now: Moment,
    ) -> Done<OrganizationView> {
        let at = self.find(id)?;
        let tenant = &mut self.tenants[at];
        if tenant.organization_mut(&command.organization).is_ok() {
            return Err(exists("organization", &command.organization));
        }
        let (id, display_name) = (command.organization.clone(), command.display_name.clone());
        let organization = Organization { id, display_name, created: now.tick, version: 1 };
        let view = organization.view(now);
        tenant.organizations.push(organization);
        Ok(view)
    }

    pub fn update_organization(
        &mut self,
        id: &TenantId,
        command: &UpdateOrganization,
        now: Moment,
    ) -> Done<OrganizationView> {
        let at = self.find(id)?;
        let organization = self.tenants[at].organization_mut(&command.organization)?;
        stale(command.version, organization.version)?;
        if let Some(name) = &command.display_name
            && *name != organization.display_name
        {
            organization.display_name.clone_from(name);
            organization.version += 1;
        }
        Ok(organization.view(now))
    }

    pub fn delete_organization(&mut self, id: &TenantId, command: &DeleteOrganization) -> Done<()> {
        let at = self.find(id)?;
        let tenant = &mut self.tenants[at];
        let gone = &command.organization;
        tenant.organization_mut(gone)?;
        tenant
            .take_access(std::slice::from_ref(gone), |seat| seat.only.as_ref().is_some_and(|only| only.contains(gone)));
        let ended = self.ended.iter_mut().filter(|ended| ended.tenant == *id).map(|ended| &mut ended.session);
        for session in tenant.sessions.iter_mut().chain(ended) {
            session.organization = session.organization.take().filter(|organization| organization != gone);
        }
        for user in tenant.users.iter_mut().filter(|user| user.last_organization.as_ref() == Some(gone)) {
            user.last_organization = None;
        }
        tenant.organizations.retain(|organization| organization.id != *gone);
        Ok(())
    }
}

impl Tenant {
    fn organization_mut(&mut self, id: &OrganizationId) -> Done<&mut Organization> {
        self.organizations.iter_mut().find(|known| known.id == *id).ok_or_else(|| missing("organization", id))
    }
}

impl Organization {
    pub fn view(&self, now: Moment) -> OrganizationView {
        OrganizationView {
            id: self.id.clone(),
            display_name: self.display_name.clone(),
            created: now.wall_of(self.created),
            version: self.version,
        }
    }
}
