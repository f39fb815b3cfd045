//! Where things are: the repository, the corpus, the programs; and how a test says that it is skipped.

use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The repository's root.
#[must_use]
pub fn repository() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests).to_path_buf()
}

/// Says that a test is skipped: a line on standard error, and one in the file that `make test` counts.
pub fn skip(test: &str, reason: &str) {
    let line = format!("SKIPPED {test}: {reason}\n");
    eprint!("{line}");
    if let Some(path) = std::env::var_os("PICKET_SKIPS")
        && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path)
    {
        let _ = file.write_all(line.as_bytes());
    }
}

/// The folder of shared captures, vectors and tools (`PICKET_CORPUS`, default `../shared` beside the repository); where it
/// is absent, the test is skipped.
#[must_use]
pub fn shared(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("PICKET_CORPUS").map_or_else(|| repository().join("../shared"), PathBuf::from);
    if folder.join("corpus").is_dir() {
        return Some(folder);
    }
    skip(test, &format!("PICKET_CORPUS not found at {}", folder.display()));
    None
}

/// A program on the `PATH`; where it is absent, the test is skipped.
#[must_use]
pub fn tool(test: &str, name: &str) -> Option<PathBuf> {
    let found = std::env::var_os("PATH")
        .and_then(|path| std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file()));
    if found.is_none() {
        skip(test, &format!("{name} is not installed (make setup-peers)"));
    }
    found
}

/// One of the two programs, as built beside the running test or program.
///
/// # Panics
/// When it was not built: `cargo build --workspace` comes first.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().unwrap_or_default();
    while folder.pop() {
        let candidate = folder.join(name);
        if candidate.is_file() {
            return candidate;
        }
    }
    panic!("{name} is not built beside this program: run `cargo build --workspace` first");
}

/// Every file under a folder with one of the endings, sorted.
#[must_use]
pub fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted)) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The captures of the corpus and of the vectors; where they are absent, the test is skipped.
#[must_use]
pub fn captures(test: &str) -> Vec<PathBuf> {
    let Some(shared) = shared(test) else { return Vec::new() };
    let folders = [shared.join("corpus"), shared.join("vectors/pcap")];
    folders.iter().flat_map(|folder| files(folder, &["pcap", "pcapng", "cap"])).collect()
}

/// The size of a fault that is injected: the daily one, or with `PICKET_FULL_SCALE=1` that of the fault list.
#[must_use]
pub fn scale<T>(daily: T, full: T) -> T {
    if std::env::var_os("PICKET_FULL_SCALE").is_some_and(|value| value == "1") { full } else { daily }
}

/// Bytes of memory this process has resident.
///
/// # Panics
/// Where the system does not say.
#[must_use]
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kibibytes: u64 = field.trim().trim_end_matches(" kB").parse().expect("VmRSS in /proc/self/status");
    kibibytes << 10
}
