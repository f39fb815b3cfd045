//! What `doctor` looks at beside ports and the running collector: owners, room, certificates, names, the clock.

use super::start::Check;
use crate::config::Config;
use std::net::{IpAddr, ToSocketAddrs};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use x509_parser::pem::Pem;

/// The authority must outlive what it signs: agents' certificates of 30 days, with time to replace it.
const AUTHORITY_SOON_DAYS: i64 = 90;
/// 2025-06-15: a clock before it was never set.
const CLOCK_SANE_SECONDS: i64 = 1_750_000_000;

/// Adds the checks.
pub(super) fn look(config: &Config, checks: &mut Vec<Check>) {
    let state = &config.state.directory;
    if state.is_dir() {
        checks.push(Check::of("owners", owners(state)));
        checks.push(Check::of("room", room(state, config.retention.disk.0)));
    }
    if let Ok(pem) = std::fs::read(state.join("authority.pem")) {
        checks.push(Check::of("authority", authority(&pem, jiff::Timestamp::now().as_second())));
    }
    for name in &config.listen.names {
        checks.push(Check::of("name", resolves(name)));
    }
    checks.push(Check::of("clock", clock()));
}

/// Whether everything in the state directory is its owner's, and the keys nobody else's.
fn owners(state: &Path) -> Result<String, String> {
    let shown = state.display();
    let failed = |error: std::io::Error| format!("{shown}: {error}; run as the collector's user or as root");
    let owner = std::fs::metadata(state).map_err(failed)?.uid();
    let entries = std::fs::read_dir(state).map_err(failed)?;
    for entry in entries.flatten() {
        let Ok(meta) = entry.metadata() else { continue };
        let path = entry.path();
        if meta.uid() != owner {
            let path = path.display();
            return Err(format!("{path} is not its directory's owner's: chown -R --reference={shown} {shown}"));
        }
        if path.extension().is_some_and(|ending| ending == "key") && meta.permissions().mode() & 0o077 != 0 {
            return Err(format!("{0} can be read by others: chmod 600 {0}", path.display()));
        }
    }
    Ok("the directory's owner has all of it".to_owned())
}

/// Whether the store may grow as far as the configuration lets it.
fn room(state: &Path, most: u64) -> Result<String, String> {
    let space = rustix::fs::statvfs(state).map_err(|error| format!("{}: {error}", state.display()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let used: u64 = std::fs::read_dir(state)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|e| e.metadata().ok())
        .map(|m| m.len())
        .sum();
    let human = crate::page::human_bytes;
    if free.saturating_add(used) < most {
        return Err(format!(
            "retention.disk allows {}, and only {} are used or free: lower it, or make room",
            human(most),
            human(free.saturating_add(used))
        ));
    }
    Ok(format!("{} of {} used", human(used), human(most)))
}

/// How long the authority's certificate is good; `now` in seconds since 1970.
fn authority(pem: &[u8], now: i64) -> Result<String, String> {
    let damaged = |why: &str| format!("authority.pem cannot be read: {why}; restore it from a backup");
    let block = Pem::iter_from_buffer(pem).next().ok_or_else(|| damaged("it holds no certificate"))?;
    let block = block.map_err(|error| damaged(&error.to_string()))?;
    let certificate = block.parse_x509().map_err(|error| damaged(&error.to_string()))?;
    let validity = certificate.validity();
    if now < validity.not_before.timestamp() {
        return Err("the clock stands before the authority was made: set the clock".to_owned());
    }
    let days = (validity.not_after.timestamp() - now).div_euclid(86_400);
    if days < AUTHORITY_SOON_DAYS {
        return Err(format!(
            "the authority's certificate is good for {days} days: replace the authority and enrol agents again"
        ));
    }
    Ok(format!("good for {days} days"))
}

/// Whether a name that stands in tokens leads anywhere.
fn resolves(name: &str) -> Result<String, String> {
    if name.parse::<IpAddr>().is_ok() {
        return Ok(format!("{name} is an address"));
    }
    let found = (name, 0).to_socket_addrs().ok().and_then(|mut addresses| addresses.next());
    let unknown =
        || format!("{name} is not known here: agents are told to come by it; mend listen.names, or the name service");
    found.map(|address| format!("{name} is {}", address.ip())).ok_or_else(unknown)
}

/// Whether the clock was set, and whether the system says that it is kept.
fn clock() -> Result<String, String> {
    let now = jiff::Timestamp::now();
    if now.as_second() < CLOCK_SANE_SECONDS {
        return Err(format!("{now}: set it, certificates depend on it"));
    }
    let asked = Command::new("timedatectl").args(["show", "-p", "NTPSynchronized", "--value"]).output();
    match asked.map(|output| output.stdout).unwrap_or_default().trim_ascii() {
        b"yes" => Ok(format!("{now}, kept by the network's time")),
        b"no" => {
            Err(format!("{now}, not kept: certificates depend on it; timedatectl set-ntp true, or install chrony"))
        }
        _ => Ok(format!("{now}; the system does not say whether it is kept (timedatectl)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn keys_of_others_are_told_with_their_mending() {
        let state = tempfile::tempdir().unwrap();
        let key = state.path().join("authority.key");
        std::fs::write(&key, "key").unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        assert!(owners(state.path()).is_ok());
        std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        assert!(owners(state.path()).unwrap_err().contains("chmod 600"));
    }

    #[test]
    fn room_is_what_is_used_and_free() {
        let state = tempfile::tempdir().unwrap();
        assert!(room(state.path(), 1 << 10).is_ok());
        assert!(room(state.path(), u64::MAX).unwrap_err().contains("retention.disk"));
    }

    #[test]
    fn an_authority_is_judged_by_the_clock() {
        let state = tempfile::tempdir().unwrap();
        let now = 1_800_000_000;
        crate::identity::Authority::open(state.path(), &[], now).unwrap();
        let pem = std::fs::read(state.path().join("authority.pem")).unwrap();
        assert!(authority(&pem, now).unwrap().contains("days"));
        assert!(authority(&pem, now - 86_400).unwrap_err().contains("set the clock"));
        assert!(authority(&pem, now + 3_600 * 86_400).unwrap_err().contains("replace the authority"));
        assert!(authority(b"nothing", now).unwrap_err().contains("authority.pem"));
    }

    #[test]
    fn names_are_looked_up() {
        assert!(resolves("192.0.2.7").is_ok());
        assert!(resolves("no-such-host.invalid").unwrap_err().contains("listen.names"));
    }
}
