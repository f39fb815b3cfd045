//! Packets one behind the other, as they lie in memory.

use picket_packet::{Frame, WireLen};

/// Bytes at which a block is full; one frame may lie beyond them.
pub const BLOCK_BYTES: usize = 256 << 10;
/// Time, length on the wire, length captured, link type.
const HEAD: usize = 18;

/// A run of packets of one input.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    packets: u64,
    last: i64,
}

impl Block {
    /// Puts a frame behind the others.
    #[inline]
    pub fn push(&mut self, frame: &Frame<'_>) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(BLOCK_BYTES + (BLOCK_BYTES >> 2));
        }
        self.bytes.extend_from_slice(&frame.time_ns.to_le_bytes());
        self.bytes.extend_from_slice(&frame.wire_len.0.to_le_bytes());
        self.bytes.extend_from_slice(&frame.captured_len().0.to_le_bytes());
        self.bytes.extend_from_slice(&frame.link_type.to_le_bytes());
        self.bytes.extend_from_slice(frame.data);
        self.packets += 1;
        self.last = self.last.max(frame.time_ns);
    }

    /// Whether it should be passed on.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.bytes.len() >= BLOCK_BYTES
    }

    /// Whether nothing is in it.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// Packets in it.
    #[must_use]
    pub const fn packets(&self) -> u64 {
        self.packets
    }

    /// The time of its latest packet, nanoseconds since 1970.
    #[must_use]
    pub const fn last(&self) -> i64 {
        self.last
    }

    /// Its bytes, as [`Packets`] reads them.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        (self.packets, self.last) = (0, 0);
    }
}

/// Walks the packets of a block's bytes.
#[derive(Clone, Debug)]
pub struct Packets<'a>(pub &'a [u8]);

impl<'a> Iterator for Packets<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let (head, rest) = self.0.split_first_chunk::<HEAD>()?;
        let [t0, t1, t2, t3, t4, t5, t6, t7, w0, w1, w2, w3, c0, c1, c2, c3, l0, l1] = *head;
        let captured = u32::from_le_bytes([c0, c1, c2, c3]) as usize;
        let (data, rest) = rest.split_at_checked(captured)?;
        self.0 = rest;
        Some(Frame {
            time_ns: i64::from_le_bytes([t0, t1, t2, t3, t4, t5, t6, t7]),
            link_type: u16::from_le_bytes([l0, l1]),
            wire_len: WireLen(u32::from_le_bytes([w0, w1, w2, w3])),
            data,
        })
    }
}
