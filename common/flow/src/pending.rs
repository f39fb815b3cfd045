//! TCP bytes that came before their turn: bounded, the first received win.

use crate::history::{History, Overlap};

/// Out-of-order segments of one direction at most.
const SEGMENTS_MAX: usize = 128;
/// Emptied buffers a pool keeps.
const POOL_BUFFERS: usize = 64;
/// A buffer larger than this is given back to the allocator.
const POOL_BUFFER_BYTES: usize = 16 << 10;

/// Buffers going round, and the bytes held by all directions of a table.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    buffers: Vec<Vec<u8>>,
    pub(crate) bytes: usize,
    /// What the directions were given last.
    pub(crate) history: History,
}

impl Pool {
    fn take(&mut self, data: &[u8]) -> Vec<u8> {
        let mut buffer = self.buffers.pop().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(data);
        self.bytes += data.len();
        buffer
    }

    pub(crate) fn give(&mut self, buffer: Vec<u8>) {
        self.bytes = self.bytes.saturating_sub(buffer.len());
        if self.buffers.len() < POOL_BUFFERS && buffer.capacity() <= POOL_BUFFER_BYTES {
            self.buffers.push(buffer);
        }
    }
}

/// The segments held, in sequence order, never overlapping.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    segments: Vec<Segment>,
    pub(crate) bytes: usize,
}

#[derive(Debug)]
struct Segment {
    seq: u32,
    data: Vec<u8>,
    ttl: u8,
}

/// Signed distance from `from` to `to` in sequence space.
#[inline]
pub(crate) const fn distance(from: u32, to: u32) -> i32 {
    to.wrapping_sub(from).cast_signed()
}

impl Pending {
    pub(crate) const fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.segments.len() >= SEGMENTS_MAX
    }

    /// Sequence number of the first byte held.
    pub(crate) fn first(&self) -> Option<u32> {
        self.segments.first().map(|segment| segment.seq)
    }

    /// Holds what is new of a segment. How its bytes differ from those already held.
    pub(crate) fn insert(&mut self, mut seq: u32, mut data: &[u8], ttl: u8, pool: &mut Pool) -> Option<Overlap> {
        let mut conflict = None;
        // Mostly a segment belongs behind all others: search from there.
        let mut at = self.segments.len();
        while let Some(before) = at.checked_sub(1).and_then(|i| self.segments.get(i)) {
            if distance(before.seq, seq) >= 0 {
                break;
            }
            at -= 1;
        }
        if let Some(before) = at.checked_sub(1).and_then(|i| self.segments.get(i)) {
            let into = distance(before.seq, seq).unsigned_abs() as usize;
            if let Some(held) = before.data.get(into..) {
                let same = held.len().min(data.len());
                conflict = Overlap::between(seq, (held, before.ttl), (data, ttl));
                data = data.get(same..).unwrap_or_default();
                seq = seq.wrapping_add(same as u32);
            }
        }
        while !data.is_empty() && !self.is_full() {
            let room = match self.segments.get(at) {
                Some(behind) => distance(seq, behind.seq).unsigned_abs() as usize,
                None => usize::MAX,
            };
            let (fresh, rest) = data.split_at_checked(room).unwrap_or((data, &[]));
            if !fresh.is_empty() {
                self.bytes += fresh.len();
                self.segments.insert(at, Segment { seq, data: pool.take(fresh), ttl });
                at += 1;
            }
            let Some(behind) = self.segments.get(at) else { break };
            let same = behind.data.len().min(rest.len());
            conflict = conflict.or_else(|| Overlap::between(behind.seq, (&behind.data, behind.ttl), (rest, ttl)));
            data = rest.get(same..).unwrap_or_default();
            seq = behind.seq.wrapping_add(same as u32);
            at += 1;
        }
        conflict
    }

    /// How bytes at `seq` differ from those already held there.
    pub(crate) fn differs(&self, seq: u32, data: &[u8], ttl: u8) -> Option<Overlap> {
        self.segments.iter().find_map(|held| {
            let ahead = distance(seq, held.seq);
            let (begin, ours, theirs) = if ahead >= 0 {
                (held.seq, data.get(ahead.unsigned_abs() as usize..), Some(held.data.as_slice()))
            } else {
                (seq, Some(data), held.data.get(ahead.unsigned_abs() as usize..))
            };
            Overlap::between(begin, (theirs.unwrap_or_default(), held.ttl), (ours.unwrap_or_default(), ttl))
        })
    }

    /// Takes the first segment, if it begins at or before `next`.
    pub(crate) fn take_due(&mut self, next: u32) -> Option<(u32, Vec<u8>, u8)> {
        if distance(next, self.first()?) > 0 {
            return None;
        }
        let Segment { seq, data, ttl } = self.segments.remove(0);
        self.bytes = self.bytes.saturating_sub(data.len());
        Some((seq, data, ttl))
    }

    /// Gives every buffer back.
    pub(crate) fn clear(&mut self, pool: &mut Pool) {
        for segment in self.segments.drain(..) {
            pool.give(segment.data);
        }
        self.bytes = 0;
    }
}
