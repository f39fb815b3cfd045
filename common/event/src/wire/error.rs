//! Why bytes are no frame.

use std::fmt;

/// Why a frame was refused. Small and without text of the peer's, so that refusing costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireError {
    /// The first bytes are not ours.
    Magic,
    /// A version this release does not read.
    Version(u8),
    /// A frame kind this release does not know.
    Kind(u8),
    /// Longer than the limit, by its own header.
    TooLong(u32),
    /// More events than a frame may hold, or none.
    Count(u32),
    /// Sequence numbers that do not fit: 0, or beyond the last.
    Sequence(u64),
    /// The bytes end before the frame does, or go on after it.
    Length {
        /// What the header says.
        claimed: usize,
        /// What is there.
        present: usize,
    },
    /// The check sum is another.
    Checksum,
    /// The body does not decompress, or claims more than it may.
    Compression,
    /// The records do not fill the body, or do not fit it.
    Records,
    /// An event frame without a usable preamble.
    Preamble,
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("not a picket frame"),
            Self::Version(version) => write!(f, "frame version {version} is not one this release reads"),
            Self::Kind(kind) => write!(f, "frame kind {kind} is not known"),
            Self::TooLong(length) => write!(f, "frame of {length} bytes is over the limit"),
            Self::Count(count) => write!(f, "frame of {count} events is outside the limits"),
            Self::Sequence(first) => write!(f, "sequence numbers from {first} do not fit"),
            Self::Length { claimed, present } => write!(f, "frame claims {claimed} bytes, {present} are there"),
            Self::Checksum => f.write_str("check sum differs"),
            Self::Compression => f.write_str("body does not decompress within the limit"),
            Self::Records => f.write_str("records do not fit the body"),
            Self::Preamble => f.write_str("event frame without a usable preamble"),
        }
    }
}

impl std::error::Error for WireError {}
