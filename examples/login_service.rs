//! An example of a login service that uses Usher. It plays some logins against the demo tenant, and then ends:
//!
//! ```text
//! make run                                                    in one terminal
//! cargo run --example login_service                           in another one
//! cargo run --example login_service -- --fail-open            lets users in when Usher makes no decision
//! cargo run --example login_service -- http://127.0.0.1:50051
//! ```
//!
//! The parts to copy: [`UsherClient::check_out`] (yes, no, undecided), [`SignedIn`] (heartbeats, the end of a session,
//! logout) and [`log_in`] (the user's message). The rest only plays the logins.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt;
use usher::proto::v1::check_out_response::Outcome as Decision;
use usher::proto::v1::heartbeat_response::Outcome as HeartbeatOutcome;
use usher::proto::v1::seat_service_client::SeatServiceClient;
use usher::proto::v1::session_service_client::SessionServiceClient;
use usher::proto::v1::{
    CheckInRequest, CheckOutRequest, CloseSessionRequest, Denial, DenialReason, HeartbeatRequest, Lease, SessionEnded,
};

const TENANT: &str = "demo";
const POOL: &str = "primary";
/// Longest time that a user waits for one answer of Usher at login.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Delay before the next attempt if the error names none; `MAX_BACKOFF` limits both.
const BACKOFF: Duration = Duration::from_millis(200);
const MAX_BACKOFF: Duration = Duration::from_secs(2);
/// Keeps the example short: a real service sends a heartbeat every `heartbeat_interval`.
const SHOW: Duration = Duration::from_secs(1);

/// Rule for logins about which Usher made no decision (R19). Each service chooses it once, in its settings.
#[derive(Debug, Clone, Copy)]
enum WhenUndecided {
    /// Lets everybody in while the license service is away; more seats than the limit may be in use meanwhile.
    FailOpen,
    /// Lets nobody in without a seat.
    FailClosed,
}

/// The three kinds of answer.
enum Verdict {
    Yes(Box<Lease>),
    /// A decision, not an error: never repeat it, and never count it as a wrong password (R19).
    No(Denial),
    /// No decision: Usher is unavailable or overloaded, or the call is malformed.
    Undecided(Status),
}

/// Client of Usher. One is enough for the whole process: the channel is shared, and reconnects by itself.
#[derive(Clone)]
struct UsherClient {
    seats: SeatServiceClient<Channel>,
}

impl UsherClient {
    fn new(endpoint: &Endpoint) -> Self {
        // `timeout` bounds every call and is sent with it: Usher gives up when this client does.
        let channel = endpoint.clone().timeout(TIMEOUT).connect_timeout(TIMEOUT).connect_lazy();
        Self { seats: SeatServiceClient::new(channel) }
    }

    /// Takes a seat. It is safe to repeat: the same user, pool and device get the same session again, never a second
    /// seat (R16).
    async fn check_out(&self, user: &str, device: &str) -> Verdict {
        let request = CheckOutRequest {
            tenant_id: TENANT.into(),
            pool_id: POOL.into(),
            user_id: user.into(),
            device_id: device.into(),
            client: "login-service example".into(),
            ..CheckOutRequest::default()
        };
        let mut answer = self.seats.clone().check_out(request.clone()).await;
        if let Err(status) = &answer
            && is_worth_repeating(status)
        {
            tokio::time::sleep(backoff(status)).await;
            answer = self.seats.clone().check_out(request).await;
        }
        match answer.map(|answer| answer.into_inner().outcome) {
            Ok(Some(Decision::Lease(lease))) => Verdict::Yes(Box::new(lease)),
            Ok(Some(Decision::Denial(denial))) => Verdict::No(denial),
            // An answer without an outcome counts as a denial.
            Ok(None) => Verdict::No(Denial::default()),
            Err(status) => Verdict::Undecided(status),
        }
    }
}

/// Returns whether the same call can succeed a moment later. A malformed call cannot.
fn is_worth_repeating(status: &Status) -> bool {
    matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Internal)
}

/// Returns the delay before the next attempt: Usher's `RetryInfo` if there is one, at most `MAX_BACKOFF`.
fn backoff(status: &Status) -> Duration {
    let told = status.get_details_retry_info().and_then(|info| info.retry_delay);
    told.unwrap_or(BACKOFF).min(MAX_BACKOFF)
}

/// A signed-in user, whose seat is held by heartbeats.
struct SignedIn {
    usher: UsherClient,
    lease: Lease,
    /// Whether the user did something since the last heartbeat.
    active: Arc<AtomicBool>,
    /// Completes when the session has ended elsewhere. `None`: the lease needs no heartbeat (R25).
    heartbeats: Option<JoinHandle<SessionEnded>>,
}

impl SignedIn {
    fn new(usher: UsherClient, lease: Lease) -> Self {
        let active = Arc::new(AtomicBool::new(false));
        let interval = lease.heartbeat_interval.and_then(|interval| Duration::try_from(interval).ok());
        let heartbeats = interval.map(|interval| {
            let beating = beat(usher.clone(), lease.session_id.clone(), interval.min(SHOW), Arc::clone(&active));
            tokio::spawn(beating)
        });
        Self { usher, lease, active, heartbeats }
    }

    /// Called for every click and keystroke: sets a flag, and makes no call.
    fn user_did_something(&self) {
        self.active.store(true, Ordering::Relaxed);
    }

    /// Waits until Usher reports the end of the session; then the application ends its own session, too.
    async fn ended(&mut self) -> SessionEnded {
        match &mut self.heartbeats {
            Some(heartbeats) => heartbeats.await.unwrap_or_default(),
            None => std::future::pending().await,
        }
    }

    /// Returns the seat. The result says whether the session was live until now.
    async fn log_out(mut self) -> Result<bool, Status> {
        if let Some(heartbeats) = self.heartbeats.take() {
            heartbeats.abort();
        }
        let request = CheckInRequest { tenant_id: TENANT.into(), session_id: self.lease.session_id };
        // If this call fails for good, the lease runs out, and then the seat is free.
        Ok(self.usher.seats.check_in(request).await?.into_inner().ended_now)
    }
}

/// Sends heartbeats until the session has ended.
async fn beat(mut usher: UsherClient, session_id: String, interval: Duration, active: Arc<AtomicBool>) -> SessionEnded {
    loop {
        tokio::time::sleep(interval).await;
        let was_active = active.swap(false, Ordering::Relaxed);
        let request = HeartbeatRequest { tenant_id: TENANT.into(), session_id: session_id.clone(), active: was_active };
        match usher.seats.heartbeat(request).await.map(|answer| answer.into_inner().outcome) {
            Ok(Some(HeartbeatOutcome::Lease(_))) => println!("    heartbeat, active: {was_active}"),
            Ok(Some(HeartbeatOutcome::Ended(ended))) => return ended,
            Ok(None) => return SessionEnded::default(),
            Err(status) => {
                // No decision: the session goes on. A lease lasts for three intervals, so the next heartbeat is in
                // time.
                println!("    heartbeat undecided: {:?}", status.code());
                active.fetch_or(was_active, Ordering::Relaxed);
            }
        }
    }
}

/// Stands for the application's own check of the password, which comes first and does not involve Usher.
fn password_is_right(password: &str) -> bool {
    password == "secret"
}

/// Result of a login.
enum Entry {
    In(Box<SignedIn>),
    /// Let in without a seat, because Usher made no decision: check the user out once Usher answers again.
    InUnseated,
    Out,
}

/// Runs a whole login: password, check-out, message.
async fn log_in(usher: &UsherClient, user: &str, password: &str, device: &str, rule: WhenUndecided) -> Entry {
    println!("{user} signs in on {device}");
    if !password_is_right(password) {
        println!("    wrong password; Usher is not asked");
        return Entry::Out;
    }
    match usher.check_out(user, device).await {
        Verdict::Yes(lease) => {
            println!("    yes: lands in {:?}, session {}", lease.organization_id, lease.session_id);
            Entry::In(Box::new(SignedIn::new(usher.clone(), *lease)))
        }
        Verdict::No(denial) => {
            println!("    no, {}: {}", denial.reason().as_str_name(), message(&denial));
            Entry::Out
        }
        Verdict::Undecided(status) => {
            println!("    undecided, {:?}: {rule:?}", status.code());
            match rule {
                WhenUndecided::FailOpen => Entry::InUnseated,
                WhenUndecided::FailClosed => Entry::Out,
            }
        }
    }
}

/// Returns the text for the user. Where the application has no better text, it uses Usher's own message.
fn message(denial: &Denial) -> String {
    match denial.reason() {
        DenialReason::AlreadySignedIn => {
            let devices: Vec<&str> = denial.own_sessions.iter().map(|session| session.device_id.as_str()).collect();
            format!("You are signed in on {}. Sign out there first.", devices.join(", "))
        }
        DenialReason::SeatsExhausted => match &denial.retry_after {
            Some(wait) => format!("All seats are taken. One can be free in {} min at the earliest.", wait.seconds / 60),
            None => "All seats are taken.".into(),
        },
        DenialReason::UserNotFound | DenialReason::SeatNotGranted => "Ask your administrator for a seat.".into(),
        _ => denial.message.clone(),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rule = match arguments.iter().any(|argument| argument == "--fail-open") {
        true => WhenUndecided::FailOpen,
        false => WhenUndecided::FailClosed,
    };
    let address = arguments.iter().find(|argument| argument.starts_with("http"));
    let endpoint: Endpoint = address.map_or("http://127.0.0.1:50051", String::as_str).to_owned().try_into()?;
    let usher = UsherClient::new(&endpoint);

    log_in(&usher, "ann@demo.example", "wrong", "laptop", rule).await;
    let Entry::In(ann) = log_in(&usher, "ann@demo.example", "secret", "laptop", rule).await else {
        return Err("this is played on a running Usher with a fresh demo tenant: `make run` in another terminal".into());
    };
    ann.user_did_something();
    tokio::time::sleep(SHOW * 3 / 2).await;

    // Two denials, with different reasons.
    log_in(&usher, "ann@demo.example", "secret", "phone", rule).await;
    log_in(&usher, "zoe@demo.example", "secret", "laptop", rule).await;

    // An administrator closes a session; the application learns of it by the next heartbeat.
    if let Entry::In(mut bob) = log_in(&usher, "bob@demo.example", "secret", "desk", rule).await {
        let closed = CloseSessionRequest {
            tenant_id: TENANT.into(),
            session_id: bob.lease.session_id.clone(),
            force: true,
            ..CloseSessionRequest::default()
        };
        SessionServiceClient::new(endpoint.connect().await?).close_session(closed).await?;
        println!("an administrator closes bob's session");
        let ended = bob.ended().await;
        println!("    bob's session has ended, {}: he is signed out", ended.reason().as_str_name());
    }

    println!("ann signs out");
    println!("    seat returned: {}", ann.log_out().await?);

    // Nothing listens at this address: there is no decision, and the service's own rule applies.
    let unreachable = UsherClient::new(&Endpoint::from_static("http://127.0.0.1:1"));
    let dee = log_in(&unreachable, "dee@demo.example", "secret", "desk", rule).await;
    println!("    dee is let in: {}", matches!(dee, Entry::InUnseated));
    Ok(())
}
