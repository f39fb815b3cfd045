//! The host: what its kernel can confine, the state directory and its disk, the clock.

use super::super::Exit;
use super::Finding;
use crate::config::Config;
use crate::confine;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;

/// Free space below which the spool will soon give up events, MiB.
const LITTLE_MIB: u64 = 64;

/// What this kernel could confine.
pub(super) fn confinement() -> Finding {
    let confinement = confine::probe();
    if confinement.missing.is_empty() {
        return Finding::good("confinement", format!("this kernel confines {}", confinement.words()));
    }
    let words = format!("this kernel confines {}; the agent works without, but less safely", confinement.words());
    Finding::warning("confinement", words)
}

/// The state directory: there, writable, its owner's alone, with room.
pub(super) fn state(config: &Config) -> Vec<Finding> {
    let directory = &config.agent.state;
    let shown = directory.display();
    if !directory.exists() {
        let words = format!("{shown} does not exist yet; `picket-agent enrol` makes it");
        return vec![Finding::warning("state", words)];
    }
    let mut findings: Vec<Finding> = ownership(directory).into_iter().collect();
    let probe = directory.join(format!(".doctor-{}", std::process::id()));
    let written = std::fs::write(&probe, b"probe");
    let _ = std::fs::remove_file(&probe);
    findings.push(match written {
        Err(error) => {
            let words = format!("{shown} cannot be written to: {error}; run as its owner, or change the owner");
            Finding::bad("state", Exit::Failed, words)
        }
        Ok(()) => room(directory, config.spool.size.0),
    });
    findings
}

/// What others could read, and what its owner could not.
fn ownership(directory: &Path) -> Option<Finding> {
    let meta = std::fs::metadata(directory).ok()?;
    let shown = directory.display();
    let key = directory.join("agent.key");
    if let Ok(file) = std::fs::metadata(&key) {
        if file.permissions().mode() & 0o077 != 0 {
            let words = format!("{} can be read by others: chmod 600 {}", key.display(), key.display());
            return Some(Finding::bad("state", Exit::Failed, words));
        }
        if file.uid() != meta.uid() {
            let words =
                format!("{} is not its directory's owner's: chown -R --reference={shown} {shown}", key.display());
            return Some(Finding::bad("state", Exit::Failed, words));
        }
    }
    let open = meta.permissions().mode() & 0o022 != 0;
    open.then(|| Finding::bad("state", Exit::Failed, format!("{shown} can be written to by others: chmod 700 {shown}")))
}

fn room(directory: &Path, spool_bytes: u64) -> Finding {
    let shown = directory.display();
    match rustix::fs::statvfs(directory) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize) >> 20;
            let wanted = spool_bytes >> 20;
            if free < LITTLE_MIB {
                let words = format!("{shown}: {free} MiB free; make room, or lower spool.size ({wanted} MiB)");
                return Finding::warning("state", words);
            }
            let short = if free < wanted { format!(", less than spool.size ({wanted} MiB)") } else { String::new() };
            Finding::good("state", format!("{shown} can be written to; {free} MiB free{short}"))
        }
        Err(error) => Finding::bad("state", Exit::Failed, format!("{shown}: {error}")),
    }
}

/// Whether the system says that its clock is kept.
pub(super) fn clock() -> Finding {
    let asked = Command::new("timedatectl").args(["show", "-p", "NTPSynchronized", "--value"]).output();
    let answer = asked.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    match answer.as_str() {
        "yes" => Finding::good("clock", "kept by the network's time".to_owned()),
        "no" => {
            let words = "not kept: events carry this host's time, and certificates depend on it; timedatectl set-ntp true, or \
                         install chrony";
            Finding::warning("clock", words.to_owned())
        }
        _ => Finding::good(
            "clock",
            "the system does not say whether it is kept (timedatectl); see that it is".to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Grade;
    use super::*;
    use std::fs::Permissions;

    #[test]
    fn what_others_could_read_is_told_with_its_mending() {
        let place = tempfile::tempdir().unwrap();
        let key = place.path().join("agent.key");
        std::fs::write(&key, "key").unwrap();
        std::fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
        assert!(ownership(place.path()).is_none());
        std::fs::set_permissions(&key, Permissions::from_mode(0o640)).unwrap();
        let finding = ownership(place.path()).unwrap();
        assert_eq!(finding.grade, Grade::Bad(Exit::Failed));
        assert!(finding.words.contains("chmod 600"), "{}", finding.words);
        std::fs::remove_file(&key).unwrap();
        std::fs::set_permissions(place.path(), Permissions::from_mode(0o777)).unwrap();
        assert!(ownership(place.path()).unwrap().words.contains("chmod 700"));
    }
}
