//! The group's policy, which the collector sends: settings over the configuration of this host.
//!
//! [`Kept`] decides what is in force; the files of the state directory remember it: `policy.toml` is the text in force,
//! read behind all other configuration, `policy.json` the rest. A policy that needs a restart is on trial at the next
//! start: if the agent does not come up with it, the one before is in force again.

pub mod bundle;
mod kept;

pub use kept::{Kept, Said, Version};

use crate::config::{ConfigError, Loaded};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// What a policy may set. The rest belongs to the host: where state lies, whom the agent talks to, what is kept private.
const ALLOWED: [&str; 11] = [
    "capture.filter",
    "capture.snap_length",
    "capture.buffer",
    "score.enabled",
    "score.digest",
    "output.kinds",
    "output.detail",
    "uplink.batch_delay",
    "spool.size",
    "governor.",
    "flow.",
];

/// The policy of a state directory.
#[derive(Debug)]
pub struct Policy {
    directory: PathBuf,
    /// What is in force and what was.
    pub kept: Kept,
}

/// Where the text in force lies.
fn text_of(directory: &Path) -> PathBuf {
    directory.join("policy.toml")
}

impl Policy {
    /// Reads it. What cannot be read counts as none, with a word in the log.
    #[must_use]
    pub fn open(directory: &Path) -> Self {
        let path = directory.join("policy.json");
        let kept = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text).unwrap_or_else(|error| {
                tracing::warn!("{} is passed over: {error}", path.display());
                Kept::default()
            }),
            Err(_) => Kept::default(),
        };
        Self { directory: directory.to_owned(), kept }
    }

    /// Writes what is in force.
    ///
    /// # Errors
    /// The system's.
    pub fn save(&self) -> std::io::Result<()> {
        let text = self.kept.current().map_or("", |version| version.text.as_str());
        let path = text_of(&self.directory);
        if text.is_empty() {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        } else {
            write(&path, text.as_bytes())?;
        }
        let json = serde_json::to_vec_pretty(&self.kept).map_err(std::io::Error::other)?;
        write(&self.directory.join("policy.json"), &json)
    }

    /// Whether this text could be put over the configuration.
    ///
    /// # Errors
    /// The sentence that says what is wrong.
    pub fn try_text(&self, loaded: &Loaded, text: &str) -> Result<Loaded, String> {
        let path = self.directory.join("policy.new.toml");
        write(&path, text.as_bytes()).map_err(|error| format!("write {}: {error}", path.display()))?;
        let tried = over(loaded.clone(), &path);
        let _ = std::fs::remove_file(&path);
        let tried = tried.map_err(|error| {
            // The file exists only for the moment.
            error.replace(&format!("{}:", path.display()), "line ")
        })?;
        if tried.config.capture.filter != loaded.config.capture.filter {
            filter(&tried.config.capture.filter)?;
        }
        Ok(tried)
    }
}

/// Puts the policy in force over a configuration.
///
/// # Errors
/// The sentence that says what is wrong with it.
pub fn overlay(loaded: Loaded, directory: &Path) -> Result<Loaded, String> {
    let path = text_of(directory);
    if path.exists() { over(loaded, &path) } else { Ok(loaded) }
}

fn over(loaded: Loaded, path: &Path) -> Result<Loaded, String> {
    let (loaded, keys) = loaded.over(path).map_err(|error: ConfigError| error.to_string())?;
    let allowed = |key: &String| ALLOWED.iter().any(|name| key == name || name.ends_with('.') && key.starts_with(name));
    if let Some(key) = keys.iter().find(|key| !allowed(key)) {
        return Err(format!("a policy may not set `{key}`; it may set {}", ALLOWED.join(", ").replace(".,", ".*,")));
    }
    Ok(loaded)
}

/// Whether libpcap takes the filter, for Ethernet.
#[cfg(feature = "libpcap")]
fn filter(text: &str) -> Result<(), String> {
    let dead = pcap::Capture::dead(pcap::Linktype::ETHERNET).map_err(|error| error.to_string())?;
    match dead.compile(text, true) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`capture.filter` = \"{text}\" is no filter: {error}")),
    }
}

/// Without libpcap whoever opens the interface refuses every filter.
#[cfg(not(feature = "libpcap"))]
fn filter(_text: &str) -> Result<(), String> {
    Ok(())
}

/// Writes a file whole or not at all.
fn write(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let part = path.with_extension("part");
    let mut file = std::fs::File::create(&part)?;
    file.write_all(text)?;
    file.sync_all()?;
    std::fs::rename(&part, path)
}

#[cfg(test)]
mod tests;
