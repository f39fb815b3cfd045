//! `picket/1`: how events and control messages travel between agent and collector, and lie in spool and log.
//!
//! A frame is a fixed little-endian header ([`Header`], 28 bytes) and a body. The body of an event or control
//! frame is zstd over records, each `kind: u16, length: varint, payload: bincode`, so that a kind this release
//! does not know is stepped over and counted. The first record of an event frame is a preamble with the base
//! time and the tables of sources and addresses, so that an event costs little. A gap frame has no body: it
//! says that a range of sequences will never come.
//!
//! Nothing is believed before it is checked: lengths are compared with the limits below before anything is
//! allocated, and decompression stops at [`MAX_BODY_BYTES`]. bincode is used with a limit, never over
//! maps, zero-sized or recursive types, and trailing bytes are refused.

mod asked;
mod batch;
mod body;
mod control;
mod detail;
mod error;
mod event;
mod frame;
mod held;
mod record;
mod score;
mod session;
mod token;

pub use asked::{
    BundlePart, BundleWant, DetailAnswer, DetailDurable, DetailOutcome, DetailPart, DetailRequest, MAX_PART_BYTES,
};
pub use batch::{BatchWriter, Decoded, Decoder, Full};
pub use control::{
    Control, Hello, HelloAnswer, HostNote, Policy, PolicyAnswer, PolicyOutcome, Refusal, RefusalCode, decode_control,
    encode_control, encode_controls,
};
pub use error::WireError;
pub use frame::{Class, Frame, FrameKind, Header, encode_gap, open, total_length};
pub use held::{Held, MAX_AHEAD};
pub use token::EnrolmentToken;

/// The protocol's name in ALPN.
pub const ALPN: &[u8] = b"picket/1";
/// The name in the collector's certificate. Agents ask for it whatever address they dial, because they trust the
/// authority that signed it, not the address.
pub const SERVER_NAME: &str = "picket-collector";
/// The version of the frame format and of the control messages this release writes.
pub const VERSION: u8 = 1;
/// The oldest version this release reads.
pub const OLDEST_VERSION: u8 = 1;
/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 28;
/// Bytes of a frame with its header at most.
pub const MAX_FRAME_BYTES: usize = 256 << 10;
/// Bytes of a frame's body after decompression at most.
pub const MAX_BODY_BYTES: usize = 2 << 20;
/// Events of a frame at most.
pub const MAX_FRAME_EVENTS: u32 = 16_384;
/// Bytes of one record's payload at most.
pub const MAX_RECORD_BYTES: usize = 64 << 10;
/// Bytes a decoded record may claim in containers.
const DECODE_LIMIT: usize = 512 << 10;

#[cfg(test)]
mod before_tests;
#[cfg(test)]
mod tests;
