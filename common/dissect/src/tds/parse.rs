//! Headers of packets, bytes to values.

use super::table::{HEADER, RECORDS};

/// A packet's header, with the first byte behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: u8,
    /// Bytes behind the header; 0 where the length is none.
    pub(super) length: usize,
    pub(super) first: u8,
}

/// What lies at the beginning of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// More has to be in view.
    Cut,
    /// A record that stands alone: the handshake is over.
    Record,
    Packet(Header),
}

pub(super) fn header(view: &[u8]) -> Step {
    match view {
        [kind, ..] if RECORDS.contains(kind) => Step::Record,
        [kind, _, high, low, _, _, _, _, first, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low])).saturating_sub(HEADER);
            Step::Packet(Header { kind: *kind, length, first: *first })
        }
        _ => Step::Cut,
    }
}
