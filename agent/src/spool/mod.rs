//! Events on disk until the collector has acknowledged them.
//!
//! [`Machine`] decides, without I/O; [`Spool`] carries it out on files. A record is a frame of the wire, so what is
//! spooled is what is sent. Segments hold one class each; plain appends, flushed before they are sent.
//! A torn tail is cut at the start, a bad record is stepped over and its range reported, a file of another kind
//! or release is set aside; nothing stops the spool and nothing needs a hand.

mod disk;
mod files;
mod machine;
mod scan;

pub use disk::{Disk, Folder};
pub use files::Spool;
pub use machine::{Action, Books, Found, Item, Machine, State, Stored};
pub use scan::{Foreign, Scan, file_header, scan};

use std::path::{Path, PathBuf};

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

/// An error of the system with what was being done to which file.
fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> SpoolError {
    let path = path.to_owned();
    move |source| SpoolError::Io { what, path, source }
}
