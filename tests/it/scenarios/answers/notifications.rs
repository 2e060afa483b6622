//! Answers about notifications, in the words in which a scenario expects them.

use usher::ledger::notification::{Attempt, Cause, DeliveryState, DeliveryView, Facts, NotificationView};
use usher::ledger::time::Moment;

use super::Answer;
use crate::scenarios::language::length;

/// Answer of `notification exceeded/primary`.
pub fn shown(view: &NotificationView, now: Moment) -> Answer {
    let mut said = Answer::yes(if view.cleared { "over" } else { "open" });
    said = said.and([format!("raised {} ago", length(now.wall.since(view.raised)))]);
    said = said.and(facts(&view.facts, now)).and(view.deliveries.iter().map(|delivery| of(delivery, now)));
    said.and(view.deliveries.is_empty().then(|| "not sent".to_owned()))
}

fn facts(facts: &Facts, now: Moment) -> Vec<String> {
    match facts {
        Facts::Pool { cause, limit, in_use, user, .. } => {
            let cause = match cause {
                Cause::CheckOut => "check-out",
                Cause::Grant => "grant",
                Cause::Sync => "sync",
                Cause::LimitShrank => "limit shrank",
                Cause::Level => "level",
                Cause::Overdraft => "overdraft",
            };
            let user = user.as_ref().map(|user| format!("of {user}"));
            [Some(format!("{in_use}/{limit}")), Some(cause.to_owned()), user].into_iter().flatten().collect()
        }
        Facts::License { expires, days } => {
            vec![format!("{days} days before"), format!("ends in {}", length(expires.since(now.wall)))]
        }
    }
}

/// One delivery, such as `email pending in 1m`.
fn of(delivery: &DeliveryView, now: Moment) -> String {
    let state = match delivery.state {
        DeliveryState::Pending => "pending",
        DeliveryState::UnderWay => "under way",
        DeliveryState::Done => "done",
        DeliveryState::Dead => "dead",
    };
    let mut text = format!("{} {state}", delivery.channel.word());
    text += &if delivery.attempts > 0 { format!(" after {}", delivery.attempts) } else { String::new() };
    text += &if delivery.error.is_empty() { String::new() } else { format!(" ({})", delivery.error) };
    // Pauses vary by up to an eighth, so that whole minutes are precise enough.
    let minutes = delivery.next.map(|next| next.since(now.wall).as_secs() / 60).filter(|minutes| *minutes > 0);
    text + &minutes.map_or(String::new(), |minutes| format!(" in {minutes}m"))
}

pub fn sent(attempt: Option<u32>, result: Option<&Attempt>) -> Answer {
    match attempt {
        None => Answer::no("nothing to send".into()),
        Some(attempt) => Answer::yes(&format!("attempt {attempt}")).and(result.is_none().then(|| "lost".to_owned())),
    }
}
