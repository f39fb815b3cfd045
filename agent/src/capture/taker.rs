//! Who takes live frames: a batch, which copies them, or a function, which looks at them where they lie.

use super::batch::{BATCH_FRAMES, FRAME_BYTES_MAX, Frame, FrameBatch};
use picket_event::Timestamp;

/// Takes frames as they come from the kernel.
pub(super) trait Taker {
    /// Takes a frame that lies in one piece. `wire` is its length on the wire.
    fn whole(&mut self, time: Timestamp, link_type: u16, wire: u32, bytes: &[u8]);

    /// Takes a frame that lies in several pieces.
    fn parts(&mut self, time: Timestamp, link_type: u16, wire: u32, parts: [&[u8]; 3]);

    /// Whether it wants a pause: further frames wait in the kernel's buffer.
    fn is_full(&self) -> bool;

    /// Whether it has taken nothing yet.
    fn is_empty(&self) -> bool;
}

impl Taker for FrameBatch {
    #[inline]
    fn whole(&mut self, time: Timestamp, link_type: u16, wire: u32, bytes: &[u8]) {
        self.push(time, link_type, 0, wire, bytes);
    }

    fn parts(&mut self, time: Timestamp, link_type: u16, wire: u32, parts: [&[u8]; 3]) {
        self.push_parts(time, link_type, wire, parts);
    }

    fn is_full(&self) -> bool {
        Self::is_full(self)
    }

    fn is_empty(&self) -> bool {
        Self::is_empty(self)
    }
}

/// Shows each frame to a function.
pub(super) struct Visitor<'a, F> {
    each: F,
    /// Where frames in several pieces are put together.
    scratch: &'a mut Vec<u8>,
    seen: usize,
}

impl<'a, F: FnMut(Frame<'_>)> Visitor<'a, F> {
    /// Has seen nothing yet; `scratch` is kept from call to call, so that its memory is.
    pub(super) const fn new(scratch: &'a mut Vec<u8>, each: F) -> Self {
        Self { each, scratch, seen: 0 }
    }
}

impl<F: FnMut(Frame<'_>)> Taker for Visitor<'_, F> {
    #[inline]
    fn whole(&mut self, time: Timestamp, link_type: u16, wire: u32, bytes: &[u8]) {
        self.seen += 1;
        (self.each)(Frame { time, link_type, interface: 0, wire, bytes });
    }

    fn parts(&mut self, time: Timestamp, link_type: u16, wire: u32, parts: [&[u8]; 3]) {
        self.scratch.clear();
        parts.iter().for_each(|part| self.scratch.extend_from_slice(part));
        self.scratch.truncate(FRAME_BYTES_MAX);
        self.seen += 1;
        (self.each)(Frame { time, link_type, interface: 0, wire, bytes: self.scratch });
    }

    fn is_full(&self) -> bool {
        self.seen >= BATCH_FRAMES
    }

    fn is_empty(&self) -> bool {
        self.seen == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_take_the_same() {
        let give = |taker: &mut dyn FnMut(&mut Vec<Vec<u8>>)| {
            let mut seen = Vec::new();
            taker(&mut seen);
            seen
        };
        let visited = give(&mut |seen| {
            let mut scratch = Vec::new();
            let mut visitor = Visitor::new(&mut scratch, |frame: Frame<'_>| seen.push(frame.bytes.to_vec()));
            visitor.whole(Timestamp::EPOCH, 1, 5, b"whole");
            visitor.parts(Timestamp::EPOCH, 1, 9, [b"in", b"", b" pieces"]);
            assert!(!visitor.is_empty() && !visitor.is_full());
        });
        let batched = give(&mut |seen| {
            let mut batch = FrameBatch::new();
            Taker::whole(&mut batch, Timestamp::EPOCH, 1, 5, b"whole");
            Taker::parts(&mut batch, Timestamp::EPOCH, 1, 9, [b"in", b"", b" pieces"]);
            seen.extend(batch.frames().map(|frame| frame.bytes.to_vec()));
        });
        assert_eq!(visited, [b"whole".to_vec(), b"in pieces".to_vec()]);
        assert_eq!(visited, batched);
    }
}
