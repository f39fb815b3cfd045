//! Why an input could not be read, or not to its end.

use std::io::ErrorKind;
use std::path::PathBuf;

/// What went wrong with one input: which, where, why.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The file or directory could not be opened.
    #[error("{}: {error}; {}", path.display(), advice(error))]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file could not be read.
    #[error("{}: offset {offset}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Bytes read before, decompressed where the file is compressed.
        offset: u64,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file is no capture, or is damaged. Frames before `offset` were delivered.
    #[error("{}: offset {offset}: {reason}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// Where the damage lies; an offset into the decompressed bytes where the file is compressed.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// The file is too short to be anything.
    #[error("{}: offset 0: {}", path.display(), short(*length))]
    Short {
        /// The file.
        path: PathBuf,
        /// Its length, bytes.
        length: usize,
    },
    /// The file is something else.
    #[error("{}: offset 0: neither pcap nor pcapng: {starts}", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it starts with, and what it may be.
        starts: String,
    },
    /// Capturing is not permitted.
    #[error("{interface}: no permission to capture; {advice}")]
    Permission {
        /// The interface.
        interface: String,
        /// What to do.
        advice: String,
    },
    /// There is no such interface.
    #[error("{interface}: no such interface; there are: {existing}")]
    UnknownInterface {
        /// The name that was asked for.
        interface: String,
        /// The names that exist, separated by commas.
        existing: String,
    },
    /// The interface is down.
    #[error("{interface}: the interface is down; bring it up first: ip link set {interface} up")]
    Down {
        /// The interface.
        interface: String,
    },
    /// The filter is refused.
    #[error("{interface}: the filter \"{filter}\" is refused: {reason}; see pcap-filter(7)")]
    Filter {
        /// The interface.
        interface: String,
        /// The filter.
        filter: String,
        /// What libpcap said.
        reason: String,
    },
    /// The process that opens interfaces is gone, and this one may not.
    #[error("{interface}: the process that opens interfaces does not answer ({reason}); start the agent again")]
    Opener {
        /// The interface.
        interface: String,
        /// What the system said.
        reason: String,
    },
    /// The interface failed.
    #[error("{interface}: {reason}")]
    Interface {
        /// The interface.
        interface: String,
        /// What the system or libpcap said.
        reason: String,
    },
}

impl CaptureError {
    /// Whether the input is not a capture at all, rather than a damaged one.
    #[must_use]
    pub const fn is_foreign(&self) -> bool {
        matches!(self, Self::Foreign { .. } | Self::Short { .. })
    }

    /// Whether somebody else may read the input, but not who asked.
    #[must_use]
    pub fn is_refused(&self) -> bool {
        match self {
            Self::Open { error, .. } => error.kind() == ErrorKind::PermissionDenied,
            Self::Permission { .. } => true,
            _ => false,
        }
    }
}

/// What to do about a file that cannot be opened.
fn advice(error: &std::io::Error) -> &'static str {
    match error.kind() {
        ErrorKind::NotFound => "is the name right, and the directory it is looked for in?",
        ErrorKind::PermissionDenied => "read it as its owner or as root, or have its mode changed (chmod)",
        _ => "can other programs read it?",
    }
}

fn short(length: usize) -> String {
    match length {
        0 => "the file is empty; did the capture end before it wrote anything?".to_owned(),
        length => format!("cut at byte {length}: too short for a capture file"),
    }
}
