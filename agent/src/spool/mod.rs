//! Events on disk until the collector has acknowledged them.

use std::path::PathBuf;

/// Sizes of a spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes on disk at most.
    pub bytes: u64,
    /// Bytes of a segment file.
    pub segment_bytes: u64,
    /// Frames kept at most.
    pub frames: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1 << 30, segment_bytes: 8 << 20, frames: 200_000 }
    }
}

/// Why a spool cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// Another process holds it.
    #[error("spool {} is in use by process {pid}: stop it first, or give this agent a spool of its own", path.display())]
    InUse {
        /// The spool.
        path: PathBuf,
        /// Who holds it.
        pid: u32,
    },
    /// A file could not be read or written.
    #[error("{what} {}: {source}", path.display())]
    Io {
        /// What was being done.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
}
