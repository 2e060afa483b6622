//! No output contains a secret: every place that holds a secret gets a canary, everything that Usher can output is
//! collected, and all of it is searched.

use std::process::Command;

use usher::proto::v1::Role;

use super::fixture::{EVERY_ROLE, Fixture, messages, token};
use crate::support::program::{Data, Program};
use crate::support::raw::call;

/// This database is unreachable on purpose: the test needs the error messages about it.
const DATABASE: &str = "postgres://usher:canary-database@127.0.0.1:1/usher";
const SMTP: &str = "canary-smtp-password";
const WEBHOOK: &str = "whsec_Y2FuYXJ5LXdlYmhvb2stc2VjcmV0LWNhbmFyeSEh";
const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJjYW5hcnkiOiJqd3QifQ.Y2FuYXJ5LXNpZ25hdHVyZQ";
const WRONG: &str = "usher_00000000000000aa_ca0a77ca0a77ca0a77ca0a77ca0a77ca0a77ca0a77ca0a77ca0a77ca0a77ca0a_00000000";

/// Collected texts, each with its place, and the secrets that none of them may contain.
struct Search {
    said: Vec<(String, String)>,
    secrets: Vec<String>,
}

impl Search {
    fn hear(&mut self, place: impl Into<String>, text: impl Into<String>) {
        self.said.push((place.into(), text.into()));
    }

    fn check(&self) {
        assert!(self.said.iter().map(|(_, text)| text.len()).sum::<usize>() > 50_000, "little was said");
        for (place, text) in &self.said {
            for secret in &self.secrets {
                // The middle of a secret gives away as much as the whole.
                let core = &secret[secret.len() / 4..secret.len() * 3 / 4];
                let at = text.find(core);
                assert!(at.is_none(), "{place} says {:?}", at.map(|at| text[at.saturating_sub(200)..].get(..400)));
            }
        }
    }
}

#[tokio::test]
async fn nothing_that_is_said_holds_a_secret() {
    let fixture = Fixture::new();
    let (smtp, webhook) = (fixture.file("smtp", SMTP), fixture.file("webhook", WEBHOOK));
    let options = [
        "--demo",
        "--log",
        "trace,h2=trace,hyper=trace,tonic=trace,rustls=trace,tower=trace",
        "--smtp-url",
        "smtp://127.0.0.1:1",
        "--smtp-user",
        "usher",
        "--smtp-password-file",
        &smtp,
        "--mail-from",
        "usher@example.org",
        "--webhook-url",
        "http://127.0.0.1:1/hook",
        "--webhook-secret-file",
        &webhook,
    ];
    let program = fixture.start(&options);
    let channel = program.channel();
    let (_, manager) = token(&channel, &fixture.admin, "manager", &EVERY_ROLE, &[]).await;
    let (_, application) = token(&channel, &fixture.admin, "application", &[Role::Application], &["demo"]).await;
    let mut search = Search {
        said: Vec::new(),
        secrets: [&fixture.admin, &manager, &application, SMTP, WEBHOOK, JWT, WRONG, "canary-database"]
            .map(str::to_owned)
            .to_vec(),
    };

    let credentials =
        [&fixture.admin, &manager, &application, WRONG, JWT].map(|credential| format!("Bearer {credential}"));
    // SetLogFilter is left out: it could make the log shorter.
    for (method, message) in messages().into_iter().filter(|(method, _)| !method.ends_with("SetLogFilter")) {
        for credential in &credentials {
            let makes_one = method == "TokenService/CreateToken";
            match call(&channel, &format!("usher.v1.{method}"), message.clone(), Some(credential)).await {
                // The only answer that may contain a secret: CreateToken returns the new one to its caller.
                Ok(_) if makes_one => {}
                Ok(answer) => search.hear(&method, String::from_utf8_lossy(&answer.unwrap_or_default())),
                Err(status) => search.hear(&method, format!("{status:?}")),
            }
        }
    }
    search.hear("the metrics", crate::shell::page(program.ops, "/metrics").1);
    search.hear("readiness", crate::shell::page(program.ops, "/readyz").1);
    program.terminate();
    search.hear("the log", program.ended().errors);

    // A start with an unreachable database; and check-config, with a right and a wrong configuration.
    let away = Program::launch(&Data::Postgres(DATABASE), &["--log", "trace"], &[]);
    search.hear("a start without the database", away.map(|_| String::new()).unwrap_or_else(|ended| ended.errors));
    for more in [&[][..], &["--deadline", "nonsense"]] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
        command.arg("check-config").args(&options[3..]).args(more).env("USHER_ADMIN_TOKEN", &fixture.admin);
        let output = command.env("DATABASE_URL", DATABASE).output().expect("it runs");
        search.hear("check-config", String::from_utf8_lossy(&[output.stdout, output.stderr].concat()));
    }
    search.check();
}
