//! systemd: what the program tells it, and the unit.

use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use crate::support::program::{Data, Program};

/// The end of `NOTIFY_SOCKET` at which systemd listens.
struct Listener {
    socket: UnixDatagram,
}

impl Listener {
    fn bind(path: &Path) -> Self {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        Self { socket }
    }

    /// What was told next, without the moment of a reload.
    fn next(&self) -> String {
        let mut told = [0; 4096];
        let length = self.socket.recv(&mut told).expect("it tells something in time");
        let told = std::str::from_utf8(&told[..length]).unwrap();
        let lines: Vec<_> = told.lines().filter(|line| !line.starts_with("MONOTONIC_USEC=")).collect();
        lines.join(" ")
    }
}

#[test]
fn it_tells_systemd_when_it_serves_reloads_and_stops() {
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
    program.says("systemd is not told");
    program.terminate();
    assert_eq!(program.ended().status.code(), Some(0));
}
