//! What a file format's reader answers for the bytes at hand.

use super::batch::FrameMeta;

/// One step through a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A packet; `start` of its meta is relative to the record.
    Frame(FrameMeta, usize),
    /// Something without a packet, of this many bytes.
    Other(usize),
    /// Something of no interest, longer than any buffer should be: this many bytes.
    Skip(u64),
    /// The record is not complete: it has this many bytes in all, as far as is known.
    Need(usize),
    /// The bytes cannot be what they claim to be.
    Bad(Damage),
}

/// What is wrong with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Damage {
    #[error("the packet claims {0} bytes, more than the 262144 a capture may hold")]
    PacketLength(u32),
    #[error("the block claims {0} bytes")]
    BlockLength(u32),
    #[error("the block says {0} bytes at its start and {1} at its end")]
    BlockEnds(u32, u32),
    #[error("the section header's byte-order magic is {0:08x}, not 1a2b3c4d")]
    ByteOrder(u32),
    #[error("the block of type {0:#x} is too short for its fields")]
    BlockFields(u32),
    #[error("interface {0} is not described in this section")]
    UnknownInterface(u32),
    #[error("more than {0} interfaces")]
    Interfaces(usize),
    #[error("the pcapng section has major version {0}; only 1 is known")]
    Version(u16),
}
