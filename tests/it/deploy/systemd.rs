//! systemd: the program's notifications to it, and the unit.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::{path, read, run};
use crate::support::program::{Data, Program};

/// The socket that systemd would listen on (`NOTIFY_SOCKET`).
struct Listener {
    socket: UnixDatagram,
}

impl Listener {
    fn bind(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket }
    }

    /// Returns the next notification, without the time of a reload.
    fn next(&self) -> String {
        let mut message = [0; 4096];
        let length = self.socket.recv(&mut message).expect("it tells something in time");
        let message = std::str::from_utf8(&message[..length]).unwrap();
        let lines: Vec<_> = message.lines().filter(|line| !line.starts_with("MONOTONIC_USEC=")).collect();
        lines.join(" ")
    }
}

#[test]
fn systemd_is_notified_of_start_reload_and_stop() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let listener = Listener::bind(&socket);
    let variables = [("NOTIFY_SOCKET", socket.to_str().unwrap())];
    let program = Program::launch(&Data::Folder(&folder.path().join("data")), &[], &variables).expect("it starts");
    assert_eq!(listener.next(), "STATUS=not serving: loading");
    assert_eq!(listener.next(), "READY=1 STATUS=serving");
    program.hang_up();
    assert_eq!(listener.next(), "RELOADING=1");
    assert_eq!(listener.next(), "READY=1");
    program.terminate();
    assert_eq!(listener.next(), "STOPPING=1 STATUS=draining");
    assert_eq!(program.ended().status.code(), Some(0));
}

#[test]
fn a_socket_that_nobody_listens_at_keeps_nothing_from_serving() {
    let folder = tempfile::tempdir().unwrap();
    let nobody = folder.path().join("nobody");
    let variables = [("NOTIFY_SOCKET", nobody.to_str().unwrap())];
    let program = Program::launch(&Data::Folder(&folder.path().join("data")), &[], &variables).expect("it starts");
    program.says("could not notify systemd");
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}

/// Installs the unit with its drop-in for PostgreSQL; only the program's path differs.
fn installed(folder: &Path) -> PathBuf {
    let unit = read("systemd/usher.service").replace("/usr/bin/usher", env!("CARGO_BIN_EXE_usher"));
    let file = folder.join("usher.service");
    std::fs::write(&file, unit).unwrap();
    let more = folder.join("usher.service.d");
    std::fs::create_dir(&more).unwrap();
    std::fs::copy(path("systemd/postgresql.conf"), more.join("postgresql.conf")).unwrap();
    file
}

#[test]
fn systemd_understands_the_unit() {
    let folder = tempfile::tempdir().unwrap();
    let mut verify = Command::new("systemd-analyze");
    let output = verify.args(["verify", "--recursive-errors=no"]).arg(installed(folder.path())).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

/// Highest permitted exposure, in tenths, from 0 to 100. What remains is the network, which Usher needs.
const EXPOSURE: &str = "15";

#[test]
fn the_unit_is_confined() {
    let folder = tempfile::tempdir().unwrap();
    let threshold = format!("--threshold={EXPOSURE}");
    let analyze = ["security", "--offline=true", "--no-pager", &threshold];
    run(Command::new("systemd-analyze").args(analyze).arg(installed(folder.path())));
}

#[test]
fn the_unit_knows_the_exit_codes_and_the_drain() {
    let unit = read("systemd/usher.service");
    let setting = |name: &str| {
        let mut lines = unit.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        lines.next().unwrap_or_else(|| panic!("no {name}"))
    };
    // The exit codes that a restart does not fix. One that was refused beside others (8) tries again.
    assert_eq!(setting("RestartPreventExitStatus"), "2 6 7 12");
    assert_eq!(setting("Restart"), "on-failure");
    assert_eq!(setting("Type"), "notify");
    let stop = humantime::parse_duration(setting("TimeoutStopSec")).unwrap();
    assert!(stop >= Duration::from_secs(20 + 10), "longer than --drain-timeout by default");
    // Every secret is a systemd credential, and a variable passes on its path (`%d/NAME`).
    let units = unit.clone() + &read("systemd/postgresql.conf");
    for credential in units.lines().filter_map(|line| line.strip_prefix("LoadCredential=")) {
        let (name, source) = credential.split_once(':').unwrap();
        assert!(source.starts_with("/etc/usher/") && units.contains(&format!("=%d/{name}\n")), "{credential}");
    }
}
