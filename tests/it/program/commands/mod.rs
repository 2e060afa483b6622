//! Commands of operators: the real program as a client of the real program as a server.

mod audit;
mod help;
mod notifications;
mod round_trip;
mod seats;
mod server;
mod sessions;
mod tenants;
mod token;
mod usage;
mod users;
mod users_files;
mod watching;

use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use usher::proto::v1::tenant_service_client::TenantServiceClient;
use usher::proto::v1::{CheckOutRequest, Policy, Tenant, UpdateTenantRequest};

use crate::license::workspace::json;
use crate::support::program::{Data, Program};

/// A server with the demo tenant, and a folder in which commands run.
struct Console {
    program: Program,
    folder: TempDir,
}

/// Exit code and output of a command.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    printed: String,
    errors: String,
}

impl Console {
    fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap(), &["--demo"])
    }

    fn open_in(folder: TempDir, options: &[&str]) -> Self {
        let data = folder.path().join("data");
        Self { program: Program::start(&Data::Folder(&data), options), folder }
    }

    /// Runs a command about the demo tenant.
    fn run(&self, words: &str) -> Ran {
        let address = self.program.api.to_string();
        let mut command = command(words);
        command.env("USHER_ADDRESS", address).env("USHER_TENANT", "demo").current_dir(self.folder.path());
        ran(&mut command)
    }

    /// Returns standard output; panics unless the command succeeds.
    fn says(&self, words: &str) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, &*ran.errors), (Some(0), ""), "{words}");
        ran.printed
    }

    /// Returns both outputs; panics unless the exit code is 11, "not all were done".
    fn half_says(&self, words: &str) -> (String, String) {
        let ran = self.run(words);
        assert_eq!(ran.code, Some(11), "{words}: {ran:?}");
        (ran.printed, ran.errors)
    }

    /// Returns standard output of the command with `--json`; panics unless it succeeds.
    fn tells(&self, words: &str) -> Value {
        json(&self.says(&format!("{words} --json")))
    }

    /// Returns standard error; panics unless the command fails with this code and prints nothing else.
    fn refuses(&self, words: &str, code: i32) -> String {
        let ran = self.run(words);
        assert_eq!((ran.code, &*ran.printed), (Some(code), ""), "{words}: {ran:?}");
        let said = ran.errors.strip_prefix("usher: ").unwrap_or_else(|| panic!("{words}: {}", ran.errors));
        said.trim_end().to_owned()
    }
}

impl Console {
    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Signs a user in to `primary`. Returns the session's id.
    async fn sign_in(&self, user: &str, device: &str) -> String {
        let request = CheckOutRequest {
            tenant_id: "demo".into(),
            user_id: format!("{user}@demo.example"),
            device_id: device.into(),
            pool_id: "primary".into(),
            client: "10.0.0.7".into(),
            ..CheckOutRequest::default()
        };
        super::decision(self.program.seats().check_out(request).await.unwrap().into_inner())
            .expect("a lease")
            .session_id
    }

    /// Makes everybody who is signed in Idle: sets the shortest ages that a policy allows, and waits.
    async fn let_everybody_be_idle(&self) {
        let seconds = |seconds| Some(prost_types::Duration { seconds, nanos: 0 });
        let policy = Policy { away_after: seconds(1), idle_after: seconds(2), ..Policy::default() };
        let tenant = Tenant { tenant_id: "demo".into(), policy: Some(policy), ..Tenant::default() };
        let mut tenants = TenantServiceClient::new(self.program.channel());
        let request = UpdateTenantRequest { tenant: Some(tenant), update_mask: None };
        tenants.update_tenant(request).await.unwrap();
        let active = "sessions list --status active";
        assert!((0..10_000).any(|_| self.says(active) == "no sessions\n"), "somebody stays active");
    }
}

/// Returns an `usher` command. Words are split at white space, except between single quotes.
fn command(words: &str) -> Command {
    let quoted = words
        .split('\'')
        .enumerate()
        .map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() });
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher"));
    command.env_clear().args(quoted.flatten()).stdin(Stdio::null());
    command
}

fn ran(command: &mut Command) -> Ran {
    let Output { status, stdout, stderr } = command.output().expect("the program starts");
    let [printed, errors] = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert!(!errors.contains("panicked"), "{command:?}: {errors}");
    Ran { code: status.code(), printed, errors }
}
