//! Answers without the parts that are for people only, sorted where no order is promised.

use usher::ids::EventNo;
use usher::ledger::command::{ActivatedUsers, BlockedUsers, LicenseFetched, Outcome, SyncedUsers};
use usher::ledger::license_view::LicenseInformation;
use usher::ledger::notification::NotificationView;
use usher::ledger::outcome::{Notice, Refusal, SessionView, TenantUsage};

pub fn outcome(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::CheckOut(Ok(mut answer)) => {
            answer.notices = notices(answer.notices);
            Outcome::CheckOut(Ok(answer))
        }
        Outcome::CloseSession(answer) => Outcome::CloseSession(answer.map_err(bare)),
        Outcome::CloseIdle(answer) => Outcome::CloseIdle(answer.map(|mut closed| {
            closed.sessions = sessions(closed.sessions);
            closed
        })),
        Outcome::CreateTenant(answer) => Outcome::CreateTenant(answer.map_err(bare)),
        Outcome::UpdateTenant(answer) => Outcome::UpdateTenant(answer.map_err(bare)),
        Outcome::UpdateUser(answer) => Outcome::UpdateUser(answer.map_err(bare)),
        Outcome::RenameUser(answer) => Outcome::RenameUser(answer.map_err(bare)),
        Outcome::SyncUsers(answer) => Outcome::SyncUsers(answer.map(synced)),
        Outcome::ActivateUsers(answer) => Outcome::ActivateUsers(answer.map(activated)),
        Outcome::BlockUnlisted(answer) => {
            Outcome::BlockUnlisted(answer.map(|answer| BlockedUsers { what_if: None, ..answer }))
        }
        Outcome::InstallLicense(answer) => Outcome::InstallLicense(answer.map_err(bare)),
        Outcome::FetchLicense(answer) => Outcome::FetchLicense(answer.map(fetched)),
        Outcome::RedeliverNotification(answer) => Outcome::RedeliverNotification(answer.map_err(bare)),
        Outcome::CreateToken(answer) => Outcome::CreateToken(answer.map_err(bare)),
        other => other,
    }
}

/// The state that a dry run carries on concerns later steps.
fn synced(mut answer: SyncedUsers) -> SyncedUsers {
    answer.what_if = None;
    for user in &mut answer.users {
        match user {
            Ok(user) => user.waiting.iter_mut().for_each(|waiting| waiting.since = EventNo(0)),
            Err(refusal) => *refusal = bare(refusal.clone()),
        }
    }
    answer
}

fn activated(mut answer: ActivatedUsers) -> ActivatedUsers {
    answer.what_if = None;
    answer.full.iter_mut().for_each(|pools| pools.sort_by(|a, b| a.0.cmp(&b.0)));
    answer
}

/// The flag `news` decides only about the audit event of the fetch.
fn fetched(mut answer: LicenseFetched) -> LicenseFetched {
    (answer.news, answer.fetch.text) = (false, "".into());
    answer
}

pub fn license_page(mut page: LicenseInformation) -> LicenseInformation {
    page.fetch.iter_mut().for_each(|fetch| fetch.text = "".into());
    page
}

/// Event numbers exist only in the audit.
pub fn notification(view: NotificationView) -> NotificationView {
    NotificationView { event: EventNo(0), ..view }
}

pub fn usage(mut usage: TenantUsage) -> TenantUsage {
    usage.notices = notices(usage.notices);
    usage
}

fn sessions(mut views: Vec<SessionView>) -> Vec<SessionView> {
    views.sort_by_key(|view| view.id);
    views
}

fn notices(mut notices: Vec<Notice>) -> Vec<Notice> {
    notices.sort_by_key(|notice| format!("{notice:?}"));
    notices.dedup();
    notices
}

/// Programs read the reason; subject and text are for people.
fn bare(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Precondition { reason, .. } => Refusal::Precondition { reason, subject: "".into(), text: "".into() },
        Refusal::Invalid { field, .. } => Refusal::Invalid { field, text: "" },
        other => other,
    }
}
