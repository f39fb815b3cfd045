//! Why a port cannot be had, in a sentence that names who holds it.

use crate::cli::Refused;
use crate::ingest::IngestError;
use std::io::ErrorKind;
use std::net::SocketAddr;

/// The error of a bind, explained.
pub fn explain(
    error: std::io::Error,
    address: SocketAddr,
    transport: &'static str,
    key: &'static str,
) -> anyhow::Error {
    let port = address.port();
    match error.kind() {
        ErrorKind::AddrInUse => {
            let holder = holder(transport, port).map_or_else(String::new, |who| format!(" by {who}"));
            anyhow::anyhow!("port {port}/{transport} is taken{holder}: stop that program, or set {key} to another port")
        }
        ErrorKind::PermissionDenied => {
            Refused(format!("port {port}/{transport} needs privileges: set {key} to a port above 1023")).into()
        }
        ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!(
                "{address}: this machine has no such address; set {key} to one it has, or to 0.0.0.0:{port}"
            )
        }
        _ => anyhow::anyhow!("cannot listen on {address}/{transport}: {error}; set {key}"),
    }
}

/// The error of the event port, explained.
pub fn explain_ingest(error: IngestError, address: SocketAddr) -> anyhow::Error {
    match error {
        IngestError::Listen { source, transport, .. } => explain(source, address, transport, "listen.ingest"),
        other => other.into(),
    }
}

/// Name and pid of the process that holds a local port, as far as /proc shows it to us.
fn holder(transport: &str, port: u16) -> Option<String> {
    let inodes: Vec<String> =
        ["", "6"].iter().flat_map(|family| sockets(&format!("/proc/net/{transport}{family}"), port)).collect();
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let name = process.file_name();
        let Some(pid) = name.to_str().filter(|text| text.bytes().all(|b| b.is_ascii_digit())) else { continue };
        let Ok(descriptors) = std::fs::read_dir(process.path().join("fd")) else { continue };
        let holds = descriptors.flatten().filter_map(|fd| std::fs::read_link(fd.path()).ok()).any(|target| {
            target.to_str().is_some_and(|target| inodes.iter().any(|inode| *target == format!("socket:[{inode}]")))
        });
        if holds {
            let program = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
            return Some(format!("{} (process {pid})", program.trim()));
        }
    }
    None
}

/// Inodes of the sockets bound to a port: proc(5), `/proc/net/tcp`; columns are separated by blanks, the second is the
/// local address in hexadecimal, the tenth the inode.
fn sockets(table: &str, port: u16) -> Vec<String> {
    let text = std::fs::read_to_string(table).unwrap_or_default();
    let suffix = format!(":{port:04X}");
    text.lines()
        .skip(1)
        .filter_map(|line| {
            let mut columns = line.split_ascii_whitespace();
            let local = columns.nth(1)?;
            local.ends_with(&suffix).then(|| columns.nth(7).map(str::to_owned))?
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_holder() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let error = std::net::TcpListener::bind(address).unwrap_err();
        let said = explain(error, address, "tcp", "listen.https").to_string();
        assert!(said.contains(&format!("port {}/tcp is taken", address.port())), "{said}");
        assert!(said.contains(&format!("(process {})", std::process::id())), "{said}");
        assert!(said.contains("listen.https"), "{said}");
    }
}
