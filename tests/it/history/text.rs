//! Small texts for histories and stores, for the checker's own tests. Times are milliseconds.
//!
//! ```text
//! limit acme/primary concurrent 2       limit of a pool; also: take-over acme · lease acme 100 · given acme/crm/ann
//! repeated 2                            most calls that were carried out twice
//! 1-2 acme/primary/ann out desk = lease s1     sent at 1, answered at 2; `-?`: never answered
//! row acme/primary/ann desk s1 live            a row of the store; instead of `live`, the reason of the end
//! event acme/primary/ann started s1            an event of the audit, in this order; `@5`: at 5
//! usage acme/primary 1                         the service's view; also: listed s1
//! ```

use super::recount::{Action, Event, ServiceView, SessionRow};
use super::{Answer, Call, History, Limit, Name, Operation, Rules, StoreContents, Time, Who};

pub fn parse(text: &str) -> (History, StoreContents) {
    let history = History { began: 0, skew: 50, tenants: [].into(), given: [].into(), calls: Vec::new(), repeated: 0 };
    let mut parsed = (history, StoreContents { served: Some(ServiceView::default()), ..StoreContents::default() });
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        read(&words, &mut parsed).unwrap_or_else(|| panic!("this line says nothing: {line}"));
    }
    parsed
}

fn read(words: &[&str], (history, recount): &mut (History, StoreContents)) -> Option<()> {
    match words {
        ["limit", of, plan, seats] => {
            let (tenant, pool) = of.split_once('/')?;
            let limit = Limit { named: *plan == "named", seats: seats.parse().ok()? };
            rules(history, tenant).limits.insert(pool.into(), limit);
        }
        ["take-over", tenant] => rules(history, tenant).take_over = true,
        ["lease", tenant, millis] => rules(history, tenant).lease = time(millis)?,
        ["repeated", most] => history.repeated = most.parse().ok()?,
        ["given", of] => drop(history.given.insert(who(of)?)),
        ["row", of, device, session, state] => recount.sessions.push(SessionRow {
            who: who(of)?,
            device: (*device).into(),
            session: (*session).into(),
            ended: (*state != "live").then(|| (*state).into()),
        }),
        ["seat", of] => drop(recount.seats.insert(who(of)?)),
        ["event", of, rest @ ..] => recount.audit.push(event(who(of)?, rest)?),
        ["usage", of, count] => {
            let (tenant, pool) = of.split_once('/')?;
            recount.served.as_mut()?.in_use.push((tenant.into(), pool.into(), count.parse().ok()?));
        }
        ["listed", session] => drop(recount.served.as_mut()?.live.insert((*session).into())),
        [when, of, rest @ ..] => history.calls.push(call(when, who(of)?, rest)?),
        _ => return None,
    }
    Some(())
}

fn rules<'a>(history: &'a mut History, tenant: &str) -> &'a mut Rules {
    let none = Rules { limits: [].into(), take_over: false, lease: 1_000_000_000 };
    history.tenants.entry(tenant.into()).or_insert(none)
}

fn time(millis: &str) -> Option<Time> {
    Some(millis.parse::<Time>().ok()? * 1_000)
}

fn who(text: &str) -> Option<Who> {
    let [tenant, pool, user] = text.split('/').map(Name::from).collect::<Vec<_>>().try_into().ok()?;
    Some(Who { tenant, pool, user })
}

fn call(when: &str, who: Who, words: &[&str]) -> Option<Call> {
    let (called, answered) = when.split_once('-')?;
    let equals = words.iter().position(|word| *word == "=")?;
    let operation = match words[..equals] {
        ["out", device] => Operation::CheckOut { device: device.into() },
        ["in", session] => Operation::CheckIn { session: session.into() },
        ["beat", session] => Operation::Heartbeat { session: session.into() },
        ["grant"] => Operation::Grant,
        ["revoke"] => Operation::Revoke,
        _ => return None,
    };
    let answer = match words[equals + 1..] {
        ["?"] => Answer::Unknown("?".into()),
        ["lease", session] => Answer::Lease { session: session.into(), renewed: false },
        ["renewed", session] => Answer::Lease { session: session.into(), renewed: true },
        ["kept"] => Answer::Kept,
        ["ended", reason] => Answer::Ended { now: true, reason: reason.into() },
        ["had-ended", reason] => Answer::Ended { now: false, reason: reason.into() },
        ["done"] => Answer::Done,
        ["denied", reason] => Answer::Denied(reason.into()),
        ["odd"] => Answer::Odd("odd".into()),
        _ => return None,
    };
    let answered = if answered == "?" { None } else { Some(time(answered)?) };
    Some(Call { who, operation, called: time(called)?, answered, answer })
}

fn event(who: Who, words: &[&str]) -> Option<Event> {
    let (words, at) = match words.split_last()? {
        (last, words) if last.starts_with('@') => (words, last[1..].parse().ok()?),
        _ => (words, 0),
    };
    let name = |text: &str| Some(Name::from(text));
    let (action, denied, session, reason) = match *words {
        ["started", session] => (Action::Started, false, name(session), None),
        ["renewed", session] => (Action::Renewed, false, name(session), None),
        ["ended", session, reason] => (Action::Ended, false, name(session), name(reason)),
        ["granted"] => (Action::Granted, false, None, None),
        ["revoked"] => (Action::Revoked, false, None, None),
        ["out-denied", reason] => (Action::CheckOutDenied, true, None, name(reason)),
        ["grant-denied", reason] => (Action::Granted, true, None, name(reason)),
        _ => return None,
    };
    Some(Event { who, action, reason, denied, session, count: 1, at })
}
