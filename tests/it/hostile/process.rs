//! Resources of the service's process, as the system reports them.

use std::fs;

/// Returns a number of `/proc/PID/status` in MiB.
fn status(process: u32, name: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("it lives");
    let line = status.lines().find_map(|line| line.strip_prefix(name)).expect("a line of the status");
    let kib: f64 = line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().expect("a number");
    kib / 1024.0
}

/// Returns the resident memory in MiB.
pub fn memory(process: u32) -> f64 {
    status(process, "VmRSS")
}

/// Returns the peak of resident memory since the start, in MiB.
pub fn peak_memory(process: u32) -> f64 {
    status(process, "VmHWM")
}

/// Returns the number of open file descriptors.
pub fn files(process: u32) -> usize {
    fs::read_dir(format!("/proc/{process}/fd")).expect("it lives").count()
}
