//! Encrypted bytes to packets, as far as that can be done without a key.
//!
//! A session is given a stream, not segments. Where the length field goes in clear (encrypt-then-MAC, AES-GCM) packets are
//! cut exactly. Elsewhere (chacha20-poly1305, the default of OpenSSH, encrypts lengths) bytes of one direction that
//! were captured at one time are taken for one packet. That is the segment's payload, because programs write each message
//! of a log-in and each keystroke at once and the reassembly passes each segment on with its own time; it needs nothing
//! of the contract but the time of the input, and does not depend on how the caller splits the bytes of one time.
//! Messages longer than a segment, and those written together, are then counted as what was captured, which is all that
//! the judgement of bulk needs. A clock that gives one time to several segments blurs packets and shortens what can be told.
//!
//! Nothing of the payload is kept: four bytes of a length field each way at most.

use super::shape::{LENGTH, Shape};
use picket_event::{Direction, Timestamp};

/// The longest packet that programs send, bytes of its length field (OpenSSH's PACKET_MAX_SIZE).
const FRAME_LIMIT: usize = 256 * 1024;

/// One packet, or what is taken for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet {
    /// Who sent it, as the SSH roles are.
    pub(crate) direction: Direction,
    /// Bytes on the wire.
    pub(crate) size: usize,
    /// Capture time of its last byte.
    pub(crate) time: Timestamp,
}

/// Cuts both directions into packets.
#[derive(Debug, Default)]
pub(crate) struct Units {
    frames: [Frames; 2],
    /// Bytes of one direction and one time that may go on.
    run: Option<Packet>,
}

/// Where one direction stands between clear length fields.
#[derive(Debug, Default)]
struct Frames {
    shape: Option<Shape>,
    header: [u8; LENGTH],
    have: usize,
    left: usize,
    size: usize,
}

impl Units {
    /// Sets the framing of both directions, clients' first.
    pub(crate) fn shape(&mut self, shapes: [Option<Shape>; 2]) {
        for (frames, shape) in self.frames.iter_mut().zip(shapes) {
            frames.shape = shape.filter(|shape| shape.clear_length);
        }
    }

    /// Takes the next bytes; gives every packet that is complete.
    pub(crate) fn push(&mut self, direction: Direction, bytes: &[u8], time: Timestamp, give: &mut impl FnMut(Packet)) {
        let Some(frames) = self.frames.get_mut(direction.index()) else { return };
        if frames.shape.is_some() {
            if let Some(packet) = self.run.take() {
                give(packet);
            }
            let cut = frames.push(bytes, |size| give(Packet { direction, size, time }));
            if cut == bytes.len() {
                return;
            }
            // No length field after all: from here on like the others.
            return self.run(direction, bytes.len().saturating_sub(cut), time, give);
        }
        self.run(direction, bytes.len(), time, give);
    }

    fn run(&mut self, direction: Direction, size: usize, time: Timestamp, give: &mut impl FnMut(Packet)) {
        match &mut self.run {
            Some(run) if run.direction == direction && run.time == time => run.size = run.size.saturating_add(size),
            other => {
                if let Some(packet) = other.replace(Packet { direction, size, time }) {
                    give(packet);
                }
            }
        }
    }

    /// Bytes are missing: clear lengths cannot be found again.
    pub(crate) fn gap(&mut self, direction: Direction, give: &mut impl FnMut(Packet)) {
        if let Some(frames) = self.frames.get_mut(direction.index()) {
            *frames = Frames::default();
        }
        self.finish(give);
    }

    /// Gives what is left.
    pub(crate) fn finish(&mut self, give: &mut impl FnMut(Packet)) {
        if let Some(packet) = self.run.take() {
            give(packet);
        }
    }
}

impl Frames {
    /// Steps over packets; answers how many bytes were understood.
    fn push(&mut self, bytes: &[u8], mut give: impl FnMut(usize)) -> usize {
        let mut at = 0usize;
        while let Some(shape) = self.shape {
            let rest = bytes.get(at..).unwrap_or(&[]);
            let Some(byte) = rest.first() else { break };
            if self.left > 0 {
                let step = self.left.min(rest.len());
                at = at.saturating_add(step);
                self.left = self.left.saturating_sub(step);
                if self.left == 0 {
                    give(self.size);
                }
                continue;
            }
            if let Some(place) = self.header.get_mut(self.have) {
                *place = *byte;
            }
            self.have = self.have.saturating_add(1);
            at = at.saturating_add(1);
            if self.have < LENGTH {
                continue;
            }
            self.have = 0;
            let length = usize::try_from(u32::from_be_bytes(self.header)).unwrap_or(usize::MAX);
            if length == 0 || length > FRAME_LIMIT || !shape.aligned(length) {
                self.shape = None;
                break;
            }
            self.size = shape.framed(length);
            self.left = self.size.saturating_sub(LENGTH);
        }
        at
    }
}
