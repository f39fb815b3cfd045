//! What `run` needs of the file system once it works.

use super::RunArgs;
use crate::config::{Config, DEFAULT_PATH};
use crate::confine::{self, Places};
use crate::status;
use std::path::{Path, PathBuf};

/// Confines this thread and those it starts; how far, in words.
pub(super) fn enter(args: &RunArgs, config: &Config) -> String {
    let places = places(args, config);
    // A rule can only name what is there.
    for directory in &places.write {
        if let Err(error) = std::fs::create_dir_all(directory) {
            tracing::debug!("make {}: {error}", directory.display());
        }
    }
    let confinement = confine::enter(&places);
    let words = confinement.words();
    if confinement.missing.is_empty() {
        // As it should be: `status` tells it to whoever asks.
        tracing::debug!("confined: {words}");
    } else {
        tracing::warn!("confined: {words}");
    }
    format!("capabilities (none), {words}")
}

fn places(args: &RunArgs, config: &Config) -> Places {
    let file = args.place.config.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_PATH));
    let mut read = vec![beside(&file), config.protocols.folder.clone(), config.privacy.key_file.clone()];
    read.extend(args.scoring.bundle.iter().chain([&config.score.bundle]).cloned());
    read.extend(args.file.iter().cloned());
    read.retain(|path| !path.as_os_str().is_empty());
    let mut write = vec![beside(&status::socket_path(&config.status.socket, &config.agent.state))];
    if !args.no_uplink {
        write.extend([config.agent.state.clone(), config.spool_directory()]);
    }
    Places { read, write }
}

/// The directory of a file.
fn beside(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
