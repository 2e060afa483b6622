//! Names of this host (R28).

use crate::config::Config;

/// All names of this host: those configured, and the machine's own.
pub(super) fn host_names(config: &Config) -> Vec<String> {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    let mut names = config.host_names.clone();
    if !machine.is_empty() && !names.contains(&machine) {
        names.push(machine);
    }
    names
}
