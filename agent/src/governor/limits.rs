//! What the agent was given: by the configuration, or by its unit (cgroup v2: `cpu.max`, `memory.max`).

use std::path::Path;

/// Where cgroups stand.
const ROOT: &str = "/sys/fs/cgroup";
/// Groups within groups looked at; each may limit all below it.
const DEPTH_MAX: usize = 32;

/// Limits; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Limits {
    /// Processor time a second, in cores.
    pub cores: Option<f64>,
    /// Memory, bytes.
    pub bytes: Option<u64>,
}

impl Limits {
    /// What the configuration says, and where it says nothing, what the unit says. `cpu_percent` is of one core.
    #[must_use]
    pub fn of(cpu_percent: u32, memory_bytes: u64) -> Self {
        let unit = Self::of_unit(Path::new(ROOT), &std::fs::read_to_string("/proc/self/cgroup").unwrap_or_default());
        Self {
            cores: if cpu_percent > 0 { Some(f64::from(cpu_percent) / 100.0) } else { unit.cores },
            bytes: if memory_bytes > 0 { Some(memory_bytes) } else { unit.bytes },
        }
    }

    /// The tightest limits of a process's cgroup and those round it. `groups` is its `/proc/PID/cgroup`.
    fn of_unit(root: &Path, groups: &str) -> Self {
        let Some(path) = groups.lines().find_map(|line| line.strip_prefix("0::/")) else { return Self::default() };
        let read = |folder: &Path, file: &str| std::fs::read_to_string(folder.join(file)).unwrap_or_default();
        let mut limits = Self::default();
        let mut folder = root.join(path);
        for _ in 0..DEPTH_MAX {
            limits.cores = tighter(limits.cores, cores(&read(&folder, "cpu.max")));
            limits.bytes = tighter(limits.bytes, read(&folder, "memory.max").trim().parse().ok());
            if folder == root || !folder.pop() || !folder.starts_with(root) {
                break;
            }
        }
        limits
    }
}

fn tighter<T: PartialOrd>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(if b < a { b } else { a }),
        (a, b) => a.or(b),
    }
}

/// `cpu.max`: quota and period in microseconds; the quota may be `max`.
fn cores(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    let (quota, period): (f64, f64) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0.0 && period > 0.0).then(|| quota / period)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tightest_of_all_groups_holds() {
        let root = tempfile::tempdir().unwrap();
        let write = |file: &str, text: &str| {
            let path = root.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("system.slice/cpu.max", "50000 100000\n");
        write("system.slice/memory.max", "max\n");
        write("system.slice/agent.service/cpu.max", "max 100000\n");
        write("system.slice/agent.service/memory.max", "1048576\n");
        write("memory.max", "9999999\n");
        let limits = Limits::of_unit(root.path(), "0::/system.slice/agent.service\n");
        assert_eq!(limits, Limits { cores: Some(0.5), bytes: Some(1 << 20) });
        assert_eq!(Limits::of_unit(root.path(), "12:cpu:/old\n"), Limits::default());
    }

    #[test]
    fn what_is_configured_goes_before_the_unit() {
        assert_eq!(Limits::of(150, 1 << 30), Limits { cores: Some(1.5), bytes: Some(1 << 30) });
    }
}
