//! Runs a scenario line by line, whichever interpreter carries out its steps, and compares the answers.

use std::collections::BTreeMap;
use std::time::Duration;

use usher::ids::{SessionId, TenantId};
use usher::ledger::command::{
    CheckIn, CheckOut, CloseSession, Command, GetEntitlements, GetLicenseInformation, GetUsage, GetUser, Heartbeat,
    InstallLicense, LicenseGrant, ListLicenses, ListSessions, Outcome, Query, QueryResult,
};
use usher::ledger::outcome::CheckedOut;
use usher::ledger::time::Moment;

use super::answers::{self, Answer, Names, licenses};
use super::language::Line;
use super::language::steps::{Login, Verb, session_id};
use super::pages;

/// Page limit above the number of rows of any scenario, licenses included.
const MAX_ROWS: usize = 1_000;

/// Carries out the steps of a scenario.
pub trait Interpreter {
    /// The steps that only this interpreter carries out.
    type Own;

    /// The verb as a step of this interpreter alone; `None`: it is another one's.
    fn own(verb: &Verb) -> Option<&Self::Own>;

    fn now(&self) -> Moment;

    /// Lets time pass in which nothing happens.
    fn pass(&mut self, time: Duration);

    /// Runs the regular work.
    fn sweep(&mut self) -> Result<(), String>;

    fn submit(&mut self, tenant: &TenantId, command: Command) -> Result<Outcome, String>;

    fn query(&mut self, tenant: &TenantId, query: Query) -> Result<QueryResult, String>;

    fn run_own(&mut self, scene: &mut Scene, step: &Self::Own) -> Result<Happened, String>;

    /// Checks what must hold after every line.
    fn verify(&mut self) -> Result<(), String>;
}

/// What a scenario has named so far.
#[derive(Debug)]
pub struct Scene {
    pub tenant: TenantId,
    /// Names of the sessions, and the session that a name means now.
    pub names: Names,
    sessions: BTreeMap<String, SessionId>,
    /// The last revision of a license that a line installed without a number.
    revisions: u64,
    started: u128,
    /// The query that `more` continues.
    pub list: Option<Query>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            tenant: TenantId::stored("acme"),
            names: Names::new(),
            sessions: BTreeMap::new(),
            revisions: 0,
            started: 0,
            list: None,
        }
    }
}

impl Scene {
    fn session(&self, name: &str) -> Result<SessionId, String> {
        self.sessions.get(name).copied().ok_or_else(|| format!("  no session is called {name}"))
    }
}

/// The result of a step.
pub enum Happened {
    /// One answer for each item of a batch.
    Answers(Vec<Answer>),
    Rows(Vec<String>),
}

impl Happened {
    pub const DONE: Self = Self::Answers(Vec::new());
}

impl From<Answer> for Happened {
    fn from(answer: Answer) -> Self {
        Self::Answers(vec![answer])
    }
}

/// Runs the lines of a scenario.
///
/// # Errors
/// The first line that does not hold, its expectation, and what happened.
pub fn run<I: Interpreter>(interpreter: &mut I, lines: &[Line]) -> Result<(), String> {
    let mut scene = Scene::default();
    for line in lines {
        let held = step(interpreter, &mut scene, &line.verb).and_then(|happened| line.compare(&happened));
        held.and_then(|()| interpreter.verify())
            .map_err(|why| format!("  line {}: {}\n{why}", line.number, line.text))?;
    }
    Ok(())
}

fn step<I: Interpreter>(interpreter: &mut I, scene: &mut Scene, verb: &Verb) -> Result<Happened, String> {
    if let Some(own) = I::own(verb) {
        return interpreter.run_own(scene, own);
    }
    let tenant = scene.tenant.clone();
    Ok(match verb {
        Verb::In(tenant) => {
            scene.tenant = tenant.clone();
            Happened::DONE
        }
        Verb::After(time) => {
            interpreter.pass(*time);
            Happened::DONE
        }
        Verb::Sweep => {
            interpreter.sweep()?;
            Happened::DONE
        }
        Verb::Tenant(tenant, command) => submit(interpreter, scene, tenant, (**command).clone())?,
        Verb::SignIn { login, name } => sign_in(interpreter, scene, login, name)?,
        Verb::CouldSignIn(login) => could_sign_in(interpreter, scene, login)?.1.into(),
        Verb::List { query, all } => pages::read(interpreter, scene, query.clone(), *all)?,
        Verb::More => {
            let query = scene.list.take().ok_or("there is no more")?;
            pages::read(interpreter, scene, query, false)?
        }
        Verb::Sessions(query) => sessions(interpreter, scene, query)?,
        Verb::Ledger(_) | Verb::Directory(_) => return Err("  only the other interpreter can do this".into()),
        verb => match command(scene, verb)? {
            Some(command) => submit(interpreter, scene, &tenant, command)?,
            None => show(interpreter, &tenant, verb)?.into(),
        },
    })
}

/// The command that a verb means now.
fn command(scene: &mut Scene, verb: &Verb) -> Result<Option<Command>, String> {
    Ok(Some(match verb {
        Verb::Command(command) => (**command).clone(),
        Verb::License(license, grant) => {
            scene.revisions += 1;
            let grant = LicenseGrant { revision: scene.revisions, ..grant.clone() };
            InstallLicense { license: license.clone(), grant }.into()
        }
        Verb::Heartbeat(beats) => {
            let beats = beats.iter().map(|(name, active)| Ok((scene.session(name)?, *active)));
            Heartbeat { heartbeats: beats.collect::<Result<Vec<_>, String>>()? }.into()
        }
        Verb::CheckIn(name) => CheckIn { session: scene.session(name)? }.into(),
        Verb::Close { session, forced, by, from } => {
            let own_session = from.as_ref().map(|name| scene.session(name)).transpose()?;
            let session = scene.session(session)?;
            CloseSession { session, force: *forced, own_session, own_user: by.clone() }.into()
        }
        _ => return Ok(None),
    }))
}

pub fn submit<I: Interpreter>(
    interpreter: &mut I,
    scene: &Scene,
    tenant: &TenantId,
    command: Command,
) -> Result<Happened, String> {
    let outcome = interpreter.submit(tenant, command)?;
    Ok(Happened::Answers(answers::answers(&outcome, &scene.names, interpreter.now())))
}

/// The answer to a verb that asks for one thing.
fn show<I: Interpreter>(interpreter: &mut I, tenant: &TenantId, verb: &Verb) -> Result<Answer, String> {
    let query: Query = match verb {
        Verb::Usage(_) | Verb::Pools => GetUsage.into(),
        Verb::ShowLicense(_) => ListLicenses { limit: MAX_ROWS, after: None }.into(),
        Verb::Information => GetLicenseInformation.into(),
        Verb::Entitlements => GetEntitlements.into(),
        Verb::Show(user, organization) => GetUser { user: user.clone(), organization: organization.clone() }.into(),
        other => return Err(format!("  nothing is asked by {other:?}")),
    };
    let (found, now) = (interpreter.query(tenant, query)?, interpreter.now());
    Ok(match (&found, verb) {
        (QueryResult::GetUsage(usage), Verb::Usage(None)) => answers::done(usage, answers::tenant_usage),
        (QueryResult::GetUsage(usage), Verb::Usage(Some(pool))) => answers::done(usage, |usage| {
            let found = usage.pools.iter().find(|usage| usage.pool == *pool);
            found.map_or_else(|| Answer::no("no such pool".into()), answers::pool_usage)
        }),
        (QueryResult::GetUsage(usage), _) => answers::done(usage, answers::pools),
        (QueryResult::GetUser(user), _) => answers::done(user, |user| answers::user(user, now)),
        (_, Verb::ShowLicense(license)) => licenses::newest(&found, license, now),
        _ => licenses::shown(&found, now),
    })
}

/// Submits the check-out with `check_only` first, so that every login of every scenario also tests R20.
fn sign_in<I: Interpreter>(
    interpreter: &mut I,
    scene: &mut Scene,
    login: &Login,
    name: &str,
) -> Result<Happened, String> {
    let (foreseen, _) = could_sign_in(interpreter, scene, login)?;
    scene.started += 1;
    let fresh = session_id(scene.started);
    let check_out = CheckOut { check_only: false, fresh, client: name.into(), ..login.question() };
    let outcome = interpreter.submit(&scene.tenant, check_out.into())?;
    if let Outcome::CheckOut(Ok(answer)) = &outcome {
        as_foreseen(&foreseen, answer)?;
        if let Ok(lease) = &answer.decision {
            let id = lease.session.ok_or("  a lease without a session")?;
            if lease.renewed != scene.names.contains_key(&id) {
                return Err(format!("  R16: {id} is not the session it should be"));
            }
            scene.sessions.insert(name.to_owned(), id);
            scene.names.entry(id).or_insert_with(|| name.to_owned());
        }
    }
    Ok(Happened::Answers(answers::answers(&outcome, &scene.names, interpreter.now())))
}

fn could_sign_in<I: Interpreter>(
    interpreter: &mut I,
    scene: &Scene,
    login: &Login,
) -> Result<(CheckedOut, Answer), String> {
    let outcome = interpreter.submit(&scene.tenant, login.question().into())?;
    let answer = answers::answers(&outcome, &scene.names, interpreter.now()).remove(0);
    match outcome {
        Outcome::CheckOut(Ok(decided)) if decided.decision.as_ref().is_ok_and(|lease| lease.session.is_some()) => {
            Err("  R20: a question was answered with a session".into())
        }
        Outcome::CheckOut(Ok(decided)) => Ok((decided, answer)),
        other => Err(format!("  the answer to CheckOut, not {other:?}")),
    }
}

/// R20: checks that `check_only` was answered as the check-out itself.
fn as_foreseen(foreseen: &CheckedOut, answer: &CheckedOut) -> Result<(), String> {
    let same = match (&foreseen.decision, &answer.decision) {
        (Ok(could), Ok(lease)) => {
            let same =
                (&could.pool, &could.organization, could.started) == (&lease.pool, &lease.organization, lease.started);
            same && (could.renewed, could.ttl, could.remaining, could.idle_timeout)
                == (lease.renewed, lease.ttl, lease.remaining, lease.idle_timeout)
        }
        (Err(foreseen), Err(denial)) => foreseen == denial,
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(format!("  R20: the question was answered\n    {foreseen:?}\n  the login\n    {answer:?}"))
    }
}

fn sessions<I: Interpreter>(interpreter: &mut I, scene: &Scene, query: &ListSessions) -> Result<Happened, String> {
    match interpreter.query(&scene.tenant, query.clone().into())? {
        QueryResult::ListSessions(Ok(page)) => {
            let row = |session| answers::session(session, &scene.names, interpreter.now());
            Ok(Happened::Rows(page.rows.iter().map(row).collect()))
        }
        other => Err(format!("  a list of sessions, not {other:?}")),
    }
}

impl Line {
    /// Compares the result with the expectation.
    ///
    /// # Errors
    /// Both, if they differ.
    fn compare(&self, happened: &Happened) -> Result<(), String> {
        match happened {
            Happened::Answers(answers) => compare_answers(self.expected.as_deref(), answers),
            Happened::Rows(rows) if *rows == self.rows => Ok(()),
            Happened::Rows(rows) => {
                let list = |rows: &[String]| rows.iter().map(|row| format!("    - {row}\n")).collect::<String>();
                Err(format!("  expected:\n{}  happened:\n{}", list(&self.rows), list(rows)))
            }
        }
    }
}

fn compare_answers(expected: Option<&str>, answers: &[Answer]) -> Result<(), String> {
    let happened = || answers.iter().map(Answer::text).collect::<Vec<_>>().join("; ");
    let Some(expected) = expected else {
        let fine = answers.iter().all(|answer| answer.success);
        return if fine { Ok(()) } else { Err(format!("  expected: that it succeeds\n  happened: {}", happened())) };
    };
    let parts: Vec<&str> = expected.split(';').map(str::trim).flat_map(times).collect();
    if parts.len() == answers.len() && parts.iter().zip(answers).all(|(part, answer)| answer.fits(part)) {
        return Ok(());
    }
    Err(format!("  expected: {expected}\n  happened: {}", happened()))
}

/// `3 times yes` is `yes; yes; yes`.
fn times(part: &str) -> impl Iterator<Item = &str> {
    let repeated = part.split_once(" times ").and_then(|(number, part)| Some((number.parse().ok()?, part)));
    let (number, part) = repeated.unwrap_or((1, part));
    std::iter::repeat_n(part, number)
}
