//! The random generator of steps. It uses few users, devices, organizations and pools, so that they collide; small
//! limits, so that pools are full; and times that hit deadlines to the millisecond.

mod admin;
mod directory;
mod licenses;
mod queries;
mod seats;
mod tokens;
mod values;

use usher::ids::TenantId;
use usher::ledger::command::{CheckIn, Command, CreateOrganization, DeleteTenant, SuspendTenant};
use usher::ledger::time::{Moment, Tick, WallTime};

use super::naive::licenses::Standing;
use super::naive::{Model, Tenant};
use super::rng::Rng;
use super::step::{Step, StepKind};

const START: u64 = 1_700_000_000_000;
const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

pub struct Generator {
    pub rng: Rng,
    pub now: Moment,
    /// Milliseconds by which the wall clock is ahead of the shard's time.
    offset: i64,
    no: usize,
    restart_next: bool,
}

impl Generator {
    pub fn new(seed: u64) -> Self {
        let now = Moment::new(Tick(START), WallTime(START as i64));
        Self { rng: Rng::new(seed), now, offset: 0, no: 0, restart_next: false }
    }

    pub fn next(&mut self, model: &Model) -> Step {
        if self.no > 0 {
            self.pass_time(model);
        }
        let kind = self.kind(model);
        self.no += 1;
        Step { no: self.no - 1, now: self.now, kind }
    }

    fn pass_time(&mut self, model: &Model) {
        let tick = self.now.tick.0;
        let passed = match self.rng.below(100) {
            // At the beginning little time passes between the steps.
            _ if self.no < 40 => self.rng.below(20),
            0..=54 => 0,
            55..=79 => 1 + self.rng.below(2 * SECOND),
            80..=92 => self.next_border(model).saturating_sub(tick),
            93..=97 => self.rng.below(MINUTE),
            98 => self.rng.below(HOUR),
            _ if self.rng.percent(80) => self.rng.below(12 * HOUR),
            _ => self.rng.below(10 * DAY),
        };
        if self.rng.percent(1) {
            self.offset = self.other_offset(model);
        }
        let tick = tick + passed;
        self.now = Moment::new(Tick(tick), WallTime(tick as i64 + self.offset));
    }

    /// The time at which something changes, or one millisecond before or after it.
    fn next_border(&mut self, model: &Model) -> u64 {
        let tick = self.now.tick.0;
        let mut borders = vec![tick + 30 * SECOND];
        for tenant in &model.tenants {
            for session in &tenant.sessions {
                borders.push(tenant.deadline(session).0.0);
                borders.push((session.last_activity + tenant.policy.idle_after).0);
                borders.push((session.last_activity + tenant.policy.away_after).0);
            }
            let dates = tenant.deciding().flat_map(|license| [license.grant.not_before, license.grant.expires]);
            borders.extend(dates.flatten().map(|date| (date.0 - self.offset).max(0) as u64));
        }
        let far = if self.rng.percent(90) { 20 * MINUTE } else { 2 * DAY };
        borders.retain(|border| *border >= tick && *border < tick + far);
        borders.sort_unstable();
        borders.truncate(4);
        if borders.is_empty() {
            return tick;
        }
        *self.rng.pick(&borders) - 1 + self.rng.below(3)
    }

    /// A jump of the wall clock: to any time, back to the right time, or to the date of a license.
    fn other_offset(&mut self, model: &Model) -> i64 {
        let licenses = model.tenants.iter().flat_map(Tenant::deciding);
        let dates: Vec<WallTime> = licenses.flat_map(|l| [l.grant.not_before, l.grant.expires]).flatten().collect();
        match self.rng.below(6) {
            0 | 1 => 0,
            2 if !dates.is_empty() => {
                let date = *self.rng.pick(&dates);
                date.0 - self.now.tick.0 as i64 + self.rng.below(3) as i64 - 1
            }
            3 => self.rng.below(40 * DAY) as i64,
            4 => -(self.rng.below(40 * DAY) as i64),
            _ => self.rng.below(4 * HOUR) as i64 - 2 * HOUR as i64,
        }
    }

    fn kind(&mut self, model: &Model) -> StepKind {
        if std::mem::take(&mut self.restart_next) {
            return StepKind::Restart;
        }
        let tenant = self.tenant();
        let command = match (self.no, model.tenant(&tenant)) {
            (0, _) => self.create_tenant(),
            (_, None) if self.no < 40 || self.rng.percent(40) => self.create_tenant(),
            (1..40, _) => self.beginning(model, &tenant),
            (_, Some(known)) if known.suspended && self.rng.percent(20) => SuspendTenant { suspend: false }.into(),
            (_, Some(known)) if self.is_out_of_force(model, known) && self.rng.percent(4) => self.license(known),
            _ => match self.rng.below(1000) {
                0..=389 => self.check_out(model, &tenant),
                390..=519 => self.heartbeat(model, &tenant),
                520..=569 => CheckIn { session: self.session(model, &tenant) }.into(),
                570..=624 => self.grant_seats(),
                625..=639 => self.revoke_seats(),
                640..=679 => self.close(model, &tenant),
                680..=709 => self.update_tenant(),
                710..=713 => SuspendTenant { suspend: true }.into(),
                714 => DeleteTenant.into(),
                715..=717 => self.create_tenant(),
                718..=742 => self.create_user(),
                743..=762 => self.update_user(),
                763..=785 => self.other_user(model, &tenant),
                786..=797 => self.sync(model, &tenant),
                798..=827 => self.organization(),
                828..=847 => self.any_license(model, &tenant),
                848..=850 => self.delivery(),
                851..=855 => return StepKind::Command(TenantId::installation(), self.token(model)),
                856..=879 => return StepKind::Tick { all: self.rng.percent(10) },
                880..=889 => {
                    self.restart_next = true;
                    return StepKind::Tick { all: true };
                }
                890..=899 => return StepKind::Restart,
                _ => return StepKind::Query(tenant, self.query()),
            },
        };
        StepKind::Command(tenant, command)
    }

    fn is_out_of_force(&self, model: &Model, tenant: &Tenant) -> bool {
        let at = model.glance(self.now).license_time;
        !tenant.is_demo() && tenant.deciding().all(|license| license.standing(at) != Standing::InForce)
    }

    /// Creates tenants, organizations, licenses and users first, so that later commands have something to decide about.
    fn beginning(&mut self, model: &Model, tenant: &TenantId) -> Command {
        match self.rng.below(10) {
            0..=2 => self.create_user(),
            3..=5 => self.grant_seats(),
            6 => {
                let organization = self.organization_id();
                CreateOrganization { organization, display_name: self.display_name() }.into()
            }
            7 => self.any_license(model, tenant),
            _ => self.check_out(model, tenant),
        }
    }
}
