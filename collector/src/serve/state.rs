//! The state directory: who may read it, what lies in it, under which names the collector is reached.

use crate::config::Listen;
use anyhow::Context;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// `run.json`: what a running collector listens on, for scripts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFile {
    /// The process.
    pub pid: u32,
    /// Events of agents, QUIC.
    pub ingest: SocketAddr,
    /// Page, API and enrolment.
    pub https: SocketAddr,
    /// Metrics.
    pub metrics: SocketAddr,
    /// The admin socket.
    pub admin: PathBuf,
}

impl RunFile {
    /// What this process listens on, as addresses one can connect to.
    #[must_use]
    pub fn new(ingest: SocketAddr, https: SocketAddr, metrics: SocketAddr, state: &Path) -> Self {
        let [ingest, https, metrics] = [ingest, https, metrics].map(super::reachable);
        Self { pid: std::process::id(), ingest, https, metrics, admin: admin_socket(state) }
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    /// When the directory cannot be written.
    pub fn write(&self, state: &Path) -> anyhow::Result<()> {
        let (part, whole) = (state.join("run.json.part"), state.join("run.json"));
        let text = serde_json::to_string_pretty(self).context("write run.json")?;
        std::fs::write(&part, text).with_context(|| format!("write {}", part.display()))?;
        std::fs::rename(&part, &whole).with_context(|| format!("write {}", whole.display()))
    }
}

/// Where the admin socket of a state directory is.
#[must_use]
pub fn admin_socket(state: &Path) -> PathBuf {
    state.join("admin.sock")
}

/// Longest path a unix socket takes (`sun_path` of unix(7), with its final zero).
const SUN_PATH: usize = 107;

/// The admin socket by a path that fits a socket address: where the directory's own is too long, through its descriptor,
/// which must be kept open while the path is used.
///
/// # Errors
/// When the directory cannot be opened.
pub fn connectable(state: &Path) -> std::io::Result<(PathBuf, Option<OwnedFd>)> {
    let path = admin_socket(state);
    if path.as_os_str().len() <= SUN_PATH {
        return Ok((path, None));
    }
    let directory = OwnedFd::from(std::fs::File::open(state)?);
    Ok((PathBuf::from(format!("/proc/self/fd/{}/admin.sock", directory.as_raw_fd())), Some(directory)))
}

/// Makes the directory, for its owner alone.
///
/// # Errors
/// When it cannot be made or is not ours.
pub fn prepare(state: &Path) -> anyhow::Result<()> {
    let what = || format!("make the state directory {}; run as its owner, or set state.directory", state.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(state).with_context(what)?;
    std::fs::set_permissions(state, std::fs::Permissions::from_mode(0o700)).with_context(what)
}

/// Removes what tells others of a running collector.
pub fn remove_leftovers(state: &Path) {
    for name in ["run.json", "run.json.part", "admin.sock"] {
        let _ = std::fs::remove_file(state.join(name));
    }
}

/// Names and addresses that stand in the server's certificate.
#[must_use]
pub fn names(listen: &Listen) -> Vec<String> {
    let mut names = listen.names.clone();
    names.extend(host_name());
    names.extend(own_address(listen.https.ip()).map(|ip| ip.to_string()));
    names.retain(|name| usable(name));
    names
}

/// Where agents reach enrolment, best first.
#[must_use]
pub fn enrolment_addresses(listen: &Listen, https: SocketAddr) -> Vec<String> {
    let port = https.port();
    let mut hosts = listen.names.clone();
    if https.ip().is_unspecified() {
        hosts.extend(own_address(https.ip()).map(bracketed));
        hosts.extend(host_name());
    }
    hosts.push(bracketed(super::reachable(https).ip()));
    let mut seen = std::collections::BTreeSet::new();
    hosts.retain(|host| seen.insert(host.clone()));
    hosts.iter().map(|host| format!("{host}:{port}")).collect()
}

fn bracketed(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

/// What may stand in a certificate as a DNS name or address.
fn usable(name: &str) -> bool {
    name.parse::<IpAddr>().is_ok() || name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b))
}

fn host_name() -> Option<String> {
    let uname = rustix::system::uname();
    uname.nodename().to_str().ok().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The address the machine's default route leaves from; a connected UDP socket sends nothing.
fn own_address(listening: IpAddr) -> Option<IpAddr> {
    if !listening.is_unspecified() {
        return Some(listening);
    }
    let socket = UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // 192.0.2.0/24 is reserved for documentation (RFC 5737): only the route is looked up.
    socket.connect(("192.0.2.1", 9)).ok()?;
    socket.local_addr().ok().map(|address| address.ip())
}
