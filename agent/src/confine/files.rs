//! The file system as the confined agent finds it (landlock(7), Linux 5.13 and later).

use landlock::{
    ABI, Access, AccessFs, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};
use std::path::PathBuf;

/// The newest rights that are asked for; an older kernel enforces those it knows.
const ABI_ASKED: ABI = ABI::V5;
/// What names are resolved by, interfaces looked at, cgroups and the process's own numbers read from. /run holds the files
/// of resolvers, /dev the random numbers.
const SYSTEM: [&str; 11] = [
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/proc",
    "/sys",
    "/run",
    "/dev/null",
    "/dev/random",
    "/dev/urandom",
    "/dev/zero",
];

/// What the agent's work needs beside the system's own files.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Files and directories that are read: configuration, bundle, captures.
    pub read: Vec<PathBuf>,
    /// Directories that are written to: state, spool, that of the status socket.
    pub write: Vec<PathBuf>,
}

/// Allows what `places` names, and nothing else; starting programs is allowed nowhere. How far it is enforced.
pub(super) fn enter(places: &Places) -> Result<String, String> {
    let all = AccessFs::from_all(ABI_ASKED);
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir;
    // No programs, no devices: what is written to holds files, directories and one socket.
    let devices =
        AccessFs::MakeChar | AccessFs::MakeBlock | AccessFs::MakeFifo | AccessFs::MakeSym | AccessFs::IoctlDev;
    let write = all & !(BitFlags::from(AccessFs::Execute) | devices);
    let enter = || {
        Ruleset::default()
            .handle_access(all)?
            .create()?
            // What does not exist needs no rule.
            .add_rules(path_beneath_rules(SYSTEM, read))?
            .add_rules(path_beneath_rules(&places.read, read))?
            .add_rules(path_beneath_rules(&places.write, write))?
            .restrict_self()
    };
    let status = enter().map_err(|error| format!("landlock refuses: {error}"))?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Ok("landlock".to_owned()),
        (RulesetStatus::PartiallyEnforced, _) => Ok("landlock, as far as this kernel has it".to_owned()),
        (RulesetStatus::NotEnforced, LandlockStatus::NotEnabled) => {
            Err("landlock is switched off in this kernel: add it to the kernel's option lsm=".to_owned())
        }
        (RulesetStatus::NotEnforced, _) => Err("this kernel has no landlock: Linux 5.13 and later have it".to_owned()),
    }
}
