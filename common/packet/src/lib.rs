//! Views over frames: link types, headers, what could not be decoded and why.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

/// A frame as captured.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// Capture time, nanoseconds since 1970 (UTC).
    pub time_ns: i64,
    /// LINKTYPE_ number of the interface (1 is Ethernet).
    pub link_type: u16,
    /// Length on the wire, bytes; may exceed what was captured.
    pub wire_len: u32,
    /// The captured bytes.
    pub data: &'a [u8],
}
