//! A network namespace of a test's own, so that nothing of the host is touched.

use crate::place::{skip, tool};
use pcap::{Active, Capture};
use std::process::Command;

const INSIDE: &str = "PICKET_TEST_INSIDE_NAMESPACE";

/// Runs `body` in a new network namespace, by running the calling test again there. Skipped where that is not possible.
///
/// # Panics
/// When the test fails in its namespace.
pub fn run_inside(test: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        return body();
    }
    if !rustix::process::geteuid().is_root() {
        return skip(test, "needs root to make a network namespace");
    }
    let (Some(unshare), Some(_)) = (tool(test, "unshare"), tool(test, "ip")) else { return };
    if !Command::new(&unshare).args(["--net", "true"]).status().is_ok_and(|status| status.success()) {
        return skip(test, "the system refuses a network namespace");
    }
    let itself = std::env::current_exe().unwrap();
    let status = Command::new(unshare)
        .arg("--net")
        .arg(itself)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{test} failed in its namespace");
}

/// Runs `ip` with these arguments.
///
/// # Panics
/// When it fails.
pub fn ip(arguments: &str) {
    let status = Command::new("ip").args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "ip {arguments}");
}

/// The two ends of a cable, `near` and `far`; what goes into one comes out of the other. Nothing else speaks on it.
///
/// # Panics
/// When the system refuses them.
pub fn cable() {
    // Where the file is missing, there is no IPv6 to be silenced.
    std::fs::write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1").unwrap_or_default();
    ip("link add near type veth peer name far");
    for end in ["near", "far"] {
        ip(&format!("link set {end} arp off"));
        ip(&format!("link set {end} up"));
    }
}

/// A handle that puts frames on `near`.
///
/// # Panics
/// When it cannot be opened.
#[must_use]
pub fn near() -> Capture<Active> {
    Capture::from_device("near").unwrap().open().unwrap()
}
